"""Queue commands: to the kiosk that leads a hall, or decided here where the controller leads.

The outcome of a command to a kiosk may be unknown; asked again with the same key it is known in the end, from the
kiosk's own memory of keys or from the event that has come meanwhile.
"""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import Future

from sqlmodel import Session

from controller.db import Database, DatabaseError
from controller.fleet import service
from controller.fleet.link import Link
from controller.fleet.models import Grant
from controller.fleet.roster import Roster
from controller.ingest import Store
from controller.ingest.alarms import now_ms
from controller.queue.boards import Boards
from controller.queue.projector import QueueProjector
from controller.queue.rules import Halls
from controller.queue.schemas import ASKED
from protocol.errors import Refused
from protocol.queue import Now, answer, apply, decide, outcome
from protocol.queue.operands import is_key
from protocol.queue.state import State

log = logging.getLogger(__name__)

Json = dict[str, object]
Events = Sequence[tuple[str, Json]]
TICK_S = 1.0
TAKING_OVER = "not_leader"  # said by one who is to lead and does not yet: ask again
NTP = 4  # the quality of the controller's own clock


class Commands:
    """Carries out queue commands, and leads the halls that have no kiosk."""

    def __init__(
        self,
        db: Database,
        store: Store,
        link: Link,
        roster: Roster,
        halls: Halls,
        projector: QueueProjector,
        boards: Boards,
    ) -> None:
        self._db, self._store, self._link, self._roster = db, store, link, roster
        self._halls, self._projector, self._boards = halls, projector, boards
        self._ticking: asyncio.Task[None] | None = None
        self._resumed: set[str] = set()
        self._lines: dict[str, bool] = {}
        link.requests.on("queue", self._keypad)

    def start(self) -> None:
        """Begin to lead, on the running loop."""
        self._ticking = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """Lead no more."""
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)

    def line(self, site: str) -> bool:
        """Return whether the hall's leader is in reach."""
        leader, device = self._halls.leader(site)
        if leader == service.CONTROLLER:
            return True
        session = self._link.session(device) if device else None
        return bool(session and session.online)

    async def carry_out(self, site: str, command: Json) -> Json:
        """Return the outcome of a command at a site (contract, section 4)."""
        leader, device = self._halls.leader(site)
        if leader == service.CONTROLLER:
            return await self._decide(site, command)
        key = str(command["key"])
        reply = await self._link.command(device, "queue", command) if device else None
        if reply is not None:
            found = reply.get("result")
            if not isinstance(found, dict):
                found = {"key": key, "outcome": reply.get("outcome"), "reason": str(reply.get("reason")), "rev": 0}
            if found.get("outcome") in ("done", "refused") and found.get("reason") != TAKING_OVER:
                return found
        known = await self._db.awrite(lambda session: answer(self._projector.hall(session, site).state, key))
        return known or {"key": key, "outcome": "unknown", "rev": 0}

    async def _decide(self, site: str, command: Json) -> Json:
        """Decide a command here: look, decide and store in one transaction under the site's lock."""
        key = str(command["key"])
        told: list[Json] = []  # here and not from the hall's memory of keys: others may have filled it meanwhile

        def fn(session: Session) -> Events:
            grant = session.get(Grant, site)
            if grant is not None and grant.leader != service.CONTROLLER:
                raise Refused(TAKING_OVER)  # a device has been made the leader since we looked
            state = self._projector.hall(session, site).state
            first = answer(state, key)
            if first is not None:
                told[:] = [first]
                return []
            rules = self._halls.rules(site, session)
            if rules is None:
                raise Refused("no_day")
            now = Now(now_ms(), NTP)
            events = list(decide(state, rules, command, now))
            after = state.copy()
            for kind, data in events:
                apply(after, kind, data, now.t)
            told[:] = [outcome(key, events, after)]
            return events

        try:
            await self._store.adecide_and_append(site, fn)
        except Refused as refusal:
            if refusal.reason == TAKING_OVER:
                return {"key": key, "outcome": "unknown", "rev": 0}
            return {"key": key, "outcome": "refused", "reason": refusal.reason, "rev": 0}
        return told[0]

    async def _keypad(self, device: str, args: Json) -> Json:
        place = self._roster.place(device)
        if place is None or not is_key(args.get("key")) or args.get("op") not in ASKED:
            raise Refused("bad_command")
        return await self.carry_out(place.site, args)

    async def _tick(self) -> None:
        """Once a second: keep the day where we lead, and see whose leader has come or gone."""
        while True:
            try:
                for site in await asyncio.to_thread(self._halls.led_here):
                    await self._lead(site)
                await self._watch()
            except DatabaseError as error:
                log.warning("the halls that we lead wait: %s", error)
            except Exception:
                log.exception("the halls that we lead were not looked after")
            await asyncio.sleep(TICK_S)

    async def _lead(self, site: str) -> None:
        def due(session: Session) -> list[Json]:
            state = self._projector.hall(session, site).state
            grant = session.get(Grant, site)
            return self._due(site, state, grant, session)

        for command in await self._db.awrite(due):
            outcome = await self._decide(site, command)
            if outcome["outcome"] == "refused":
                log.warning("%s at %s was refused: %s", command["op"], site, outcome["reason"])

    def _due(self, site: str, state: State, grant: Grant | None, session: Session) -> list[Json]:
        """The commands that we, the leader, have to give ourselves."""
        rules = self._halls.rules(site, session)
        if grant is None or grant.leader != service.CONTROLLER or rules is None:
            return []
        due: list[Json] = []
        if state.leader != service.CONTROLLER:
            key = f"lead.{grant.term}.{site}"[:40]
            due.append(
                {"op": "grant", "key": key, "term": max(grant.term, state.term + 1), "leader": service.CONTROLLER}
            )
        if site not in self._resumed:
            self._resumed.add(site)
            due.append({"op": "resumed", "key": f"boot.{now_ms()}"})
        tick: Json = {"op": "tick", "key": f"tick.{state.term}.{state.rev}"}
        try:
            if due or decide(state, rules, tick, Now(now_ms(), NTP)):
                due.append({"op": "tick", "key": f"tick.{state.term}.{state.rev}.{len(due)}"})
        except Refused:
            due.append(tick)
        return due

    async def _watch(self) -> None:
        changed = []
        for site in self._halls.known():
            line = self.line(site)
            if self._lines.get(site, line) != line:
                changed.append(site)
            self._lines[site] = line
        if changed:
            await self.show(changed)

    async def show(self, sites: Sequence[str]) -> None:
        """Have the boards of `sites` made anew."""
        await asyncio.wrap_future(self.show_soon(sites))

    def show_soon(self, sites: Sequence[str]) -> "Future[dict[str, State]]":
        """Have the boards of `sites` made anew, in a moment. From any thread."""

        def fn(session: Session) -> dict[str, State]:
            return {site: self._projector.hall(session, site).state.copy() for site in sites}

        future = self._db.submit(fn)
        future.add_done_callback(lambda done: None if done.exception() else self._boards.changed(done.result()))
        return future

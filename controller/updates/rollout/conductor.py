"""The shell around the state machine of rollouts: a timer, the fleet's words, the commands, the database.

It decides nothing. What the machine makes of the world is in the database before anybody is told; who has not heard is
told again at its next birth, by this process or the one after it.
"""

import asyncio
import logging
from functools import partial
from typing import NamedTuple

from sqlmodel import Session

from controller.accounts.service import audit
from controller.db import Closed, Database, DatabaseError
from controller.fleet.link import Link
from controller.fleet.service import CONTROLLER
from controller.ingest import Bus
from controller.ingest.alarms import Alarms, now_ms
from controller.updates.models import Rollout as Row
from controller.updates.rollout import machine
from controller.updates.rollout.orders import ALARM, settle_elsewhere
from controller.updates.rollout.seeing import Word, word, world
from controller.updates.rollout.table import add_traffic, alive, matters, read, write
from controller.updates.rollout.units import Rollout, Stand

log = logging.getLogger(__name__)

TICK_S = 2.0
SETTLE_S = 0.2  # what comes within this time is looked at together
TTL_MS = 10_000  # of a command
AGAIN_S = 30.0  # a command without a reply is sent again, then after double the time
LONGEST_S = 600.0

Json = dict[str, object]


class Said(NamedTuple):
    """A command that a device is to hear, in the name of a rollout."""

    rollout: int
    op: str
    args: Json


class Due(NamedTuple):
    """That a device is to hear the command `op` of an order that was given at `ordered`."""

    rollout: int
    op: str
    ordered: int


class Conductor:
    """Keeps all rollouts going. Everything but `wake` and `listen` is for the event loop."""

    def __init__(self, db: Database, bus: Bus, link: Link) -> None:
        self._db, self._bus, self._link = db, bus, link
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._telling: dict[str, tuple[str, asyncio.Task[None]]] = {}  # by device: the session it is told in
        self._answered: dict[str, str] = {}  # the session in which a device's birth was answered
        self._members: frozenset[str] = frozenset()
        self._due: dict[str, Due] = {}  # by device
        link.on_equip(self._hear)

    def start(self) -> None:
        """Begin, on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._looking = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what waits for a reply is told again after the next start."""
        self._loop = None
        tasks = [task for _, task in self._telling.values()]
        if self._looking is not None:
            tasks.append(self._looking)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self) -> None:
        """Something has changed: look soon. From any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._woken.set)

    def listen(self, device: str) -> Word | None:
        """Return what a device has said since the start, None for nothing. From any thread."""
        session = self._link.session(device)
        answered = session is not None and self._answered.get(device) == session.sid and self._bus.connected
        return word(session, answered)

    def _hear(self, device: str) -> None:
        """A device has said its state and was answered; on the link's thread."""
        session = self._link.session(device)
        if session is None or not session.online:
            return
        self._answered[device] = session.sid
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        if device in self._due:
            loop.call_soon_threadsafe(self._begin, device, False)
        if device in self._members:
            self.wake()

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                await self._look()
            except Closed:
                return
            except DatabaseError as error:
                log.warning("rollouts wait: %s", error)
            except Exception:
                log.exception("rollouts were not looked after")
            await asyncio.sleep(SETTLE_S)
            try:
                await asyncio.wait_for(self._woken.wait(), TICK_S)
            except TimeoutError:
                continue

    async def _look(self) -> None:
        before = self._due
        if await asyncio.to_thread(self._glance):
            await self._db.awrite(self._step)
            self._woken.set()  # there may be somebody to tell
        for device, said in self._due.items():
            if before.get(device) != said:
                self._begin(device, True)

    def _glance(self) -> bool:
        """Note who is to hear what; return whether a look would change anything that matters. Reads only."""
        members, due, found = set[str](), dict[str, Due](), False
        with self._db.read() as session:
            for row in alive(session):
                rollout = read(session, row)
                after = self._advance(session, row, rollout).rollout
                found = found or matters(rollout, after)
                members |= rollout.units.keys()
                for device, unit in rollout.units.items():
                    if op := machine.due(rollout, device):
                        due[device] = Due(row.id or 0, op, unit.ordered)
        self._members, self._due = frozenset(members), due
        return found

    def _advance(self, session: Session, row: Row, rollout: Rollout) -> machine.Step:
        return machine.advance(rollout, world(session, self.listen, row.id or 0, rollout, now_ms()))

    def _step(self, session: Session) -> None:
        """Let every rollout go on."""
        for row in alive(session):
            before = read(session, row)
            step = self._advance(session, row, before)
            after = step.rollout
            if not matters(before, after):
                continue
            write(session, row, before, after)
            add_traffic(session, step.traffic)
            settle_elsewhere(session, row.id or 0, step.tell)
            if after.stand is not before.stand:
                self._ended(session, row, after)

    def _ended(self, session: Session, row: Row, after: Rollout) -> None:
        """Write down that a rollout has stopped by itself or is done."""
        now = now_ms()
        if after.stand is Stand.DONE:
            row.ended = now
            session.add(row)
        else:
            Alarms.raise_in(session, "", "", ALARM, f"rollout {row.id} of {row.fw} has stopped: {after.why}", now)
        log.warning("rollout %s of %s is %s %s", row.id, row.fw, after.stand.value, after.why)
        what = "rollout.done" if after.stand is Stand.DONE else "rollout.stop"
        audit(session, CONTROLLER, what, str(row.id), None, {"state": after.stand.value, "why": after.why})

    # Telling one device.

    def _begin(self, device: str, anew: bool) -> None:
        """Tell a device what it is to hear, unless that goes on; `anew`: what it is to hear is another now."""
        session = self._link.session(device)
        if self._loop is None or session is None or self._answered.get(device) != session.sid:
            return  # it takes no commands before its birth is answered
        sid, before = self._telling.get(device, ("", None))
        if before is not None and not before.done():
            if sid == session.sid and not anew:
                return
            before.cancel()
        task = self._loop.create_task(self._tell(device))
        self._telling[device] = (session.sid, task)
        task.add_done_callback(lambda done: self._told(device, done))

    def _told(self, device: str, task: "asyncio.Task[None]") -> None:
        if self._telling.get(device, ("", None))[1] is task:
            del self._telling[device]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("device %s could not be told of its update", device, exc_info=error)

    async def _tell(self, device: str) -> None:
        pause = AGAIN_S
        while (said := await asyncio.to_thread(self._said, device)) is not None:
            reply = await self._link.command(device, said.op, said.args, TTL_MS)
            if reply is not None:
                await self._db.awrite(partial(_replied, device=device, said=said, reply=reply))
                self.wake()
                return
            session = self._link.session(device)
            if session is None or not session.online:
                return  # its next birth begins it again
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_S)

    def _said(self, device: str) -> Said | None:
        """Return what a device is to hear, None for nothing."""
        with self._db.read() as session:
            for row in reversed(alive(session)):
                rollout = read(session, row, device)
                op = machine.due(rollout, device)
                if op == "cancel":
                    return Said(row.id or 0, op, {"rel": row.rel})
                if op == "update":
                    args: Json = {"rel": row.rel, "blob": {"sha256": row.sha256, "size": row.size}}
                    args |= {"pace": rollout.plan.pace} if rollout.plan.pace else {}
                    args |= {"now": 1} if rollout.plan.now else {}
                    args |= {"again": 1} if machine.insists(rollout, device) else {}
                    return Said(row.id or 0, op, args)
        return None


def _replied(session: Session, device: str, said: Said, reply: Json) -> None:
    """Keep what a device answered."""
    row = session.get(Row, said.rollout)
    if row is None:
        return
    before = read(session, row, device)
    outcome, reason = str(reply["outcome"]), str(reply.get("reason") or "")
    after = machine.replied(before, device, said.op, outcome, reason, now_ms())
    if after is not before:
        write(session, row, before, after)

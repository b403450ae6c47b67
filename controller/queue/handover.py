"""Who leads a hall: grants to the devices that may, with the queue's state where one is to go on from another's.

A grant is told at each birth, and whenever it has changed, until the device has answered. What a new leader must know
goes with it as a blob: the state of the hall as it is projected here, and how far the device's own log is in it.
"""

import asyncio
import json
import logging
from dataclasses import dataclass
from functools import partial

from sqlmodel import Session, col, select

from controller.accounts.service import audit
from controller.db import Database
from controller.fleet import service
from controller.fleet.blobs import Blobs
from controller.fleet.link import Link
from controller.fleet.models import Device, Grant, Position
from controller.fleet.service import FleetError
from controller.ingest import Store
from controller.queue.projector import QueueProjector

log = logging.getLogger(__name__)

Json = dict[str, object]
TTL_MS = 10_000  # of a grant: the device may have to fetch a state
AGAIN_S = 2.0  # pause before a grant that was not answered is told again, doubled each time, up to
LONGEST_S = 60.0
PASS_S = 2.0  # a planned hand-over waits so long for the old leader's last events
LOOK_S = 0.05


@dataclass(frozen=True)
class Told:
    """What a device is to hear: `args` of the command `lead`, whether it leads, the `late` event that it then knows."""

    site: str
    args: Json
    leads: bool
    late: int


class Handover:
    """Tells devices who leads. Everything but `hear` is for the event loop."""

    def __init__(self, db: Database, store: Store, link: Link, blobs: Blobs, projector: QueueProjector) -> None:
        self._db, self._store, self._link, self._blobs, self._projector = db, store, link, blobs, projector
        self._loop: asyncio.AbstractEventLoop | None = None
        self._telling: dict[str, asyncio.Task[None]] = {}
        link.on_equip(self.hear)

    def start(self) -> None:
        """Begin, on the running loop."""
        self._loop = asyncio.get_running_loop()

    async def stop(self) -> None:
        """Tell nobody any more."""
        self._loop = None
        tasks = list(self._telling.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def hear(self, device: str) -> None:
        """A device is here, or who leads its hall has changed. From any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._begin, device)

    async def hand_over(self, site: str, leader: str, who: str) -> Grant:
        """Make the position `leader` (or "controller") lead a site; the present leader lays it down where it can.

        Raises FleetError.
        """
        now, device = await self._db.awrite(lambda session: _holder(session, site, leader))
        if now != leader and device is not None:
            await self._laid_down(site, device, leader)

        def fn(session: Session) -> Grant:
            _holder(session, site, leader)
            grant = session.get(Grant, site) or service.grant(session, site)
            audit(session, who, "lead.change", site, {"leader": grant.leader}, {"leader": leader})
            grant.term, grant.leader, grant.burn = grant.term + 1, leader, 0
            session.add(grant)
            session.flush()
            session.expunge(grant)
            return grant

        return await self._db.awrite(fn)

    async def _laid_down(self, site: str, device: str, leader: str) -> None:
        """Have the old leader log `lead.passed`, and wait for its last events; it may be out of reach."""
        term = await self._db.awrite(lambda session: self._projector.hall(session, site).state.term)
        command: Json = {"op": "pass", "key": f"pass.{term}.{leader}"[:40], "leader": leader}
        reply = await self._link.command(device, "queue", command)
        if reply is None or reply.get("outcome") != "done":
            return
        for _ in range(int(PASS_S / LOOK_S)):
            if not await self._db.awrite(lambda session: self._projector.hall(session, site).state.leader):
                return
            await asyncio.sleep(LOOK_S)

    def _begin(self, device: str) -> None:
        if self._loop is None:
            return
        before = self._telling.pop(device, None)
        if before is not None:
            before.cancel()
        task = self._loop.create_task(self._tell(device))
        self._telling[device] = task
        task.add_done_callback(lambda done: self._ended(device, done))

    def _ended(self, device: str, task: "asyncio.Task[None]") -> None:
        if self._telling.get(device) is task:
            del self._telling[device]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("device %s could not be told who leads", device, exc_info=error)

    async def _tell(self, device: str) -> None:
        pause = AGAIN_S
        while (told := await self._db.awrite(lambda session: self._look(session, device))) is not None:
            reply = await self._link.command(device, "lead", told.args, TTL_MS)
            if reply is not None and reply["outcome"] != "failed":
                again = await self._db.awrite(partial(_answered, told=told, reply=reply))
                for other in again:
                    self.hear(other)
                return
            here = self._link.session(device)
            if here is None or not here.online:
                return  # its next birth begins it again
            log.warning("device %s has not taken over: %s", device, reply and reply.get("reason"))
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_S)

    def _look(self, session: Session, device: str) -> Told | None:
        """Return what a device is to hear, None for nothing; on the writer's thread, where the hall stands still."""
        found = session.get(Device, device)
        position = session.get(Position, (found.site, found.position)) if found else None
        grant = session.get(Grant, found.site) if found else None
        if found is None or position is None or not position.leads or grant is None:
            return None
        args: Json = {"term": grant.term, "leader": grant.leader}
        state = self._projector.hall(session, found.site).state
        new = state.term < grant.term or state.leader != grant.leader or grant.late
        leads = grant.leader == position.id
        if leads and grant.burn and state.term < grant.term:
            args["burn"] = grant.burn
        if leads and new and state.serial:
            logid, seq = self._store.last_in(session, device)
            handed: Json = {"log": logid, "seq": seq, "state": state.dump()}
            args["state"] = self._blobs.put(json.dumps(handed, separators=(",", ":")).encode())
            args["late"] = 1 if grant.late else 0
        return Told(found.site, args, leads, grant.late)


def _holder(session: Session, site: str, leader: str) -> tuple[str, str | None]:
    """Return who leads a site now and on which device, having checked that `leader` may. Raises FleetError."""
    service.site_of(session, site)
    if leader != service.CONTROLLER:
        position = session.get(Position, (site, leader))
        if position is None:
            raise FleetError("There is no such position", missing=True)
        if not position.leads or service.device_at(session, site, leader) is None:
            raise FleetError("No device that may lead stands at this position")
    grant = session.get(Grant, site)
    now = grant.leader if grant else service.CONTROLLER
    return now, service.device_at(session, site, now)


def _answered(session: Session, told: Told, reply: Json) -> list[str]:
    """Keep what a device answered; return the devices to be told anew."""
    grant = session.get(Grant, told.site)
    if grant is None:
        return []
    if reply["outcome"] == "done":
        if grant.late == told.late:
            grant.late = 0
        session.add(grant)
        return []
    result = reply.get("result")
    term = result.get("term") if isinstance(result, dict) else None
    if reply.get("reason") != "low_term" or type(term) is not int or term < grant.term:
        return []
    # We were restored from a backup. One who leads knows more than we do and is right; another is overruled.
    grant.term = term if told.leads and term > grant.term else term + 1
    session.add(grant)
    leading = select(Device.id).join(
        Position, (col(Position.site) == Device.site) & (col(Position.id) == Device.position)
    )
    return list(session.exec(leading.where(Device.site == told.site, col(Position.leads))))

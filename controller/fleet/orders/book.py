"""The book of commands: taken in, sent while their device is there, again at its next birth, and what came of them."""

import logging
import secrets
from typing import NamedTuple

from sqlmodel import Session as Db
from sqlmodel import col, delete, select

from controller.accounts.service import Who, audit
from controller.db import Database
from controller.fleet.link import Link
from controller.fleet.models import Device
from controller.fleet.orders.models import Command, DeviceLog
from controller.fleet.service import FleetError
from controller.ingest.alarms import now_ms

log = logging.getLogger(__name__)

Json = dict[str, object]

OPEN = ("pending", "sent")
AT_ONCE = 8  # open commands of a device: it remembers the last sixteen that it saw, and must not see one twice
KEPT = 200  # commands of a device
LOGS = 20  # of a device
PARTS = 8  # of one answer
LONGEST = 4096  # characters of a part
LONGEST_REASON = 200


class Asked(NamedTuple):
    """A command as somebody gives it. `key`: theirs, for asking again."""

    op: str
    args: Json
    expires_s: int
    key: str


def is_theirs(session: Db, who: Who, device: str) -> bool:
    """Whether a device is one that somebody may give commands to; spares are every technician's."""
    found = session.get(Device, device)
    return found is not None and who.may("technician", found.site or None)


def add_theirs(session: Db, who: Who, device: str, asked: Asked) -> Command:
    """Do `add` where the device is one of theirs; else raise a FleetError as if it were not there."""
    if not is_theirs(session, who, device):
        raise FleetError("There is no such device", missing=True)
    return add(session, device, asked, who.name)


def add(session: Db, device: str, asked: Asked, who: str) -> Command:
    """Take a command in; the same key gives the same command. Raises FleetError."""
    same = select(Command).where(Command.device == device, Command.who == who, Command.key == asked.key)
    known = session.exec(same).first()
    if known is not None:
        if (known.op, known.args) != (asked.op, asked.args):
            raise FleetError("This key was used for another command")
        return known
    found = session.get(Device, device)
    if found is None or not found.sealed:
        raise FleetError("The device is not trusted any more: claim it anew", missing=found is None)
    now = now_ms()
    waiting = select(Command.id).where(Command.device == device, col(Command.state).in_(OPEN), Command.expires > now)
    if len(session.exec(waiting).all()) >= AT_ONCE:
        raise FleetError("The device has not answered the commands before this one: wait for it")
    made = Command(
        id=secrets.token_hex(8), device=device, op=asked.op, args=asked.args, who=who, key=asked.key, at=now,
        expires=now + asked.expires_s * 1000,
    )  # fmt: skip
    session.add(made)
    session.flush()
    audit(session, who, f"device.{asked.op}", device, None, {"command": made.id, **asked.args})
    old = select(Command.id).where(Command.device == device).order_by(col(Command.at).desc()).offset(KEPT)
    session.exec(delete(Command).where(col(Command.id).in_(session.exec(old).all())))
    return made


def state_of(command: Command, now: int) -> str:
    """Return how a command stands at `now`, Unix ms."""
    if command.state in OPEN and command.expires <= now:
        return "unknown" if command.state == "sent" else "expired"
    return command.state


def commands(session: Db, device: str) -> list[Command]:
    """Return the commands of a device, the newest first."""
    query = select(Command).where(Command.device == device)
    return list(session.exec(query.order_by(col(Command.at).desc(), col(Command.id)).limit(KEPT)))


def logs(session: Db, device: str) -> list[DeviceLog]:
    """Return what a device has sent of its console, the newest first."""
    query = select(DeviceLog).where(DeviceLog.device == device).order_by(col(DeviceLog.at).desc())
    return list(session.exec(query.limit(LOGS)))


class Book:
    """Sends what is open, and writes down what is answered."""

    def __init__(self, db: Database, link: Link) -> None:
        self._db, self._link = db, link
        self._told: dict[str, str] = {}  # command -> the session in which it was sent; of the link's thread
        link.on_equip(self._send)
        link.on_reply(self._hear)

    def _send(self, device: str) -> None:
        """Send a device what is open and was not sent in this session. On the link's thread."""
        session = self._link.session(device)
        if session is None:
            return
        now = now_ms()
        query = select(Command.id).where(Command.device == device, col(Command.state).in_(OPEN), Command.expires > now)
        with self._db.read() as db:
            due = [one for one in db.exec(query) if self._told.get(one) != session.sid]
        if not due:
            return

        def fn(db: Db) -> list[tuple[str, str, Json, int]]:
            going = []
            for ident in due:
                found = db.get(Command, ident)
                if found is not None and found.state in OPEN:
                    found.state, found.sent = "sent", now
                    db.add(found)
                    going.append((found.id, found.op, found.args, found.expires, found.at))
            return [one[:4] for one in sorted(going, key=lambda one: one[4])]

        for ident, op, args, expires in self._db.write(fn):
            if self._link.send(device, ident, op, args, expires):
                self._told[ident] = session.sid

    def _hear(self, device: str, body: Json) -> None:
        """Write down what a device answers. On the bus's thread."""
        self._db.submit(lambda db: _answered(db, device, body, now_ms()))


def _answered(session: Db, device: str, body: Json, now: int) -> None:
    found = session.get(Command, str(body["id"])[:64])
    if found is None or found.device != device or found.state not in OPEN:
        return
    outcome, reason = str(body["outcome"]), _text(body.get("reason") or "")[:LONGEST_REASON]
    if found.op == "send_logs" and outcome == "done" and not _collected(session, found, body.get("result"), now):
        return
    found.state, found.reason, found.ended = outcome, reason, now
    found.parts = {}
    session.add(found)


def _collected(session: Db, command: Command, result: object, now: int) -> bool:
    """Put a piece of a log to the others; whether all are there. They are kept as one then."""
    if not isinstance(result, dict):
        return False
    part, parts = result.get("part"), result.get("parts")
    if type(part) is not int or type(parts) is not int or not 1 <= part <= parts <= PARTS:
        return False
    piece = {"log": _text(result.get("log")), "crash": _text(result.get("crash"))}
    command.parts = {**command.parts, str(part): piece}
    session.add(command)
    if len(command.parts) < parts:
        return False
    pieces = [command.parts[str(n)] for n in range(1, parts + 1) if str(n) in command.parts]
    texts = [piece for piece in pieces if isinstance(piece, dict)]
    session.merge(
        DeviceLog(
            command=command.id, device=command.device, at=now, log="".join(str(one["log"]) for one in texts),
            crash="".join(str(one["crash"]) for one in texts),
        )
    )  # fmt: skip
    session.flush()
    old = select(DeviceLog.command).where(DeviceLog.device == command.device)
    old = old.order_by(col(DeviceLog.at).desc()).offset(LOGS)
    session.exec(delete(DeviceLog).where(col(DeviceLog.command).in_(session.exec(old).all())))
    return True


def _text(value: object) -> str:
    """Return a text of a device as a database takes it."""
    return str(value or "").replace("\0", "?")[:LONGEST]

"""What became of configurations on their way: pending, delivered, applied, rejected, or overdue.

What a device has is in its last state, what it should have at its position; kept beside them is only when it was sent
and what it said to that. How it stands follows from these, so nothing is lost with a restart, and nothing is written
while nothing changes.
"""

import threading
from datetime import timedelta
from typing import Literal, NamedTuple

from sqlmodel import Session as Db
from sqlmodel import col, select

from controller.db import Database
from controller.fleet.configuration.models import Delivery, Rejection
from controller.fleet.hours.calendar import Calendar
from controller.fleet.hours.models import calendars
from controller.fleet.link import Link
from controller.fleet.models import Device, Position
from controller.fleet.presence import Session
from controller.ingest.alarms import now_ms

ANSWER_MS = 60_000  # a device that is there has a configuration within this, and says so within as much again
LONGEST_WAIT = 400  # days: a hall that never opens is waited for no longer
LONGEST_WHY = 200

State = Literal["pending", "delivered", "applied", "rejected", "overdue"]
STATES: tuple[State, ...] = ("pending", "delivered", "applied", "rejected", "overdue")


class Standing(NamedTuple):
    """How a device stands to its configuration. Unix ms; `deadline` 0 where nothing is waited for."""

    state: State
    since: int
    deadline: int
    why: str


class Way(NamedTuple):
    """All that is known of a configuration's way to a device."""

    device: Device
    position: Position
    sent: Delivery | None
    told: Rejection | None


def standing(way: Way, calendar: Calendar, days: int, now: int) -> Standing:
    """Return how a device stands at `now` (Unix ms). One that is away has `days` days on which its hall opens. Pure."""
    device, hash_ = way.device, way.position.desired
    began = max(way.position.since, device.claimed)
    sent = way.sent if way.sent is not None and way.sent.hash == hash_ else None
    told = way.told if way.told is not None and way.told.hash == hash_ else None
    if device.state.get("config") == hash_:
        return Standing("applied", sent.applied if sent and sent.applied else began, 0, "")
    why = sent.why if sent else ""
    if device.state.get("rejected") == hash_:
        why = why or (told.why if told else "")
        return Standing("rejected", max(began, told.at if told else sent.sent if sent else began), 0, why)
    if not device.online:
        state: State = "pending"
        since, deadline = began, after_open_days(calendar, max(began, device.seen), days)
    elif sent is not None:
        state, since, deadline = "delivered", sent.sent, sent.sent + ANSWER_MS
    else:
        state, since, deadline = "pending", began, max(began, device.seen) + ANSWER_MS
    return Standing("overdue" if now > deadline else state, since, deadline, why)


def after_open_days(calendar: Calendar, since: int, days: int) -> int:
    """Return the end of the last of `days` local days, after that of `since`, on which a hall opens; Unix ms."""
    day = calendar.day(since)
    for _ in range(LONGEST_WAIT):
        day += timedelta(days=1)
        days -= bool(calendar.periods(day))
        if days <= 0:
            break
    return calendar.begins(day + timedelta(days=1))


def ways(session: Db, site: str | None = None, device: str | None = None) -> list[Way]:
    """Return the ways of all devices that stand somewhere, of those of a site, or of one; by device."""
    query = (
        select(Device, Position, Delivery, Rejection)
        .join(Position, (col(Position.site) == Device.site) & (col(Position.id) == Device.position))
        .outerjoin(Delivery, col(Delivery.device) == Device.id)
        .outerjoin(Rejection, (col(Rejection.site) == Device.site) & (col(Rejection.device) == Device.id))
        .order_by(col(Device.id))
    )
    if site is not None:
        query = query.where(Device.site == site)
    if device is not None:
        query = query.where(Device.id == device)
    return [Way(*found) for found in session.exec(query)]


def standings(session: Db, days: int, now: int, site: str | None = None) -> list[tuple[Way, Standing]]:
    """Return how devices stand, by device; of one site or of all."""
    of_site = calendars(session)
    return [(way, standing(way, of_site[way.device.site], days, now)) for way in ways(session, site)]


def has_drifted(way: Way, found: Standing) -> bool:
    """Whether a device is there, has another configuration than it should, and its time to change that is over."""
    return way.device.online and found.state == "overdue"


def applied(session: Db, device: str, hash_: str, at: int) -> None:
    """Note that a device has said for the first time that it has a configuration. Within a write transaction."""
    found = session.get(Delivery, device)
    if found is None or found.hash != hash_:
        session.merge(Delivery(device=device, hash=hash_, sent=at, applied=at))
    elif not found.applied:
        found.applied, found.why = at, ""
        session.add(found)


class Deliveries:
    """Writes down what is sent and what is answered."""

    def __init__(self, db: Database, link: Link) -> None:
        self._db = db
        self._sent: dict[str, tuple[str, str]] = {}  # device -> hash, session
        self._lock = threading.Lock()
        link.on_configuration(self._went, self._answered)

    def _went(self, device: str, hash_: str, session: Session) -> None:
        """A configuration went to a device. On the link's thread."""
        with self._lock:
            if self._sent.get(device) == (hash_, session.sid):
                return
            self._sent[device] = hash_, session.sid
        at = now_ms()
        self._db.submit(lambda db: db.merge(Delivery(device=device, hash=hash_, sent=at, applied=0, why="")) and None)

    def _answered(self, device: str, hash_: str, reason: str) -> None:
        """A device has refused a configuration, or could not keep it. On the bus's thread."""

        def fn(db: Db) -> None:
            found = db.get(Delivery, device)
            if found is not None and found.hash == hash_:
                found.why = reason.replace("\0", "?")[:LONGEST_WHY]
                db.add(found)

        self._db.submit(fn)

"""What became of configurations on their way: pending, delivered, applied, rejected, or overdue.

What a device has is in its last state, what it should have at its position; kept beside them is only when it was sent
and what it said to that. How it stands follows from these, so nothing is lost with a restart, and nothing is written
while nothing changes.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Literal, NamedTuple

from sqlmodel import Session as Db
from sqlmodel import col, func, select

from controller.db import Database
from controller.fleet.configuration.models import Delivery, Rejection
from controller.fleet.hours.calendar import Calendar
from controller.fleet.hours.models import calendars
from controller.fleet.link import Link
from controller.fleet.models import Device, Position
from controller.fleet.presence import Session
from controller.ingest.alarms import now_ms
from controller.settings import Settings

LONGEST_WAIT = 400  # days: a hall that never opens is waited for no longer
LONGEST_WHY = 200

SENT = ((Delivery.hash, ""), (Delivery.sent, 0), (Delivery.applied, 0), (Delivery.why, ""))
TOLD = ((Rejection.hash, ""), (Rejection.at, 0), (Rejection.why, ""))
State = Literal["pending", "delivered", "applied", "rejected", "overdue"]
STATES: tuple[State, ...] = ("pending", "delivered", "applied", "rejected", "overdue")


class Standing(NamedTuple):
    """How a device stands to its configuration. Unix ms; `deadline` 0 where nothing is waited for."""

    state: State
    since: int
    deadline: int
    why: str


class Patience(NamedTuple):
    """How long is waited: for one that is there, to be sent its configuration and again to answer; and for one that is
    away, days on which its hall opens."""

    answer_s: int
    open_days: int

    @classmethod
    def of(cls, settings: Settings) -> "Patience":
        """Return what is set."""
        return cls(settings.configuration_seconds, settings.configuration_days)


class Way(NamedTuple):
    """All that is known of a configuration's way to a device: how the device was last seen, what its position should
    have and since when, what it was sent, and what it has told by an event that it gave up. "" and 0: nothing."""

    device: str
    site: str
    position: str
    online: bool
    seen: int
    claimed: int
    state: dict[str, object]
    desired: str
    since: int
    sent_hash: str
    sent: int
    applied: int
    why: str
    told_hash: str
    told: int
    told_why: str


WAYS = (
    select(  # type: ignore[call-overload]  # of more columns than there are types for
        Device.id, Device.site, Device.position, Device.online, Device.seen, Device.claimed, Device.state,
        Position.desired, Position.since,
        *(func.coalesce(column, nothing) for column, nothing in (*SENT, *TOLD)),
    )
    .join(Position, (col(Position.site) == Device.site) & (col(Position.id) == Device.position))
    .outerjoin(Delivery, col(Delivery.device) == Device.id)
    .outerjoin(Rejection, (col(Rejection.site) == Device.site) & (col(Rejection.device) == Device.id))
    .order_by(col(Device.id))
)  # fmt: skip


def standing(way: Way, calendar: Callable[[], Calendar], patience: Patience, now: int) -> Standing:
    """Return how a device stands at `now` (Unix ms); `calendar()`: when its hall is open. Pure."""
    began = max(way.since, way.claimed)
    was_sent, has_told = way.sent_hash == way.desired, way.told_hash == way.desired
    if way.state.get("config") == way.desired:
        return Standing("applied", way.applied if was_sent and way.applied else began, 0, "")
    why = way.why if was_sent else ""
    if way.state.get("rejected") == way.desired:
        at = way.told if has_told else way.sent if was_sent else began
        return Standing("rejected", max(began, at), 0, why or (way.told_why if has_told else ""))
    state: State = "pending"
    since = began
    if not way.online:
        deadline = after_open_days(calendar(), max(began, way.seen), patience.open_days)
    elif was_sent:
        state, since, deadline = "delivered", way.sent, way.sent + patience.answer_s * 1000
    else:
        deadline = max(began, way.seen) + patience.answer_s * 1000
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
    query = WAYS
    if site is not None:
        query = query.where(Device.site == site)
    if device is not None:
        query = query.where(Device.id == device)
    return [Way(*found) for found in session.exec(query)]


def standings(session: Db, patience: Patience, now: int, site: str | None = None) -> list[tuple[Way, Standing]]:
    """Return how devices stand, by device; of one site or of all."""
    known: dict[str, Calendar] = {}

    def calendar(of: str) -> Calendar:
        if not known:
            known.update(calendars(session))
        return known[of]

    return [(way, standing(way, partial(calendar, way.site), patience, now)) for way in ways(session, site)]


def has_drifted(way: Way, found: Standing) -> bool:
    """Whether a device is there, has another configuration than it should, and its time to change that is over."""
    return way.online and found.state == "overdue"


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

"""A look at all halls: reads what is known, has it judged, and writes down what has changed, in one transaction."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session, select

from controller.db import Database
from controller.fleet.hours.calendar import Calendar
from controller.incidents.facts import Known, Placed, facts, known
from controller.incidents.judging.judge import (
    DeviceFacts,
    Finding,
    Key,
    Limits,
    Seen,
    SiteFacts,
    cause,
    judge,
    settle,
)
from controller.incidents.judging.kinds import SITE_GONE
from controller.incidents.judging.watch import Watch, booted, looked
from controller.incidents.models import Availability, Entry, Incident, Notice, Watched
from controller.ingest.sql import Raw, Value

WATCHED = ("site", "device", *Watch._fields)
WRITE_MS = 60_000  # how often availability is written down where nothing else is
BLIND_MS = 120_000  # two looks further apart than this say nothing of the time between


@dataclass
class Changes:
    """What one look has found to be written."""

    watches: dict[tuple[str, str], Watch] = field(default_factory=dict)
    gone: list[tuple[str, str]] = field(default_factory=list)  # watches of what is not there any more
    opened: list[tuple[Finding, str]] = field(default_factory=list)  # with the position
    closed: list[int] = field(default_factory=list)
    noted: dict[int, tuple[str, str]] = field(default_factory=dict)  # detail and cause of what stands
    times: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything but times has changed."""
        return bool(self.watches or self.gone or self.opened or self.closed or self.noted)


class Rounds:
    """Looks at all halls.

    Args:
        db: the database.
        limits: from where on something is wrong.
        refuses: whether a hash is that of what a device should be configured to.
        ways: in which people are told.
    """

    def __init__(
        self, db: Database, limits: Limits, refuses: Callable[[str, str], bool], ways: Sequence[str] = ()
    ) -> None:
        self._db, self._limits, self._refuses, self._ways = db, limits, refuses, tuple(ways)
        self._seen: dict[Key, Seen] = {}
        self._times: dict[tuple[str, str], tuple[int, int]] = {}  # open and online, not yet written
        self._last = self._written = 0
        self._lock = threading.Lock()

    def look(self, now: int) -> list[int]:
        """Look once, at `now` (Unix ms); return the ids of incidents that have changed. Blocks."""
        with self._lock:
            with self._db.read() as session:
                there = known(session)
            changes, seen = self._changes(there, now)
            for place, (opened, online) in changes.times.items():
                before = self._times.get(place, (0, 0))
                self._times[place] = before[0] + opened, before[1] + online
            touched: list[int] = []
            if changes or (self._times and now - self._written >= WRITE_MS):
                times = self._times
                touched = self._db.write(lambda session: _write(session, changes, times, self._ways, now))
                self._times, self._written = {}, now
            self._seen, self._last = seen, now
            return touched

    def rest(self) -> None:
        """Nothing can be seen for now: what happens until the next look is not counted."""
        self._last = 0

    def flush(self) -> None:
        """Write down the times that have been counted."""
        with self._lock:
            times, self._times = self._times, {}
            if times:
                self._db.write(lambda session: _write(session, Changes(), times, (), 0))

    def _changes(self, there: Known, now: int) -> tuple[Changes, dict[Key, Seen]]:
        changes = Changes()
        findings: list[Finding] = []
        for site, calendar in there.calendars.items():
            placed = there.devices[site]
            online = any(device.online for device in placed)
            hall = looked(there.watches.get((site, "")), online or not placed, now)
            changes.watches[site, ""] = hall
            devices = []
            for device in placed:
                watch = self._watch(there, device, hall, now)
                changes.watches[site, device.id] = watch
                old = there.watches.get((site, device.id), watch)
                seen = watch._replace(boots=old.boots)
                devices.append(facts(device, seen, there.conditions.get((site, device.id)), self._refuses))
            standing = frozenset(key for key in there.open if key.site == site)
            findings += judge(SiteFacts(site, calendar, hall, self._limits, standing), devices, now)
            changes.noted |= _caused(there, site, hall, devices)
            if placed:
                changes.times |= self._account(site, calendar, online, now)
        verdict = settle(there.open, self._seen, findings, now)
        positions = {device.id: device.position for placed in there.devices.values() for device in placed}
        changes.opened = [(one, positions.get(one.key.device, "")) for one in verdict.opened]
        changes.closed = [there.open[key].id or 0 for key in verdict.closed]
        for one in findings:
            row = there.open.get(one.key)
            if row is not None and one.detail and one.detail != row.detail:
                changes.noted[row.id or 0] = one.detail, row.cause
        changes.gone = [place for place in there.watches if place not in changes.watches]
        changes.watches = {place: one for place, one in changes.watches.items() if there.watches.get(place) != one}
        return changes, verdict.seen

    def _watch(self, there: Known, device: Placed, hall: Watch, now: int) -> Watch:
        watch = looked(there.watches.get((device.site, device.id)), device.online, now)
        if not device.online:
            return watch
        began = min(now, device.seen - device.number("uptime") * 1000)
        told = booted(watch, device.number("boots"), device.text("reset"), began)
        return told._replace(boots=watch.boots) if hall.away and watch.boots else told

    def _account(
        self, site: str, calendar: Calendar, online: bool, now: int
    ) -> Iterator[tuple[tuple[str, str], tuple[int, int]]]:
        if not self._last or not 0 < now - self._last <= BLIND_MS:
            return iter(())
        days: dict[tuple[str, str], tuple[int, int]] = {}
        for start, end in calendar.spans(self._last, now):
            key = site, calendar.day(start).isoformat()
            opened, there = days.get(key, (0, 0))
            days[key] = opened + end - start, there + (end - start if online else 0)
        return iter(days.items())


def _caused(there: Known, site: str, hall: Watch, devices: Sequence[DeviceFacts]) -> dict[int, tuple[str, str]]:
    """Return what can be told now of why a hall was out of reach."""
    row = there.open.get(Key(site, "", SITE_GONE))
    if row is None or not hall.there:
        return {}
    why = cause(devices)
    return {row.id or 0: (row.detail, why)} if why != row.cause else {}


def _write(
    session: Session, changes: Changes, times: dict[tuple[str, str], tuple[int, int]], ways: Sequence[str], now: int
) -> list[int]:
    """Write what has changed; return the ids of the incidents."""
    flat: list[Value] = []  # after a power cut in the whole regency all at once: the writer must not be held up
    for place, watch in changes.watches.items():
        flat += (*place, *watch[:-1], json.dumps(watch.crashes))
    Raw(session).insert("incident_watch", WATCHED, flat, ("site", "device"))
    for place in changes.gone:
        if (watched := session.get(Watched, place)) is not None:
            session.delete(watched)
    for (site, day), (opened, online) in times.items():
        found = session.get(Availability, (site, day)) or Availability(site=site, day=day, open=0, online=0)
        found.open, found.online = found.open + opened, found.online + online
        session.add(found)
    return [
        *(_open(session, finding, position, ways, now) for finding, position in changes.opened),
        *(id_ for id_, noted in changes.noted.items() if _note(session, id_, *noted)),
        *(id_ for id_ in changes.closed if _close(session, id_, now)),
    ]


def _open(session: Session, finding: Finding, position: str, ways: Sequence[str], now: int) -> int:
    key = finding.key
    made = Incident(
        site=key.site, device=key.device, position=position, kind=key.kind, detail=finding.detail, since=now
    )
    session.add(made)
    session.flush()
    assert made.id is not None
    session.add(Entry(incident=made.id, at=now, who="", what="opened", text=finding.detail))
    session.add_all(Notice(incident=made.id, what="opened", way=way, at=now, due=now) for way in ways)
    return made.id


def _note(session: Session, id_: int, detail: str, why: str) -> bool:
    row = session.get(Incident, id_)
    if row is None or row.until:
        return False
    row.detail, row.cause = detail, why
    session.add(row)
    return True


def _close(session: Session, id_: int, now: int) -> bool:
    """Close an incident; who was told of its opening is told of that."""
    row = session.get(Incident, id_)
    if row is None or row.until:
        return False
    row.until = now
    session.add(row)
    session.add(Entry(incident=id_, at=now, who="", what="closed", text=row.cause))
    told = session.exec(select(Notice.way).where(Notice.incident == id_, Notice.what == "opened")).all()
    session.add_all(Notice(incident=id_, what="closed", way=way, at=now, due=now) for way in told)
    return True

"""The event store: what devices send becomes rows, in one transaction, before anyone is told that it is safe.

An event is stored once: its log's head says how far the log has come, and the table's constraint on (site, device, log,
seq) stands behind that. What cannot be used becomes a dead letter, and the log goes on.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future
from itertools import groupby
from operator import attrgetter
from typing import Generic, NamedTuple, TypeVar

from sqlmodel import Session, col, select

from controller.db import Busy, Database, DiskFull, translate
from controller.ingest.alarms import Alarms, now_ms
from controller.ingest.check import Reader, Said
from controller.ingest.group import Group
from controller.ingest.heads import Heads, LogHead
from controller.ingest.models import EventKind, EventLog
from controller.ingest.mqtt.lane import Message
from controller.ingest.projector import Place, Projector, Row
from controller.ingest.refusals import Refusals, Unusable
from controller.ingest.sql import Raw

log = logging.getLogger(__name__)

REMEMBERED = 20_000  # devices, logs and kinds of which something is kept in memory

T = TypeVar("T")
Safe = dict[bytes, tuple[str, int]]  # by topic: which log is safe up to which seq
Events = Sequence[tuple[str, dict[str, object]]]  # (kind, data) of the controller's own


class Stored(NamedTuple, Generic[T]):
    """A transaction's group, which projector has rows to be told of, and the caller's result."""

    group: Group
    told: list[tuple[Projector, list[Row]]]
    result: T


class Store:
    """Stores events and has them projected.

    Args:
        db: the database.
        place: says where a device stands, None for a device that is not in the fleet. Called on the writer's thread for
            each message; must remember.
    """

    def __init__(self, db: Database, place: Callable[[str], Place | None]) -> None:
        self.refusals = Refusals()
        self.alarms = Alarms(db)
        self.stored = 0  # events since the start
        self._db, self._place = db, place
        self._heads = Heads()
        self._projectors: list[Projector] = []
        self._kinds: frozenset[str] = frozenset()
        self._strange: set[str] = set()
        self._reader = Reader()
        self._started: dict[str, tuple[int, int]] = {}
        self._ahead: dict[tuple[str, str], int] = {}
        db.on_rollback(self._forget)

    def register(self, projector: Projector) -> None:
        """Have `projector` project the events of its kinds; before anything is stored."""
        self._projectors.append(projector)
        self._kinds |= projector.kinds

    @property
    def projectors(self) -> Sequence[Projector]:
        """Those who have registered, in order."""
        return tuple(self._projectors)

    def missed(self) -> frozenset[str]:
        """Return the kinds that are stored, were not projected when they came, and have a projector now."""
        with self._db.read() as session:
            return self._kinds & frozenset(session.exec(select(EventKind.kind)).all())

    def last_of(self, devices: Collection[str]) -> dict[str, tuple[str, int]]:
        """Return the log that devices used last and how far it is stored, of those that have one, for the answers to
        their births."""
        query = select(EventLog).where(col(EventLog.device).in_(devices), col(EventLog.foreign_log) == 0)
        with self._db.read() as session:
            return {one.device: (one.log, one.seq) for one in session.exec(query.order_by(col(EventLog.at)))}

    @staticmethod
    def last_in(session: Session, device: str) -> tuple[str, int]:
        """Return the log a device used last and how far it is stored, as `session` sees it; ("", 0) for none."""
        query = select(EventLog).where(col(EventLog.device) == device, col(EventLog.foreign_log) == 0)
        found = session.exec(query.order_by(col(EventLog.at).desc()).limit(1)).first()
        return (found.log, found.seq) if found else ("", 0)

    def heard(self, device: str, boot: int, began: int) -> None:
        """Hear from a device's live state when its boot began (Unix ms): corrects events that have no clock."""
        if len(self._started) >= REMEMBERED:
            self._started.clear()
        self._started[device] = (boot, began)

    def ingest(self, messages: Sequence[Message]) -> Safe:
        """Store the events in `messages` and return, by topic, which log is safe up to which seq.

        Blocks until it is committed. A message that cannot be used is a dead letter and holds up nothing.
        Raises DiskFull or Busy where nothing could be stored: try again.
        """
        said = self.read(messages)
        return self.settle(said, self.submit(said))

    def read(self, messages: Sequence[Message]) -> list[Said]:
        """Do the first part of `ingest`, which needs no database and may be done while others are stored."""
        return self._reader.read(messages)

    def submit(self, said: Sequence[Said]) -> "Future[Stored[Safe]]":
        """Do the second part of `ingest`: have what was read stored. Does not wait."""
        return self._write(lambda session: self._take(session, said))

    def settle(self, said: Sequence[Said], stored: "Future[Stored[Safe]]") -> Safe:
        """Do the last part of `ingest`: wait until it is committed. Where the whole cannot be, each message can."""
        try:
            return stored.result().result
        except (DiskFull, Busy):
            raise
        except Exception:
            log.exception("a group of messages failed; they are taken one by one")
        safe: Safe = {}
        for one in said:
            try:
                safe |= self.submit([one]).result().result
            except (DiskFull, Busy):
                raise
            except Exception as error:
                log.exception("a message failed")
                why = Unusable("internal", f"{type(error).__name__}: {error}")
                safe |= self.submit([one._replace(error=why)]).result().result
        return safe

    def append_own(self, site: str, events: Events) -> list[Row]:
        """Store events of the controller itself at a site, in its own log there; return their rows when committed."""
        return self.decide_and_append(site, lambda _session: events)

    def decide_and_append(self, site: str, decide: Callable[[Session], Events]) -> list[Row]:
        """Store the events that `decide(session)` returns, deciding and storing being one step under the site's lock.

        What `decide` or a projector raises undoes all of it and is raised here.
        """
        return self._write(lambda session: self._own(session, site, decide)).result().result

    async def adecide_and_append(self, site: str, decide: Callable[[Session], Events]) -> list[Row]:
        """Do `decide_and_append` without holding up the event loop."""
        done = await asyncio.wrap_future(self._write(lambda session: self._own(session, site, decide)))
        return done.result

    def _write(self, fn: "Callable[[Session], Stored[T]]") -> "Future[Stored[T]]":
        """Have `fn` run; when it is committed, count and tell the projectors."""
        return self._db.submit(lambda session: self._whole(session, fn), self._committed)

    def _whole(self, session: Session, fn: "Callable[[Session], Stored[T]]") -> "Stored[T]":
        try:
            return fn(session)
        except BaseException:
            self._forget()
            raise

    def _forget(self) -> None:
        self._heads.forget()
        for projector in self._projectors:
            projector.forget()

    def _group(self, session: Session) -> Group:
        heads = self._heads if self._db.sqlite else Heads()  # a server has other writers
        if heads.begin(Raw(session)):
            for projector in self._projectors:
                projector.forget()
        return Group(session, heads, now_ms(), self._kinds)

    def _take(self, session: Session, said: Iterable[Said]) -> "Stored[Safe]":
        """Store what messages say."""
        group = self._group(session)
        safe: dict[bytes, LogHead] = {}
        placed: list[tuple[Place, Said]] = []
        for one in said:
            error = one.error
            if error is None:
                place = self._place(one.device)
                if place is not None:
                    placed.append((place, one))
                    continue
                error = Unusable("unknown_device")
            known = error.reason not in ("bad_topic", "unknown_device")
            if head := group.refuse(one.device, one.payload, error, known):
                safe[one.topic] = head
        placed.sort(key=_site)  # sites are locked in one order, and their rows written together
        for place, one in placed:
            safe[one.topic] = group.admit(place, one, self._started.get(one.device, (0, 0)), self._ahead)
        if len(self._ahead) > REMEMBERED:
            self._ahead.clear()
        return self._finish(session, group, {topic: (head.log, head.seq) for topic, head in safe.items()})

    def _own(self, session: Session, site: str, decide: Callable[[Session], Events]) -> "Stored[list[Row]]":
        group = self._group(session)
        group.lock(site)
        rows = [group.own(site, kind, data) for kind, data in decide(session)]
        return self._finish(session, group, rows, poison=False)

    def _finish(self, session: Session, group: Group, result: T, poison: bool = True) -> "Stored[T]":
        """Write and project a group. `poison`: an event on which a projector fails becomes a dead letter."""
        group.write()
        told = []
        for projector in self._projectors:
            if rows := [row for row in group.rows if row.kind in projector.kinds]:
                if poison:
                    rows = project(session, projector, rows, group.poisoned)
                else:
                    projector.project(session, rows)
                told.append((projector, rows))
        group.write_letters()
        if strange := group.strange - self._strange:
            Raw(session).insert("event_kind", ("kind",), list(strange))
        return Stored(group, told, result)

    def _committed(self, done: "Stored[T]") -> None:
        self.stored += done.group.stored
        if len(self._strange) > REMEMBERED:
            self._strange.clear()
        self._strange |= done.group.strange
        for device, reason, detail in done.group.letters:
            self.refusals.count(device, reason, detail)
        for projector, rows in done.told:
            try:
                projector.committed(rows)
            except Exception:
                log.exception("a projector failed after the commit")


def project(
    session: Session, projector: Projector, rows: Sequence[Row], poisoned: Callable[[Row, Exception], None]
) -> list[Row]:
    """Have `rows` projected and return those that were.

    Where it fails they are given site by site and then one by one; `poisoned` hears of each that fails alone.
    """
    if _tried(session, projector, rows) is None:
        return list(rows)
    good: list[Row] = []
    for _, of_site in groupby(rows, attrgetter("site")):
        some = list(of_site)
        if len(some) < len(rows) and _tried(session, projector, some) is None:
            good += some
            continue
        for row in some:
            error = _tried(session, projector, [row])
            if error is None:
                good.append(row)
            else:
                poisoned(row, error)
    return good


def _tried(session: Session, projector: Projector, rows: Sequence[Row]) -> Exception | None:
    """Have `rows` projected in a SAVEPOINT and return what that raised; a full disk, no event's fault, is raised on."""
    try:
        with session.begin_nested():
            projector.project(session, rows)
    except Exception as error:
        if isinstance(translate(error), DiskFull | Busy):
            raise
        projector.forget()
        return error
    return None


def _site(placed: tuple[Place, Said]) -> str:
    return placed[0].site

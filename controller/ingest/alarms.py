"""What a person should look at: kept in the database, and in memory where the database itself is the trouble."""

import threading
import time
from typing import NamedTuple

from sqlmodel import Session, col, select

from controller.db import Database
from controller.ingest.models import Alarm
from controller.ingest.sql import Raw


class OpenAlarm(NamedTuple):
    """An alarm that nobody has closed. `id` is 0 while it cannot be in the database."""

    id: int
    site: str
    device: str
    kind: str
    detail: str
    since: int  # Unix ms


class Alarms:
    """Raises alarms, once each while they are open, and lists them."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._held: dict[str, OpenAlarm] = {}
        self._lock = threading.Lock()

    def open(self, site: str | None = None) -> list[OpenAlarm]:
        """Return the open alarms, of one site or of all, the oldest first."""
        query = select(Alarm).where(col(Alarm.until) == 0).order_by(col(Alarm.since))
        if site is not None:
            query = query.where(col(Alarm.site) == site)
        with self._db.read() as session:
            kept = [OpenAlarm(a.id or 0, a.site, a.device, a.kind, a.detail, a.since) for a in session.exec(query)]
        with self._lock:
            held = [alarm for alarm in self._held.values() if site in (None, alarm.site)]
        return sorted(held + kept, key=lambda alarm: alarm.since)

    @staticmethod
    def raise_in(session: Session, site: str, device: str, kind: str, detail: str, at: int) -> None:
        """Raise an alarm within a write transaction; one of the same kind that is open stays as it is."""
        columns = ("site", "device", "kind", "detail", "since", "until")
        Raw(session).insert("alarm", columns, [site, device, kind, detail, at, 0])

    def close(self, id_: int) -> bool:
        """Close an alarm; return whether there was one to close."""

        def fn(session: Session) -> bool:
            return Raw(session).run("UPDATE alarm SET until = ? WHERE id = ? AND until = 0", now_ms(), id_) > 0

        return self._db.write(fn)

    def hold(self, kind: str, detail: str) -> bool:
        """Raise an alarm about the controller itself in memory; return whether it is new."""
        with self._lock:
            new = kind not in self._held
            if new:
                self._held[kind] = OpenAlarm(0, "", "", kind, detail, now_ms())
            return new

    @property
    def held(self) -> bool:
        """Whether the controller is in trouble of its own: events are not stored."""
        with self._lock:
            return bool(self._held)

    def release(self) -> None:
        """The controller's own trouble is over: write it down as closed."""
        with self._lock:
            over = list(self._held.values())
            self._held.clear()
        if over:
            rows = [
                Alarm(site="", device="", kind=a.kind, detail=a.detail, since=a.since, until=now_ms()) for a in over
            ]
            self._db.submit(lambda session: session.add_all(rows))


def now_ms() -> int:
    """Return the controller's time in Unix milliseconds."""
    return time.time_ns() // 1_000_000

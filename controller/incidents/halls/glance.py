"""How all halls do, at one glance: read in four short questions, however many look, at most once a second."""

import threading
import time
from collections.abc import Callable
from typing import Literal, NamedTuple

from sqlmodel import Integer, Session, case, cast, col, func, select

from controller.db import Database
from controller.fleet.hours.models import calendars
from controller.fleet.models import Device, Site
from controller.incidents.facts import OPEN
from controller.incidents.judging.kinds import KINDS
from controller.incidents.models import Incident
from controller.ingest.alarms import now_ms

FRESH_S = 1.0

Stand = Literal["urgent", "troubled", "good", "closed", "silent", "bare"]
"""How a hall does: people cannot be served; something is wrong; all is well; nobody is there and it is not open; nobody
is there, not long enough for an incident; no device stands there."""


class SiteGlance(NamedTuple):
    """One hall. `devices` stand there, `online` of them are there; `incidents` are open, `urgent` of them urgent."""

    id: str
    name: str
    kind: str
    district: str
    lat: float | None
    lon: float | None
    tz: int
    open: bool
    devices: int
    online: int
    incidents: int
    urgent: int

    @property
    def stand(self) -> Stand:
        """How it does."""
        if self.urgent:
            return "urgent"
        if self.incidents:
            return "troubled"
        if self.online:
            return "good"
        if not self.devices:
            return "bare"
        return "silent" if self.open else "closed"


def look(session: Session, now: int) -> tuple[SiteGlance, ...]:
    """Return how all halls do at `now` (Unix ms), by name."""
    standing = select(Device.site, func.count(), func.sum(cast(col(Device.online), Integer)))
    standing = standing.where(col(Device.sealed) != "", col(Device.position) != "").group_by(Device.site)
    devices = {site: (count, online or 0) for site, count, online in session.exec(standing)}
    urgent = [name for name, kind in KINDS.items() if kind.urgent]
    wrong = select(Incident.site, func.count(), func.sum(case((col(Incident.kind).in_(urgent), 1), else_=0)))
    incidents = {
        site: (count, bad or 0) for site, count, bad in session.exec(wrong.where(OPEN).group_by(Incident.site))
    }
    hours = calendars(session)
    columns = (Site.id, Site.name, Site.kind, Site.district, Site.lat, Site.lon, Site.tz)
    found = session.exec(select(*columns).order_by(col(Site.name), col(Site.id)))  # type: ignore[call-overload]
    glances = []
    for site, name, kind, district, lat, lon, tz in found:
        if site in hours:
            is_open, there, bad = hours[site].is_open(now), devices.get(site, (0, 0)), incidents.get(site, (0, 0))
            glances.append(SiteGlance(site, name, kind, district, lat, lon, tz, is_open, *there, *bad))
    return tuple(glances)


class Glances:
    """Gives the newest glance to all who ask."""

    def __init__(self, db: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._db, self._clock = db, clock
        self._at = -FRESH_S
        self._found: tuple[SiteGlance, ...] = ()
        self._lock = threading.Lock()

    def now(self) -> tuple[SiteGlance, ...]:
        """Return how all halls do, as of a second ago at most. Blocks."""
        with self._lock:
            if self._clock() - self._at >= FRESH_S:
                with self._db.read() as session:
                    self._found = look(session, now_ms())
                self._at = self._clock()
            return self._found

"""The fleet's own hours and holidays, which hold where a hall has none."""

from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel, select

from controller.fleet.hours.calendar import Calendar, calendar
from controller.fleet.models import Site

ONLY = 1  # there is one row

Json = dict[str, object]


class FleetHours(SQLModel, table=True):
    """Hours and holidays as they are written, in the form of a site's."""

    __tablename__ = "fleet_hours"

    id: int = Field(default=ONLY, primary_key=True)
    hours: Json = Field(default={}, sa_type=JSON)
    holidays: Json = Field(default={}, sa_type=JSON)


def fleet_hours(session: Session) -> FleetHours:
    """Return the fleet's hours, empty where nobody has set any."""
    return session.get(FleetHours, ONLY) or FleetHours(hours={}, holidays={})


def calendars(session: Session) -> dict[str, Calendar]:
    """Return the calendar of every site."""
    fleet = fleet_hours(session)
    return {site.id: _of(site, fleet) for site in session.exec(select(Site))}


def calendar_of(session: Session, site: Site) -> Calendar:
    """Return the calendar of a site."""
    return _of(site, fleet_hours(session))


def _of(site: Site, fleet: FleetHours) -> Calendar:
    return calendar(site.tz, (site.hours, site.holidays), (fleet.hours, fleet.holidays))  # type: ignore[arg-type]

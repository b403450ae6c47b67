"""What people do with incidents: look at them, acknowledge them, comment on them."""

from collections.abc import Collection

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from controller.accounts.service import Who, audit
from controller.fleet import service
from controller.fleet.hours.models import calendar_of
from controller.incidents.facts import placed
from controller.incidents.judging.kinds import KINDS
from controller.incidents.judging.watch import HOUR_MS
from controller.incidents.models import Availability, Condition, Entry, Incident, Watched
from controller.incidents.schemas import (
    DayAvailability,
    DeviceHealth,
    EntryPublic,
    IncidentPublic,
    IncidentWhole,
    SiteHealth,
)
from controller.web.i18n import N_, translate
from controller.web.problems import Problem

MOST = 200  # lines of one incident's history
DAYS = 31  # of availability that are shown


class IncidentError(Exception):
    """Something cannot be done with an incident; the text says why."""


def shown(row: Incident, lang: str) -> IncidentPublic:
    """Return an incident as others see it."""
    kind = KINDS[row.kind]
    return IncidentPublic(**row.model_dump(), urgent=kind.urgent, text=translate(kind.text, lang))


def is_urgent(row: Incident) -> bool:
    """Whether people cannot be served, or soon will not be."""
    return KINDS[row.kind].urgent


def whole(session: Session, row: Incident, lang: str) -> IncidentWhole:
    """Return an incident with its history."""
    entries = session.exec(select(Entry).where(Entry.incident == row.id).order_by(col(Entry.id)))
    history = [EntryPublic.model_validate(one.model_dump()) for one in entries]
    return IncidentWhole(**shown(row, lang).model_dump(), history=history)


def found(session: Session, id_: int, who: Who) -> Incident:
    """Return an incident that somebody may see. Raises a Problem (404)."""
    row = session.get(Incident, id_)
    if row is None or not who.may("viewer", row.site):
        raise Problem(404, "There is no such incident")
    return row


def recent(
    session: Session, sites: Collection[str] | None, open_: bool | None, before: int, limit: int
) -> list[Incident]:
    """Return incidents with an id below `before`, the newest first, of some sites or of all."""
    query = select(Incident).where(col(Incident.id) < before).order_by(col(Incident.id).desc())
    return _some(session, query, sites, open_, limit)


def listed(
    session: Session, sites: Collection[str] | None, open_: bool | None, after: int, limit: int
) -> list[Incident]:
    """Return incidents by id, of some sites or of all, those after `after`."""
    query = select(Incident).where(col(Incident.id) > after).order_by(col(Incident.id))
    return _some(session, query, sites, open_, limit)


def _some(
    session: Session,
    query: SelectOfScalar[Incident],
    sites: Collection[str] | None,
    open_: bool | None,
    limit: int,
) -> list[Incident]:
    if sites is not None:
        query = query.where(col(Incident.site).in_(sites))
    if open_ is not None:
        query = query.where(col(Incident.until) == 0 if open_ else col(Incident.until) > 0)
    return list(session.exec(query.limit(limit)))


def acknowledge(session: Session, row: Incident, who: str, text: str, now: int) -> None:
    """Write down that somebody looks after an incident; again by the same person, it changes nothing.

    Raises IncidentError where it is over.
    """
    if row.until:
        raise IncidentError(N_("The incident is over"))
    if row.by == who and not text:
        return
    before = {"by": row.by} if row.by else None
    _add(session, row, who, "acknowledged", text, now)
    row.acknowledged, row.by = now, who
    session.add(row)
    audit(session, who, "incident.acknowledge", f"{row.site}/{row.id}", before, {"by": who})


def comment(session: Session, row: Incident, who: str, text: str, now: int) -> None:
    """Add what somebody has to say, also of an incident that is over. Raises IncidentError where there is too much."""
    _add(session, row, who, "comment", text, now)
    audit(session, who, "incident.comment", f"{row.site}/{row.id}", None, {"text": text})


def _add(session: Session, row: Incident, who: str, what: str, text: str, now: int) -> None:
    assert row.id is not None
    if session.exec(select(func.count()).where(Entry.incident == row.id)).one() >= MOST:
        raise IncidentError(N_("The incident has a history of 200 lines: that is enough"))
    session.add(Entry(incident=row.id, at=now, who=who, what=what, text=text))


def health(session: Session, site: str, now: int, lang: str) -> SiteHealth:
    """Return how a hall does. Raises FleetError where there is no such site."""
    here = service.site_of(session, site)
    watches = {one.device: one for one in session.exec(select(Watched).where(Watched.site == site))}
    conditions = {one.device: one for one in session.exec(select(Condition).where(Condition.site == site))}
    days = select(Availability).where(Availability.site == site).order_by(col(Availability.day).desc()).limit(DAYS)
    devices = []
    for device in placed(session, site):
        watch, condition = watches.get(device.id), conditions.get(device.id)
        crashes = {one[0]: one[1] for rows in (watch, condition) if rows for one in rows.crashes}
        devices.append(
            DeviceHealth(
                device=device.id,
                position=device.position,
                online=device.online,
                since=watch.changed if watch else 0,
                seen=device.seen,
                **{name: device.number(name) for name in ("clock", "heap", "rssi", "backlog")},
                reset=device.text("reset"),
                code=device.text("code"),
                paper=condition.paper if condition else "",
                fault=condition.fault if condition else "",
                crashes=sum(0 <= now - at < HOUR_MS for at in crashes.values()),
                uplink=here.uplink,
            )
        )
    hall = watches.get("")
    return SiteHealth(
        site=site,
        uplink=here.uplink,
        open=calendar_of(session, here).is_open(now),
        online=any(device.online for device in devices),
        since=hall.changed if hall else 0,
        devices=devices,
        incidents=[shown(row, lang) for row in listed(session, [site], True, 0, 1000)],
        availability=[
            DayAvailability(day=one.day, open=one.open // 1000, online=one.online // 1000) for one in session.exec(days)
        ],
    )

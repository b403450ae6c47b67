"""HTTP of events and alarms."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlmodel import Session, col, select

from controller.accounts.deps import Technician, Viewer
from controller.accounts.service import audit
from controller.fleet.schemas import AlarmPublic, EventPublic, EventsPublic, IdQuery
from controller.ingest.alarms import now_ms
from controller.ingest.models import Alarm, Event
from controller.parts import PartsDep
from controller.web.problems import Problem

router = APIRouter()


@router.get("/events")
def events(
    who: Viewer,
    parts: PartsDep,
    site: Annotated[str, Query(pattern=r"^[a-z0-9-]{0,32}$", description="empty: what spares have told")],
    device: IdQuery = None,
    kind: Annotated[str | None, Query(pattern=r"^[a-z0-9.-]{1,32}$")] = None,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> EventsPublic:
    """Return a site's events in their order, those after `pos` = `after`."""
    if not who.may("viewer", site):
        raise Problem(403, "Your account has no right to this")
    query = select(Event).where(Event.site == site, col(Event.pos) > after).order_by(col(Event.pos)).limit(limit)
    if device is not None:
        query = query.where(Event.device == device)
    if kind is not None:
        query = query.where(Event.kind == kind)
    with parts.db.read() as session:
        found = [EventPublic.model_validate(row.model_dump()) for row in session.exec(query)]
    return EventsPublic(events=found, next=found[-1].pos if found else after)


@router.get("/alarms")
def alarms(who: Viewer, parts: PartsDep, site: IdQuery = None) -> list[AlarmPublic]:
    """Return open alarms; those of the controller itself, which have no site, are everybody's."""
    found = parts.store.alarms.open(site)
    return [AlarmPublic(**one._asdict()) for one in found if who.may("viewer", one.site or None)]


@router.delete("/alarms/{id}", status_code=204)
def close_alarm(id: Annotated[int, Path(ge=1, le=2**31 - 1)], who: Technician, parts: PartsDep) -> None:
    """Close an alarm that has been looked into."""

    def fn(session: Session) -> None:
        found = session.get(Alarm, id)
        if found is None or found.until or not (who.may("viewer", found.site) if found.site else who.everywhere):
            raise Problem(404, "There is no such alarm")
        found.until = now_ms()
        session.add(found)
        audit(session, who.name, "alarm.close", f"{found.site}/{found.device}", {"kind": found.kind})

    parts.db.write(fn)

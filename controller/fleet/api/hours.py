"""HTTP of the fleet's own hours and holidays."""

from fastapi import APIRouter
from sqlmodel import Session

from controller.accounts.deps import FleetAdmin, Viewer
from controller.accounts.service import audit
from controller.fleet.hours.models import ONLY, FleetHours, fleet_hours
from controller.fleet.hours.schemas import FleetHoursBody
from controller.parts import PartsDep

router = APIRouter()


@router.get("/hours")
def hours(who: Viewer, parts: PartsDep) -> FleetHoursBody:
    """Return the hours that hold where a hall has none of its own, and the holidays of all halls."""
    with parts.db.read() as session:
        return _shown(fleet_hours(session))


@router.put("/hours")
def set_hours(body: FleetHoursBody, who: FleetAdmin, parts: PartsDep) -> FleetHoursBody:
    """Set the hours that hold where a hall has none of its own, and the holidays of all halls; a hall's own go before
    them, day by day."""

    def fn(session: Session) -> FleetHoursBody:
        before = _shown(fleet_hours(session)).model_dump(mode="json")
        after = body.model_dump(mode="json")
        session.merge(FleetHours(id=ONLY, **after))
        audit(session, who.name, "hours.change", "", before, after)
        return body

    return parts.db.write(fn)


def _shown(found: FleetHours) -> FleetHoursBody:
    return FleetHoursBody.model_validate(found.model_dump(exclude={"id"}))

"""HTTP of sites and their positions."""

from fastapi import APIRouter
from sqlmodel import Session, col, select

from controller.accounts.deps import Admin, FleetAdmin, Viewer
from controller.accounts.service import audit
from controller.fleet import service
from controller.fleet.configuration import service as configuration
from controller.fleet.models import Device, Grant, Position, Site
from controller.fleet.schemas import (
    IdQuery,
    PositionCreate,
    PositionPublic,
    SiteCreate,
    SitePath,
    SitePublic,
    SiteUpdate,
)
from controller.fleet.service import FleetError
from controller.fleet.trust.claims import forget_site
from controller.ingest.models import Event
from controller.parts import PartsDep
from controller.web.problems import Problem

router = APIRouter()

BOOKKEEPING = ("day.opened", "lead.granted", "lead.passed", "lead.resumed")  # of a site where nothing has happened yet


def _shown(site: Site) -> SitePublic:
    return SitePublic.model_validate(site.model_dump(exclude={"tunables"}))


@router.get("/sites")
def sites(who: Viewer, parts: PartsDep) -> list[SitePublic]:
    """Return the sites that you may see."""
    with parts.db.read() as session:
        found = session.exec(select(Site).order_by(col(Site.id)))
        return [_shown(site) for site in found if who.may("viewer", site.id)]


@router.post("/sites", status_code=201)
def add_site(body: SiteCreate, who: FleetAdmin, parts: PartsDep) -> SitePublic:
    """Make a site; without a kiosk the controller leads its queue."""

    def fn(session: Session) -> SitePublic:
        if session.get(Site, body.id) is not None:
            raise FleetError("There is such a site already")
        site = Site(**body.model_dump(mode="json"))
        session.add(site)
        session.flush()
        said = body.model_dump(mode="json", include=body.model_fields_set & {*configuration.CONFIGURED})
        if why := configuration.say(session, site, said, who.name, new=True):
            raise Problem(422, why)
        service.check_documents(session, site)
        service.grant(session, site.id)
        audit(session, who.name, "site.add", site.id, None, body.model_dump(mode="json"))
        return _shown(site)

    made = parts.db.write(fn)
    parts.queue.site_changed(made.id)
    return made


@router.get("/sites/{site}")
def site(site: SitePath, who: Viewer, parts: PartsDep) -> SitePublic:
    """Return a site."""
    with parts.db.read() as session:
        return _shown(service.site_of(session, site))


@router.patch("/sites/{site}")
def change_site(site: SitePath, body: SiteUpdate, who: Admin, parts: PartsDep) -> SitePublic:
    """Change a site; its devices are configured anew."""

    def fn(session: Session) -> SitePublic:
        found = service.site_of(session, site)
        before = _shown(found).model_dump(mode="json")
        if body.district not in (None, found.district) and not who.everywhere:
            raise Problem(
                403, "Which sub-district a site is in decides who may see it: ask an admin of the whole fleet"
            )
        said = body.model_fields_set & {*configuration.CONFIGURED}
        for name, value in body.model_dump(mode="json", exclude_none=True, exclude={*configuration.CONFIGURED}).items():
            setattr(found, name, value)
        if why := configuration.say(session, found, body.model_dump(mode="json", include=said), who.name):
            raise Problem(422, why)
        found.rev += 1
        session.add(found)
        service.check_counters(session, found)
        service.check_documents(session, found)
        service.settle(session, found)
        after = _shown(found)
        audit(session, who.name, "site.change", site, before, after.model_dump(mode="json"))
        return after

    made = parts.db.write(fn)
    parts.link.changed(parts.roster.devices(site))
    parts.queue.site_changed(site)
    return made


@router.delete("/sites/{site}", status_code=204)
def remove_site(site: SitePath, who: FleetAdmin, parts: PartsDep) -> None:
    """Remove a site where nothing has happened yet. Its log keeps that it was there."""

    def fn(session: Session) -> None:
        found = service.site_of(session, site)
        if session.exec(select(Device).where(Device.site == site).limit(1)).first() is not None:
            raise FleetError("Devices stand at this site: move them first")
        happened = select(Event).where(Event.site == site, col(Event.kind).not_in(BOOKKEEPING))
        if session.exec(happened.limit(1)).first() is not None:
            raise FleetError("The site has a history and cannot be removed")
        forget_site(session, site)
        configuration.forget(session, site)
        for position in service.positions_of(session, site):
            session.delete(position)
        grant = session.get(Grant, site)
        if grant is not None:
            session.delete(grant)
        session.delete(found)
        audit(session, who.name, "site.remove", site, _shown(found).model_dump(mode="json"))

    parts.db.write(fn)
    parts.queue.site_removed(site)


@router.get("/positions")
def positions(who: Viewer, parts: PartsDep, site: IdQuery = None) -> list[PositionPublic]:
    """Return positions, of one site or of all that you may see."""
    with parts.db.read() as session:
        query = select(Position).order_by(col(Position.site), col(Position.id))
        found = session.exec(query if site is None else query.where(Position.site == site))
        return [_placed(one) for one in found if who.may("viewer", one.site)]


@router.post("/positions", status_code=201)
def add_position(body: PositionCreate, who: Admin, parts: PartsDep) -> PositionPublic:
    """Make a position."""
    if not who.may("admin", body.site):
        raise Problem(403, "Your account has no right to this")

    def fn(session: Session) -> PositionPublic:
        made = service.add_position(
            session, body.site, body.id, body.role, body.name, body.counter, body.leads, body.band
        )
        audit(session, who.name, "position.add", f"{body.site}/{body.id}", None, body.model_dump(mode="json"))
        return _placed(made)

    made = parts.db.write(fn)
    parts.link.changed(parts.roster.devices(body.site))
    parts.queue.site_changed(body.site)
    return made


def _placed(one: Position) -> PositionPublic:
    return PositionPublic(
        site=one.site,
        id=one.id,
        role=one.role,
        name=one.name,
        counter=one.counter,
        leads=one.leads,
        band=(one.low, one.high) if one.leads else None,
    )

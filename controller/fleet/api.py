"""HTTP of the fleet: sites, positions, devices and their claims, events, alarms."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlmodel import Session, col, select

from controller.accounts.deps import Admin, Technician, Viewer, WhoDep
from controller.accounts.service import audit
from controller.broker.security import Account
from controller.fleet import service
from controller.fleet.models import Device, Grant, Position, Site
from controller.fleet.schemas import (
    AlarmPublic,
    BrokerPublic,
    ClaimCreate,
    DevicePublic,
    EventPublic,
    EventsPublic,
    IdentityPublic,
    PositionCreate,
    PositionPublic,
    SiteBase,
    SiteCreate,
    SitePublic,
    SiteUpdate,
)
from controller.fleet.service import FleetError
from controller.ingest.models import Event
from controller.parts import PartsDep
from controller.web.problems import ANSWERS, Problem

router = APIRouter(tags=["fleet"], responses=ANSWERS)

IdQuery = Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,32}$")]


def _shown(site: Site) -> SitePublic:
    return SitePublic.model_validate(site.model_dump())


def _refused(error: FleetError) -> Problem:
    return Problem(404 if error.missing else 409, str(error))


@router.get("/sites")
def sites(who: Viewer, parts: PartsDep) -> list[SitePublic]:
    """Return the sites that you may see."""
    with parts.db.read() as session:
        found = session.exec(select(Site).order_by(col(Site.id)))
        return [_shown(site) for site in found if who.may("viewer", site.id)]


@router.post("/sites", status_code=201)
def add_site(body: SiteCreate, who: Admin, parts: PartsDep) -> SitePublic:
    """Make a site; without a kiosk the controller leads its queue."""

    def fn(session: Session) -> SitePublic:
        if session.get(Site, body.id) is not None:
            raise FleetError("There is such a site already")
        site = Site(**body.model_dump(mode="json"))
        session.add(site)
        session.flush()
        service.check_documents(session, site)
        service.grant(session, site.id)
        audit(session, who.name, "site.add", site.id, None, body.model_dump(mode="json"))
        return _shown(site)

    try:
        made = parts.db.write(fn)
    except FleetError as error:
        raise _refused(error) from None
    parts.queue.site_changed(made.id)
    return made


@router.get("/sites/{site}")
def site(site: str, who: Viewer, parts: PartsDep) -> SitePublic:
    """Return a site."""
    with parts.db.read() as session:
        try:
            return _shown(service.site_of(session, site))
        except FleetError as error:
            raise _refused(error) from None


@router.patch("/sites/{site}")
def change_site(site: str, body: SiteUpdate, who: Admin, parts: PartsDep) -> SitePublic:
    """Change a site; its devices are configured anew."""

    def fn(session: Session) -> SitePublic:
        found = service.site_of(session, site)
        before = _shown(found).model_dump(mode="json")
        changes = body.model_dump(mode="json", exclude_none=True)
        try:
            whole = SiteBase.model_validate({**{k: before[k] for k in SiteBase.model_fields}, **changes})
        except ValueError as error:
            raise Problem(422, str(error).splitlines()[-2].strip()) from None
        for name, value in whole.model_dump(mode="json").items():
            setattr(found, name, value)
        found.rev += 1
        session.add(found)
        service.check_documents(session, found)
        audit(session, who.name, "site.change", site, before, _shown(found).model_dump(mode="json"))
        return _shown(found)

    try:
        made = parts.db.write(fn)
    except FleetError as error:
        raise _refused(error) from None
    parts.link.changed(parts.roster.devices(site))
    parts.queue.site_changed(site)
    return made


@router.delete("/sites/{site}", status_code=204)
def remove_site(site: str, who: Admin, parts: PartsDep) -> None:
    """Remove a site where nothing has happened yet."""

    def fn(session: Session) -> None:
        found = service.site_of(session, site)
        if session.exec(select(Device).where(Device.site == site).limit(1)).first() is not None:
            raise FleetError("Devices stand at this site: move them first")
        if session.exec(select(Event).where(Event.site == site).limit(1)).first() is not None:
            raise FleetError("The site has a history and cannot be removed")
        for position in service.positions_of(session, site):
            session.delete(position)
        grant = session.get(Grant, site)
        if grant is not None:
            session.delete(grant)
        session.delete(found)
        audit(session, who.name, "site.remove", site, _shown(found).model_dump(mode="json"))

    try:
        parts.db.write(fn)
    except FleetError as error:
        raise _refused(error) from None
    parts.queue.site_changed(site)


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

    def fn(session: Session) -> PositionPublic:
        made = service.add_position(
            session, body.site, body.id, body.role, body.name, body.counter, body.leads, body.band
        )
        audit(session, who.name, "position.add", f"{body.site}/{body.id}", None, body.model_dump(mode="json"))
        return _placed(made)

    try:
        made = parts.db.write(fn)
    except FleetError as error:
        raise _refused(error) from None
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


@router.post("/devices/claims", status_code=201)
def claim(body: ClaimCreate, who: Technician, parts: PartsDep) -> IdentityPublic:
    """Give a device its identity at a position. Whatever stood there before loses its place and its secret."""
    if not who.may("technician", body.site):
        raise Problem(403, "Your account has no right to this")

    def fn(session: Session) -> tuple[Device, str, list[str], str]:
        made, secret, over = service.claim(session, parts.vault, body.device, body.site, body.position)
        audit(
            session,
            who.name,
            "device.claim",
            body.device,
            {"over": over},
            {"site": body.site, "position": body.position, "generation": made.generation},
        )
        position = session.get(Position, (body.site, body.position))
        assert position is not None
        return made, secret, over, position.role

    try:
        made, secret, over, role = parts.db.write(fn)
    except FleetError as error:
        raise _refused(error) from None
    parts.roster.forget()
    account = Account(made.id, made.generation, made.site, secret)
    if parts.access:
        parts.access.put(account)
        for username in over:
            parts.access.remove(username)
    parts.link.changed(parts.roster.devices(body.site))
    parts.queue.site_changed(body.site)
    return IdentityPublic(
        device=made.id,
        username=account.username,
        secret=secret,
        generation=made.generation,
        brokers=[BrokerPublic(host=one.host, port=one.port, tls=one.tls) for one in parts.settings.brokers],
        ca=parts.ca or None,
        site=made.site,
        position=made.position,
        role=role,
    )


@router.get("/devices")
def devices(who: Viewer, parts: PartsDep, site: IdQuery = None) -> list[DevicePublic]:
    """Return devices, of one site or of all that you may see."""
    with parts.db.read() as session:
        query = select(Device).order_by(col(Device.id))
        found = session.exec(query if site is None else query.where(Device.site == site)).all()
        return [_device(session, one) for one in found if who.may("viewer", one.site)]


@router.get("/devices/{device}")
def device(device: str, who: WhoDep, parts: PartsDep) -> DevicePublic:
    """Return a device."""
    with parts.db.read() as session:
        found = session.get(Device, device)
        if found is None or not who.may("viewer", found.site):
            raise Problem(404, "There is no such device")
        return _device(session, found)


def _device(session: Session, one: Device) -> DevicePublic:
    site = session.get(Site, one.site)
    position = session.get(Position, (one.site, one.position))
    desired = service.config_hash(service.document(session, site, position)) if site and position else ""
    return DevicePublic(
        id=one.id,
        site=one.site,
        position=one.position,
        role=position.role if position else "",
        generation=one.generation,
        online=one.online,
        fw=str(one.state.get("fw", "")),
        config=str(one.state.get("config", "")),
        desired=desired,
        seen=one.seen,
        state=one.state,
    )


@router.get("/events")
def events(
    who: Viewer,
    parts: PartsDep,
    site: Annotated[str, Query(pattern=r"^[a-z0-9-]{1,32}$")],
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
    """Return open alarms."""
    found = parts.store.alarms.open(site)
    return [AlarmPublic(**one._asdict()) for one in found if who.may("viewer", one.site or None)]

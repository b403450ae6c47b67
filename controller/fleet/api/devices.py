"""HTTP of devices: where they stand, what they are, whether they are there."""

from typing import TypeVar

from fastapi import APIRouter
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from controller.accounts.deps import WhoDep
from controller.accounts.service import Who
from controller.fleet import service
from controller.fleet.inventory import tags
from controller.fleet.models import Device, Position, Site, status
from controller.fleet.schemas import ClaimPublic, DevicePath, DevicePublic
from controller.fleet.trust.models import Claim
from controller.ingest.alarms import now_ms
from controller.parts import PartsDep
from controller.web.problems import Problem

router = APIRouter()

MANY = 500  # names in one question
Row = TypeVar("Row", Site, Position, Claim)


@router.get("/devices/{device}")
def device(device: DevicePath, who: WhoDep, parts: PartsDep) -> DevicePublic:
    """Return a device, also one that was claimed and not seen yet."""
    with parts.db.read() as session:
        found = shown(session, device)
    if found is None or not may_see(who, found.site or (found.pending.site if found.pending else "")):
        raise Problem(404, "There is no such device")
    return _for(who, found)


def shown(session: Session, device: str) -> DevicePublic | None:
    """Return a device as others see it, None for none."""
    found = session.get(Device, device)
    if found is not None:
        return _shown(session, [found])[0]
    claim = session.get(Claim, device)
    if claim is None or claim.expires <= now_ms():
        return None
    return _shown(session, [Device(id=device, role=claim.role, generation=0, sealed="", claimed=0)])[0]


def shown_all(session: Session, found: list[Device], who: Who) -> list[DevicePublic]:
    """Return devices that somebody may see as they see them."""
    return [_for(who, one) for one in _shown(session, found)]


def may_see(who: Who, site: str) -> bool:
    """Whether somebody may see a device at a site, "" for a spare."""
    return who.may("viewer", site) if site else who.everywhere or who.may("technician")


def _for(who: Who, device: DevicePublic) -> DevicePublic:
    """A claim for a site that is not theirs is not there."""
    theirs = device.pending is None or not device.pending.site or who.may("viewer", device.pending.site)
    return device if theirs else device.model_copy(update={"pending": None})


def _shown(session: Session, found: list[Device]) -> list[DevicePublic]:
    """Return devices as others see them, with three questions to the database and not three for each."""
    sites = {one.id: one for one in session.exec(_of(select(Site), Site.id, {one.site for one in found}))}
    positions: dict[str, list[Position]] = {site: [] for site in sites}
    for position in session.exec(_of(select(Position).order_by(col(Position.id)), Position.site, set(sites))):
        if position.site in positions:
            positions[position.site].append(position)
    ids = {one.id for one in found}
    waiting = _of(select(Claim).where(col(Claim.expires) > now_ms()), Claim.device, ids)
    claims = {one.device: one for one in session.exec(waiting)}
    tagged = tags.of(session, ids)
    hashes: dict[tuple[str, str], str] = {}

    def desired_of(site: str, position: Position) -> str:
        if (site, position.id) not in hashes:
            hashes[site, position.id] = service.config_hash(service.document_of(sites[site], positions[site], position))
        return hashes[site, position.id]

    def one_of(device: Device) -> DevicePublic:
        here = positions.get(device.site, [])
        position = next((one for one in here if one.id == device.position), None)
        desired = desired_of(device.site, position) if position else ""
        claim = claims.get(device.id)
        return DevicePublic(
            id=device.id,
            site=device.site,
            position=device.position,
            role=position.role if position else device.role,
            status=status(device, claim is not None),
            generation=device.generation,
            next=device.next,
            pending=ClaimPublic.model_validate(claim.model_dump()) if claim else None,
            online=device.online,
            fw=str(device.state.get("fw", "")),
            config=str(device.state.get("config", "")),
            desired=desired,
            seen=device.seen,
            state=device.state,
            tags=tagged.get(device.id, []),
        )

    return [one_of(device) for device in found]


def _of(query: SelectOfScalar[Row], column: str, names: set[str]) -> SelectOfScalar[Row]:
    """Return a query for the rows of some names; for all where there are many."""
    return query.where(col(column).in_(names)) if len(names) <= MANY else query

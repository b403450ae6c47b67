"""HTTP of devices: where they stand, what they are, whether they are there."""

from fastapi import APIRouter
from sqlmodel import Session, col, select

from controller.accounts.deps import Viewer, WhoDep
from controller.accounts.service import Who
from controller.fleet import service
from controller.fleet.models import Device, Position, Site
from controller.fleet.schemas import ClaimPublic, DevicePath, DevicePublic, IdQuery
from controller.fleet.trust.models import Claim
from controller.ingest.alarms import now_ms
from controller.parts import PartsDep
from controller.web.problems import Problem

router = APIRouter()


@router.get("/devices")
def devices(who: Viewer, parts: PartsDep, site: IdQuery = None) -> list[DevicePublic]:
    """Return the devices that have been seen, of one site or of all that you may see; spares are the technicians'."""
    with parts.db.read() as session:
        query = select(Device).order_by(col(Device.id))
        found = session.exec(query if site is None else query.where(Device.site == site)).all()
        return _shown(session, [one for one in found if _may_see(who, one.site)])


@router.get("/devices/{device}")
def device(device: DevicePath, who: WhoDep, parts: PartsDep) -> DevicePublic:
    """Return a device, also one that was claimed and not seen yet."""
    with parts.db.read() as session:
        found = shown(session, device)
    if found is None or not _may_see(who, found.site or (found.pending.site if found.pending else "")):
        raise Problem(404, "There is no such device")
    return found


def shown(session: Session, device: str) -> DevicePublic | None:
    """Return a device as others see it, None for none."""
    found = session.get(Device, device)
    if found is not None:
        return _shown(session, [found])[0]
    claim = session.get(Claim, device)
    if claim is None or claim.expires <= now_ms():
        return None
    return _shown(session, [Device(id=device, role=claim.role, generation=0, sealed="", claimed=0)])[0]


def _may_see(who: Who, site: str) -> bool:
    return who.may("viewer", site) if site else who.everywhere or who.may("technician")


def _shown(session: Session, found: list[Device]) -> list[DevicePublic]:
    """Return devices as others see them, with three questions to the database and not three for each."""
    names = {one.site for one in found}
    sites = {one.id: one for one in session.exec(select(Site)) if one.id in names}
    positions: dict[str, list[Position]] = {site: [] for site in sites}
    for position in session.exec(select(Position).order_by(col(Position.id))):
        if position.site in positions:
            positions[position.site].append(position)
    claims = {one.device: one for one in session.exec(select(Claim).where(col(Claim.expires) > now_ms()))}

    def one_of(device: Device) -> DevicePublic:
        here = positions.get(device.site, [])
        position = next((one for one in here if one.id == device.position), None)
        desired = service.config_hash(service.document_of(sites[device.site], here, position)) if position else ""
        claim = claims.get(device.id)
        return DevicePublic(
            id=device.id,
            site=device.site,
            position=device.position,
            role=position.role if position else device.role,
            status=_status(device, claim),
            generation=device.generation,
            next=device.next,
            pending=ClaimPublic.model_validate(claim.model_dump()) if claim else None,
            online=device.online,
            fw=str(device.state.get("fw", "")),
            config=str(device.state.get("config", "")),
            desired=desired,
            seen=device.seen,
            state=device.state,
        )

    return [one_of(device) for device in found]


def _status(device: Device, claim: Claim | None) -> str:
    if device.sealed:
        return "in_use" if device.position else "spare"
    return "claimed" if claim else "out_of_use"

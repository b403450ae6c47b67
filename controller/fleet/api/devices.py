"""HTTP of devices and their claims."""

from typing import NamedTuple

from fastapi import APIRouter
from sqlmodel import Session, col, select

from controller.accounts.deps import Technician, Viewer, WhoDep
from controller.accounts.service import audit
from controller.broker.security import Account
from controller.fleet import service
from controller.fleet.models import Device, Position, Site
from controller.fleet.schemas import BrokerPublic, ClaimCreate, DevicePath, DevicePublic, IdentityPublic, IdQuery
from controller.parts import PartsDep
from controller.web.problems import Problem

router = APIRouter()


class _Claimed(NamedTuple):
    """What a claim has come to: `left` is the site where the device stood before, "" for none other."""

    device: Device
    secret: str
    over: list[str]
    role: str
    left: str


@router.post("/devices/claims", status_code=201)
def claim(body: ClaimCreate, who: Technician, parts: PartsDep) -> IdentityPublic:
    """Give a device its identity at a position. Whatever stood there before loses its place and its secret."""
    if not who.may("technician", body.site):
        raise Problem(403, "Your account has no right to this")

    def fn(session: Session) -> _Claimed:
        there = session.get(Device, body.device)
        stood = (there.site, there.position) if there else ("", "")
        if stood[0] and not who.may("technician", stood[0]):
            raise Problem(403, "The device stands at a site that is not yours")
        made, secret, over = service.claim(session, parts.vault, body.device, body.site, body.position)
        left = stood[0] if stood[0] != made.site else ""
        if left:
            service.grant(session, left)
        audit(
            session,
            who.name,
            "device.claim",
            body.device,
            {"over": over, "site": stood[0], "position": stood[1]},
            {"site": body.site, "position": body.position, "generation": made.generation},
        )
        position = session.get(Position, (body.site, body.position))
        assert position is not None
        return _Claimed(made, secret, over, position.role, left)

    made, secret, over, role, left = parts.db.write(fn)
    parts.roster.forget()
    account = Account(made.id, made.generation, made.site, secret)
    for site in (made.site, left):
        if site:
            parts.queue.site_changed(site)
    if parts.access:
        parts.access.tell(made.id, [account.username, *over])
    parts.link.changed([device for site in (made.site, left) if site for device in parts.roster.devices(site)])
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
        return _shown(session, [one for one in found if who.may("viewer", one.site)])


@router.get("/devices/{device}")
def device(device: DevicePath, who: WhoDep, parts: PartsDep) -> DevicePublic:
    """Return a device."""
    with parts.db.read() as session:
        found = session.get(Device, device)
        if found is None or not who.may("viewer", found.site):
            raise Problem(404, "There is no such device")
        return _shown(session, [found])[0]


def _shown(session: Session, found: list[Device]) -> list[DevicePublic]:
    """Return devices as others see them, with two questions to the database and not two for each."""
    names = {one.site for one in found}
    sites = {one.id: one for one in session.exec(select(Site)) if one.id in names}
    positions: dict[str, list[Position]] = {site: [] for site in sites}
    for position in session.exec(select(Position).order_by(col(Position.id))):
        if position.site in positions:
            positions[position.site].append(position)

    def one_of(device: Device) -> DevicePublic:
        here = positions.get(device.site, [])
        position = next((one for one in here if one.id == device.position), None)
        desired = service.config_hash(service.document_of(sites[device.site], here, position)) if position else ""
        return DevicePublic(
            id=device.id,
            site=device.site,
            position=device.position,
            role=position.role if position else "",
            generation=device.generation,
            online=device.online,
            fw=str(device.state.get("fw", "")),
            config=str(device.state.get("config", "")),
            desired=desired,
            seen=device.seen,
            state=device.state,
        )

    return [one_of(device) for device in found]

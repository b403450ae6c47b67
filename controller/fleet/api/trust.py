"""HTTP of devices in use: swap them, give them another secret, trust them no more; the Wi-Fi that they know."""

from fastapi import APIRouter
from sqlmodel import Session

from controller.accounts.deps import Admin, Technician
from controller.accounts.service import Who, audit
from controller.fleet import service
from controller.fleet.api.devices import shown
from controller.fleet.models import Device
from controller.fleet.schemas import DevicePath, DevicePublic, SitePath
from controller.fleet.trust import connections
from controller.fleet.trust.models import Claim
from controller.fleet.trust.schemas import NetworkPublic, Networks, SwapCreate, SwapPublic
from controller.parts import Parts, PartsDep
from controller.web.problems import Problem

router = APIRouter()


@router.post("/devices/swaps")
def swap(body: SwapCreate, who: Technician, parts: PartsDep) -> SwapPublic:
    """Let a spare take the place of another device, whose secret is over at once. Asked again it is the same swap."""
    _theirs(parts, who, body.old)
    _theirs(parts, who, body.new)
    made = parts.identities.swap(body.old, body.new, who.name)
    return SwapPublic(site=made.site, position=made.position, role=made.role, old=body.old, new=body.new)


@router.post("/devices/{device}/secret", status_code=202)
def rotate(device: DevicePath, who: Technician, parts: PartsDep) -> DevicePublic:
    """Give a device another secret: the old one is over when the device has been seen with the new one."""
    _theirs(parts, who, device)
    if not parts.settings.protected:
        raise Problem(409, "Devices reach the broker without TLS: a secret could be read on its way")
    parts.identities.rotate(device, who.name)
    with parts.db.read() as session:
        found = shown(session, device)
    assert found is not None
    return found


@router.post("/devices/{device}/revocation", status_code=204)
def revoke(device: DevicePath, who: Technician, parts: PartsDep) -> None:
    """Trust a device no more: it is thrown out of the broker at once, and loses its place. Its history stays."""
    _theirs(parts, who, device)
    parts.identities.revoke(device, who.name)


@router.get("/sites/{site}/networks")
def networks(site: SitePath, who: Technician, parts: PartsDep) -> list[NetworkPublic]:
    """Return a hall's Wi-Fi networks in the order in which its devices try them; no passwords."""
    with parts.db.read() as session:
        service.site_of(session, site)
        found = connections.networks(session, parts.vault, site)
    return [NetworkPublic(ssid=ssid, locked=bool(password)) for ssid, password in found]


@router.put("/sites/{site}/networks")
def set_networks(site: SitePath, body: Networks, who: Admin, parts: PartsDep) -> list[NetworkPublic]:
    """Set a hall's Wi-Fi networks; its devices try them and keep what works."""
    if len({one.ssid for one in body}) < len(body):
        raise Problem(422, "Two networks have the same name")

    def fn(session: Session) -> list[NetworkPublic]:
        service.site_of(session, site)
        known = dict(connections.networks(session, parts.vault, site))
        wanted = [(one.ssid, known.get(one.ssid, "") if one.password is None else one.password) for one in body]
        connections.set_networks(session, parts.vault, site, wanted)
        audit(session, who.name, "site.networks", site, {"ssids": list(known)}, {"ssids": [one.ssid for one in body]})
        return [NetworkPublic(ssid=ssid, locked=bool(password)) for ssid, password in wanted]

    made = parts.db.write(fn)
    parts.link.changed(parts.roster.devices(site))
    return made


def _theirs(parts: Parts, who: Who, device: str) -> None:
    """Refuse to speak of a device at a site that is not the technician's; spares are everybody's."""
    with parts.db.read() as session:
        for stood in (session.get(Device, device), session.get(Claim, device)):
            if stood is not None and stood.site and not who.may("technician", stood.site):
                raise Problem(404, "There is no such device")

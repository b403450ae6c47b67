"""HTTP of claims: a device's next identity, reserved until the device is seen with it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Security
from fastapi.security import HTTPBearer
from sqlmodel import col, select

from controller.accounts.deps import Technician, somebody
from controller.accounts.service import Who
from controller.fleet.api.devices import shown
from controller.fleet.models import Device, Site
from controller.fleet.schemas import ClaimPublic, DevicePath
from controller.fleet.trust import tokens
from controller.fleet.trust.identities import Identity
from controller.fleet.trust.models import Claim
from controller.fleet.trust.schemas import (
    BrokerPublic,
    ClaimCreate,
    ClaimSeen,
    ClaimTokenCreate,
    ClaimTokenMade,
    IdentityPublic,
)
from controller.ingest.alarms import now_ms
from controller.parts import Parts, PartsDep
from controller.release_key import hex_of
from controller.web.links import address
from controller.web.problems import Problem

router = APIRouter()

NO_RIGHT = "Your account has no right to this"
_BEARER = HTTPBearer(scheme_name="claim", description="POST /devices/claims/tokens", auto_error=False)


class Holder:
    """Whoever holds a claim token."""

    def __init__(self, token: str) -> None:
        self.token = token


def _claimant(request: Request, parts: PartsDep, _bearer: object = Security(_BEARER)) -> Who | Holder:
    """Return who claims: a technician, or the holder of a claim token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip().startswith(tokens.PREFIX):
        return Holder(token.strip())
    who = somebody(request, parts)
    if not who.may("technician"):
        raise Problem(403, NO_RIGHT)
    return who


Claimant = Annotated[Who | Holder, Depends(_claimant)]


@router.post("/devices/claims", status_code=201)
def claim(body: ClaimCreate, claimant: Claimant, parts: PartsDep) -> IdentityPublic:
    """Reserve a device's next identity. Nothing else changes until the device is seen with it: then it takes its
    position, and whoever stood there loses place and secret."""
    asked = body.asked(body.device)
    if isinstance(claimant, Holder):
        return _shown(parts, parts.identities.reserve_by(claimant.token, asked))
    _check(parts, claimant, body.device, body.site)
    return _shown(parts, parts.identities.reserve(asked, claimant))


@router.get("/devices/claims")
def waiting(who: Technician, parts: PartsDep) -> list[ClaimPublic]:
    """Return the claims that wait for their devices, of the sites that you may see and of spares."""
    with parts.db.read() as session:
        query = select(Claim).where(col(Claim.expires) > now_ms()).order_by(col(Claim.device))
        return [
            ClaimPublic.model_validate(one.model_dump())
            for one in session.exec(query)
            if not one.site or who.may("technician", one.site)
        ]


@router.post("/devices/claims/tokens", status_code=201)
def add_token(body: ClaimTokenCreate, request: Request, who: Technician, parts: PartsDep) -> ClaimTokenMade:
    """Make a token for one claim, to be given to whoever flashes the device."""
    if body.site and not who.may("technician", body.site):
        raise Problem(403, NO_RIGHT)
    token, made = parts.identities.token(body.asked(), body.minutes, who)
    return ClaimTokenMade(token=token, expires=made.expires, link=f"{address(request, parts)}/claim#{token}")


@router.get("/devices/claims/{device}")
def seen(device: DevicePath, claimant: Claimant, parts: PartsDep) -> ClaimSeen:
    """Return whether a device that you have claimed was seen: what whoever flashes it waits for."""
    with parts.db.read() as session:
        if isinstance(claimant, Holder) and not tokens.holds(session, claimant.token, device, now_ms()):
            raise Problem(401, "This claim token is not known")
        found = shown(session, device)
        site = "" if found is None else found.site or (found.pending.site if found.pending else "")
        if found is None or (site and isinstance(claimant, Who) and not claimant.may("technician", site)):
            raise Problem(404, "There is no such device")
        pending = found.pending.generation if found.pending else 0
        return ClaimSeen(
            device=device, online=found.online, generation=found.generation, pending=pending, seen=found.seen
        )


@router.delete("/devices/claims/{device}", status_code=204)
def cancel(device: DevicePath, claimant: Claimant, parts: PartsDep) -> None:
    """Take back a claim that was not used; it leaves nothing behind."""
    with parts.db.read() as session:
        found = session.get(Claim, device)
        if isinstance(claimant, Holder):
            if not tokens.holds(session, claimant.token, device, now_ms()):
                raise Problem(401, "This claim token is not known")
        elif found is not None and found.site and not claimant.may("technician", found.site):
            raise Problem(404, "No claim of this device waits")
    parts.identities.cancel(device, found.who if isinstance(claimant, Holder) and found else _name(claimant))


def _name(claimant: Who | Holder) -> str:
    return claimant.name if isinstance(claimant, Who) else "claim token"


def _check(parts: Parts, who: Who, device: str, site: str) -> None:
    """Refuse a claim for a site, or of a device at a site, that is not the technician's."""
    if site and not who.may("technician", site):
        raise Problem(403, NO_RIGHT)
    with parts.db.read() as session:
        there, claimed = session.get(Device, device), session.get(Claim, device)
    for stood in (there, claimed):
        if stood is not None and stood.site and not who.may("technician", stood.site):
            raise Problem(403, "The device stands at a site that is not yours")


def _shown(parts: Parts, made: Identity) -> IdentityPublic:
    claim, how = made
    with parts.db.read() as session:
        site = session.get(Site, claim.site)
    return IdentityPublic(
        device=claim.device,
        role=claim.role,
        username=f"{claim.device}.{claim.generation}",
        secret=how.secret,
        generation=claim.generation,
        brokers=[BrokerPublic(host=host, port=port, tls=bool(tls)) for host, port, tls in how.brokers],
        ca=parts.identities.ca() or None,
        site=claim.site,
        position=claim.position,
        networks=how.networks,
        lang=site.lang if site else "id",
        release_key=hex_of(parts.settings.release_key),
        expires=claim.expires,
    )

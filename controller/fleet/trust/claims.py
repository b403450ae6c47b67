"""Claims: a reservation of a device's next identity, and what becomes of it. Within a write transaction."""

import secrets
from typing import NamedTuple

from sqlmodel import Session, col, select

from controller.accounts.service import audit
from controller.broker.vault import Vault
from controller.fleet import service
from controller.fleet.models import Device, Position
from controller.fleet.service import FleetError
from controller.fleet.trust.models import Claim, Wifi
from controller.fleet.trust.places import Change, stand, step_aside

CONTROLLER = "controller"  # in the audit log, where nobody has done it
HOUR_MS = 3_600_000


class Asked(NamedTuple):
    """What is claimed. A spare has a role and no place; elsewhere the role is the position's, and may be left out."""

    device: str
    site: str = ""
    position: str = ""
    role: str = ""


class Reserved(NamedTuple):
    """A claim that was made, and the secret, which is told only once."""

    claim: Claim
    secret: str
    change: Change


def role_of(session: Session, asked: Asked) -> str:
    """Return the role that is claimed. Raises FleetError where there is no such place, or none that fits."""
    if not asked.position:
        if asked.site or not asked.role:
            raise FleetError("A claim names a position of a site, or is for a spare and names its role")
        return asked.role
    service.site_of(session, asked.site)
    position = session.get(Position, (asked.site, asked.position))
    if position is None:
        raise FleetError("There is no such position", missing=True)
    if asked.role not in ("", position.role):
        raise FleetError("The position is for a device of another role")
    return position.role


def reserve(session: Session, vault: Vault, asked: Asked, who: str, now: int, hours: int, token: str = "") -> Reserved:
    """Reserve the next generation of a device's secret; an earlier claim of it that still waits is over by that.

    Raises FleetError.
    """
    role = role_of(session, asked)
    change = Change()
    found, before = session.get(Device, asked.device), session.get(Claim, asked.device)
    generation = max(found.last if found else 0, before.generation if before else 0) + 1
    if before is not None:
        change.account(asked.device, before.generation)
        session.delete(before)
        session.flush()
    if found is not None:
        found.last = generation
        session.add(found)
    secret = secrets.token_urlsafe(24)
    claim = Claim(
        device=asked.device,
        generation=generation,
        sealed=vault.seal(secret, f"{asked.device}.{generation}"),
        site=asked.site,
        position=asked.position,
        role=role,
        connection="",
        token=token,
        who=who,
        at=now,
        expires=now + hours * HOUR_MS,
    )
    session.add(claim)
    change.account(asked.device, generation)
    audit(session, who, "device.claim", asked.device, _stood(found), _asked(claim))
    return Reserved(claim, secret, change)


def take(session: Session, device: str, generation: int | None, now: int) -> Change | None:
    """Let a device that has been born use its claim; None where that is not what it was born with.

    Args:
        generation: of the secret that it says it uses. None for firmware that does not say: it is that of the claim
            where there is no other.
    """
    claim, found = session.get(Claim, device), session.get(Device, device)
    if claim is None or claim.expires <= now:
        return None
    alone = found is None or not found.sealed
    if generation != claim.generation and not (generation is None and alone):
        return None
    change = Change()
    stood = _stood(found)
    if found is None:
        found = Device(id=device, role=claim.role, generation=claim.generation, sealed="", claimed=now)
    else:
        change.account(device, found.generation)
        change.account(device, found.next)
    found.generation, found.sealed, found.last = claim.generation, claim.sealed, max(found.last, claim.generation)
    found.next, found.next_sealed = 0, ""
    found.role, found.connection, found.claimed = claim.role, claim.connection, now
    position = session.get(Position, (claim.site, claim.position))
    if position is None:
        step_aside(session, found, change)  # a spare; or its place is no more, and it is one now
    else:
        stand(session, found, position, change)
    session.delete(claim)
    audit(session, claim.who, "device.take", device, stood, _stood(found))
    return change


def cancel(session: Session, device: str, who: str) -> Change:
    """Take a claim back that was not used. Raises FleetError where none waits."""
    claim = session.get(Claim, device)
    if claim is None:
        raise FleetError("No claim of this device waits", missing=True)
    return _forget(session, claim, who, "device.claim.cancel")


def any_over(session: Session, now: int) -> bool:
    """Whether there is a claim whose time is over."""
    return session.exec(select(Claim.device).where(col(Claim.expires) <= now).limit(1)).first() is not None


def expire(session: Session, now: int) -> list[Change]:
    """Take back all claims whose time is over."""
    over = session.exec(select(Claim).where(col(Claim.expires) <= now)).all()
    return [_forget(session, claim, CONTROLLER, "device.claim.expire") for claim in over]


def forget_site(session: Session, site: str) -> None:
    """Keep nothing of a site that is removed. Raises FleetError where a claim waits that is for it."""
    if session.exec(select(Claim.device).where(Claim.site == site).limit(1)).first() is not None:
        raise FleetError("Devices are claimed for this site: cancel that first")
    kept = session.get(Wifi, site)
    if kept is not None:
        session.delete(kept)


def _forget(session: Session, claim: Claim, who: str, what: str) -> Change:
    change = Change()
    change.account(claim.device, claim.generation)
    session.delete(claim)
    audit(session, who, what, claim.device, _asked(claim))
    return change


def _asked(claim: Claim) -> dict[str, object]:
    return {
        "site": claim.site,
        "position": claim.position,
        "role": claim.role,
        "generation": claim.generation,
        "by": "token" if claim.token else "account",
    }


def _stood(found: Device | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {"site": found.site, "position": found.position, "generation": found.generation}

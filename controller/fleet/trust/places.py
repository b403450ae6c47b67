"""Places and secrets of devices: who stands where, and who is trusted no more. Within a write transaction."""

import json
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from controller.accounts.models import AuditEntry
from controller.accounts.service import audit
from controller.fleet import service
from controller.fleet.models import Device, Position
from controller.fleet.service import FleetError
from controller.fleet.trust.models import Claim

SWAP = "device.swap"  # in the audit log


@dataclass
class Change:
    """What a write has changed: to be told to others when it is committed."""

    sites: set[str] = field(default_factory=set)
    accounts: dict[str, set[str]] = field(default_factory=dict)  # usernames at the broker that are others, by device

    def account(self, device: str, generation: int) -> None:
        """Note that an account has changed, come or gone; generation 0 is none."""
        if generation:
            self.accounts.setdefault(device, set()).add(f"{device}.{generation}")


def stand(session: Session, found: Device, position: Position, change: Change) -> None:
    """Let a device stand at a position. Whoever stood there loses place and secret; who leads is looked at anew."""
    burn = 0
    for other in session.exec(select(Device).where(Device.site == position.site, Device.position == position.id)).all():
        if not other.online:  # what it has given since we last heard of it may be in people's hands
            burn = service.UNKNOWN
        if other.id != found.id:
            dismiss(session, other, change)
    left = found.site
    found.site, found.position, found.role = position.site, position.id, position.role
    session.add(found)
    session.flush()
    change.sites |= {site for site in (left, position.site) if site}
    if left and left != position.site:
        service.grant(session, left)
    service.grant(session, position.site, position.id, burn)


def step_aside(session: Session, found: Device, change: Change) -> None:
    """Let a device stand nowhere: it is a spare, or, without a secret, out of use."""
    left, found.site, found.position = found.site, "", ""
    session.add(found)
    session.flush()
    if left:
        change.sites.add(left)
        service.grant(session, left)


def dismiss(session: Session, found: Device, change: Change) -> None:
    """Take place and secret from a device. What it has done stays in the log. Who leads is the caller's to look at."""
    change.account(found.id, found.generation)
    change.account(found.id, found.next)
    if found.site:
        change.sites.add(found.site)
    found.site = found.position = found.sealed = found.next_sealed = ""
    found.next, found.online = 0, False
    session.add(found)
    session.flush()


def swap(session: Session, old: str, new: str, who: str) -> tuple[Device, Change]:
    """Let a spare take the place of another device, whose secret is over. Raises FleetError.

    Said again after it was done, it is done: the answer to the first may have been lost on the way.
    """
    change = Change()
    dead, spare = session.get(Device, old), session.get(Device, new)
    if dead is None:
        raise FleetError("There is no such device: scan the label of the one that is to go", missing=True)
    if spare is not None and spare.site and _swapped(session, spare) == old:
        change.account(old, dead.generation)
        change.account(new, spare.generation)
        return spare, change
    position = session.get(Position, (dead.site, dead.position))
    if position is None:
        raise FleetError("The device that is to go stands nowhere: scan the label of the one in the hall")
    if old == new:
        raise FleetError("This is the same device twice: scan the label of the spare")
    if spare is None or not spare.sealed:
        if session.get(Claim, new) is not None:
            raise FleetError("The spare has not been online since it was claimed: switch it on first")
        raise FleetError("The new device is not trusted: flash and claim it as a spare first", missing=spare is None)
    if spare.site:
        raise FleetError("The new device stands somewhere already: only a spare can take over")
    if spare.role != position.role:
        raise FleetError("The spare has another role than this position needs")
    change.account(new, spare.generation)
    change.account(new, spare.next)
    stand(session, spare, position, change)
    audit(session, who, SWAP, f"{position.site}/{position.id}", {"device": old}, {"device": new})
    return spare, change


def revoke(session: Session, device: str, who: str) -> Change:
    """Trust a device no more, whatever it has or was promised. Raises FleetError where there is none."""
    change = Change()
    found, claim = session.get(Device, device), session.get(Claim, device)
    if found is None and claim is None:
        raise FleetError("There is no such device", missing=True)
    if claim is not None:
        change.account(device, claim.generation)
        session.delete(claim)
    if found is not None:
        stood = {"site": found.site, "position": found.position, "generation": found.generation}
        left = found.site
        if found.sealed or claim is not None:
            audit(session, who, "device.revoke", device, stood)
        dismiss(session, found, change)
        if left:
            service.grant(session, left)
    else:
        audit(session, who, "device.revoke", device)
    return change


def _swapped(session: Session, spare: Device) -> str:
    """Return the device whose place this one was last given, "" for none."""
    query = (
        select(AuditEntry)
        .where(AuditEntry.target == f"{spare.site}/{spare.position}", AuditEntry.what == SWAP)
        .order_by(col(AuditEntry.id).desc())
    )
    found = session.exec(query.limit(1)).first()
    if found is None or json.loads(found.after)["device"] != spare.id:
        return ""
    return str(json.loads(found.before)["device"])

"""Another secret for a device in use: the old one holds until the device is seen with the new.

Within a write transaction.
"""

import secrets

from sqlmodel import Session

from controller.accounts.service import audit
from controller.broker.vault import Vault
from controller.fleet.models import Device
from controller.fleet.service import FleetError
from controller.fleet.trust.claims import CONTROLLER
from controller.fleet.trust.places import Change
from controller.ingest.alarms import Alarms


def begin(session: Session, vault: Vault, device: str, who: str) -> Change:
    """Make the next generation of a device's secret; one that is on its way already stays. Raises FleetError."""
    found = session.get(Device, device)
    if found is None:
        raise FleetError("There is no such device", missing=True)
    if not found.sealed:
        raise FleetError("The device is not trusted any more: claim it anew")
    if found.state and "conn" not in found.state:
        raise FleetError("The device's firmware cannot change its secret: update it, or claim it anew")
    change = Change()
    if found.next:
        return change
    found.last += 1
    found.next = found.last
    found.next_sealed = vault.seal(secrets.token_urlsafe(24), f"{device}.{found.next}")
    session.add(found)
    change.account(device, found.next)
    audit(session, who, "device.secret", device, {"generation": found.generation}, {"generation": found.next})
    return change


def finish(session: Session, device: str, generation: int) -> Change | None:
    """Let the new secret be the only one, where the device has been born with it."""
    found = session.get(Device, device)
    if found is None or not found.next or found.next != generation:
        return None
    change = Change()
    change.account(device, found.generation)
    found.generation, found.sealed = found.next, found.next_sealed
    found.next, found.next_sealed = 0, ""
    session.add(found)
    audit(session, CONTROLLER, "device.secret.changed", device, None, {"generation": generation})
    return change


def give_up(session: Session, device: str, generation: int, now: int) -> Change | None:
    """Go on with the old secret: the device could not connect with the new one."""
    found = session.get(Device, device)
    if found is None or not found.next or found.next != generation:
        return None
    change = Change()
    change.account(device, found.next)
    found.next, found.next_sealed = 0, ""
    session.add(found)
    audit(session, CONTROLLER, "device.secret.failed", device, {"generation": generation})
    detail = f"the device could not connect with generation {generation} of its secret"
    Alarms.raise_in(session, found.site, device, "secret", detail, now)
    return change

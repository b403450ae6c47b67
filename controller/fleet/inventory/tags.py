"""Tags: words that people put on devices."""

from collections.abc import Iterable

from sqlmodel import Session, col, delete, func, select
from sqlmodel.sql.expression import SelectOfScalar

from controller.accounts.service import Who, audit
from controller.fleet.inventory.models import DeviceTag
from controller.fleet.models import Device
from controller.fleet.search.query import devices, visible
from controller.fleet.service import FleetError

MOST = 16  # of a device
MANY = 500  # devices: for more all are read


def of(session: Session, ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the tags of some devices, in their order; those without are left out."""
    named = list(ids)
    if len(named) > MANY:
        return of_all(session)
    return _by_device(session, select(DeviceTag).where(col(DeviceTag.device).in_(named)))


def of_all(session: Session) -> dict[str, list[str]]:
    """Return the tags of all devices, as `of` does."""
    return _by_device(session, select(DeviceTag))


def _by_device(session: Session, query: SelectOfScalar[DeviceTag]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in session.exec(query.order_by(col(DeviceTag.device), col(DeviceTag.tag))):
        found.setdefault(one.device, []).append(one.tag)
    return found


def used(session: Session, who: Who, now: int) -> list[tuple[str, int]]:
    """Return the tags of the devices that somebody may see, and on how many of them each is."""
    query = devices(DeviceTag.tag, func.count()).join(DeviceTag, col(DeviceTag.device) == col(Device.id))
    query = query.where(visible(who, now)).group_by(DeviceTag.tag).order_by(DeviceTag.tag)
    return [(str(tag), int(str(count))) for tag, count in map(tuple, session.connection().execute(query))]


def put_theirs(session: Session, who: Who, device: str, wanted: Iterable[str]) -> list[str]:
    """Do `put` where the device is one of theirs; else raise a FleetError as if it were not there."""
    found = session.get(Device, device)
    if found is None or not who.may("technician", found.site or None):
        raise FleetError("There is no such device", missing=True)
    return put(session, device, wanted, who.name)


def put(session: Session, device: str, wanted: Iterable[str], who: str) -> list[str]:
    """Give a device these tags and no others; return them. Whether it is theirs, the caller has looked.

    Raises FleetError where there are too many.
    """
    before, after = of(session, [device]).get(device, []), sorted(set(wanted))
    if len(after) > MOST:
        raise FleetError("A device has at most 16 tags")
    if before != after:
        session.exec(delete(DeviceTag).where(col(DeviceTag.device) == device))
        session.add_all([DeviceTag(device=device, tag=tag) for tag in after])
        session.flush()
        audit(session, who, "device.tags", device, {"tags": before}, {"tags": after})
    return after

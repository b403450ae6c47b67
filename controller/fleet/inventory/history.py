"""A device's figures over time, for charts: the worst of each ten minutes, kept for some days.

Written with the presence, which a device's state changes anyway; a device that says nothing adds nothing.
"""

from collections.abc import Callable

from sqlmodel import Session, col, delete, select

from controller.fleet.inventory.models import Sample
from controller.fleet.models import Device

STEP_MS = 600_000
DAY_MS = 86_400_000


def take(session: Session, device: Device, at: int, days: int) -> None:
    """Keep what a device has just said, at `at` (Unix ms), its columns filled in; forget what is older than `days`."""
    began = at - at % STEP_MS
    found = session.get(Sample, (device.id, began))
    if found is None:
        session.exec(delete(Sample).where(col(Sample.device) == device.id, col(Sample.at) < at - days * DAY_MS))
        found = Sample(device=device.id, at=began, heap=device.heap, rssi=device.rssi, backlog=device.backlog)
    else:
        found.heap = _worse(min, found.heap, device.heap)
        found.rssi = _worse(min, found.rssi, device.rssi)
        found.backlog = _worse(max, found.backlog, device.backlog)
    session.add(found)


def since(session: Session, device: str, at: int) -> list[Sample]:
    """Return the samples of a device from `at` on, in their order."""
    query = select(Sample).where(Sample.device == device, Sample.at >= at - at % STEP_MS)
    return list(session.exec(query.order_by(col(Sample.at))))


def forget(session: Session, before: int) -> None:
    """Forget the samples of devices that have not been heard of since `before`, which will not do it themselves."""
    silent = select(Device.id).where(col(Device.seen) < before)
    session.exec(delete(Sample).where(col(Sample.device).in_(silent)))


def _worse(of: Callable[[int, int], int], one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else of(one, other)

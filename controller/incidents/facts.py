"""What is known of all halls and their devices, read in one moment for the judge."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from sqlmodel import Session, col, select

from controller.fleet.hours.calendar import Calendar
from controller.fleet.hours.models import calendars
from controller.fleet.models import Device
from controller.incidents.judging.judge import DeviceFacts, Key
from controller.incidents.judging.watch import Watch
from controller.incidents.models import Condition, Incident, Watched

Json = dict[str, object]


class Placed(NamedTuple):
    """A device in use in its place, as the fleet knows it. `seen`: Unix ms of its last word, which `state` is."""

    id: str
    site: str
    position: str
    online: bool
    seen: int
    state: Json

    def number(self, name: str, default: int = 0) -> int:
        """Return a number of its last word."""
        value = self.state.get(name, default)
        return value if isinstance(value, int) else default

    def text(self, name: str) -> str:
        """Return a text of its last word."""
        return str(self.state.get(name, ""))


@dataclass
class Known:
    """Everything that a look needs. `watches` by site and device, "" for the whole site; `open` by key: the id."""

    calendars: dict[str, Calendar]
    devices: dict[str, list[Placed]]
    watches: dict[tuple[str, str], Watch]
    conditions: dict[tuple[str, str], Condition]
    open: dict[Key, Incident]


def known(session: Session) -> Known:
    """Read it."""
    halls = calendars(session)
    devices: dict[str, list[Placed]] = {site: [] for site in halls}
    for device in placed(session):
        if device.site in devices:
            devices[device.site].append(device)
    watches = {
        (one.site, one.device): Watch(
            one.there, one.changed, one.away, one.boots, tuple((boots, at) for boots, at in one.crashes)
        )
        for one in session.exec(select(Watched))
    }
    conditions = {(one.site, one.device): one for one in session.exec(select(Condition))}
    standing = {Key(one.site, one.device, one.kind): one for one in session.exec(select(Incident).where(OPEN))}
    return Known(halls, devices, watches, conditions, standing)


OPEN = col(Incident.until) == 0


def placed(session: Session, site: str | None = None) -> list[Placed]:
    """Return the devices in use that stand somewhere, of one site or of all."""
    query = select(Device.id, Device.site, Device.position, Device.online, Device.seen, Device.state)  # type: ignore[call-overload]
    query = query.where(col(Device.sealed) != "", col(Device.position) != "").order_by(col(Device.id))
    found = session.exec(query if site is None else query.where(col(Device.site) == site))
    return [Placed(*row) for row in found]


def facts(
    device: Placed, watch: Watch, condition: Condition | None, refuses: Callable[[str, str], bool]
) -> DeviceFacts:
    """Return a device as the judge sees it; `refuses(device, hash)`: whether it should be configured to that."""
    rejected = device.text("rejected")
    crashed = dict(watch.crashes)
    if condition is not None:
        crashed |= {one[0]: one[1] for one in condition.crashes}  # an event knows better when it was
    return DeviceFacts(
        id=device.id,
        watch=watch,
        clock=device.number("clock", 3),
        heap=device.number("heap", 1 << 20),
        backlog=device.number("backlog"),
        code=device.text("code"),
        boots=device.number("boots"),
        reset=device.text("reset"),
        paper=condition.paper if condition else "",
        fault=condition.fault if condition else "",
        full=condition.full if condition else 0,
        refuses=bool(rejected) and device.text("config") != rejected and refuses(device.id, rejected),
        crashed=crashed,
    )

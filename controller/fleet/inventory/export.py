"""Devices as rows of a file: what stands in its columns, times in the zone of their site."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone

from sqlmodel import Session

from controller.accounts.service import Who
from controller.fleet.inventory.listing import Wanted
from controller.fleet.models import Device, Position, Site, status
from controller.fleet.search.order import order
from controller.fleet.search.parse import parse
from controller.fleet.search.query import devices, visible, where
from controller.web.i18n import N_
from controller.web.sheet import Cell

COLUMNS = (
    N_("Device"),
    N_("Site"),
    N_("Name of the site"),
    N_("Sub-district"),
    N_("Position"),
    N_("Role"),
    N_("Status"),
    N_("Online"),
    N_("Last heard of"),
    N_("Firmware"),
    N_("Free memory (bytes)"),
    N_("Wi-Fi (dBm)"),
    N_("Backlog (events)"),
    N_("Starts"),
    N_("Running for (s)"),
    N_("Code"),
    N_("Tags"),
)


def rows(session: Session, who: Who, wanted: Wanted, now: int) -> list[tuple[Device, Site | None, Position | None]]:
    """Return the devices that fit, with where they stand, all at one moment: a file is sent as slowly as it is taken,
    and must not hold the database for that. Raises FilterError."""
    sqlite = session.connection().dialect.name == "sqlite"
    query = devices(Device, Site, Position).where(visible(who, now), where(parse(wanted.filter), now))
    found = session.execute(query.order_by(*order(wanted.sort, sqlite)))
    made = [tuple(one) for one in found]
    session.expunge_all()
    return made


def cells(
    found: Sequence[tuple[Device, Site | None, Position | None]], tagged: dict[str, list[str]], claimed: set[str]
) -> Iterator[list[Cell]]:
    """Return the rows of a file, as long as its COLUMNS. `tagged`: tags by device; `claimed`: those that a claim waits
    for."""
    for device, site, position in found:
        zone = timezone(timedelta(minutes=site.tz)) if site else UTC
        yield [
            device.id,
            device.site,
            site.name if site else "",
            site.district if site else "",
            device.position,
            position.role if position else device.role,
            status(device, device.id in claimed),
            device.online,
            datetime.fromtimestamp(device.seen / 1000, zone) if device.seen else None,
            str(device.state.get("fw", "")),
            device.heap,
            device.rssi,
            device.backlog,
            device.boots,
            device.uptime,
            device.code,
            " ".join(tagged.get(device.id, ())),
        ]

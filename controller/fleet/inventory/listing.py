"""Lists of devices: those that somebody may see, filtered, sorted, a page at a time."""

from typing import NamedTuple

from sqlmodel import Session, col, select

from controller.accounts.service import Who
from controller.fleet.models import Device
from controller.fleet.search.order import order
from controller.fleet.search.parse import parse
from controller.fleet.search.query import devices, visible, where


class Wanted(NamedTuple):
    """A list as somebody asks for it, in the words of `search`. `limit`: None for no end."""

    filter: str = ""
    sort: str = ""
    offset: int = 0
    limit: int | None = None


def found(session: Session, who: Who, filter_: str, sort: str, now: int) -> list[str]:
    """Return the ids of all devices that fit a filter at `now` (Unix ms), in their order: it is looked at once for how
    many there are and for any page of them, and only ids are sorted. Raises FilterError."""
    sqlite = session.connection().dialect.name == "sqlite"
    query = devices(Device.id).where(visible(who, now), where(parse(filter_), now))
    return list(session.scalars(query.order_by(*order(sort, sqlite))))


def page(session: Session, who: Who, wanted: Wanted, now: int) -> tuple[list[Device], int]:
    """Return a page of a list at `now`, Unix ms, and how many devices fit in all. Raises FilterError."""
    ids = found(session, who, wanted.filter, wanted.sort, now)
    end = None if wanted.limit is None else wanted.offset + wanted.limit
    chosen = ids[wanted.offset : end]
    query = select(Device)
    if len(chosen) < len(ids):
        query = query.where(col(Device.id).in_(chosen))
    rows = {one.id: one for one in session.exec(query)}
    return [rows[one] for one in chosen], len(ids)

"""Lists of devices: those that somebody may see, filtered, sorted, a page at a time."""

from typing import NamedTuple

from sqlmodel import Session, col, func

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


def count(session: Session, who: Who, filter_: str, now: int) -> int:
    """Return how many devices fit a filter at `now`, Unix ms. Raises FilterError."""
    query = devices(func.count(col(Device.id))).where(visible(who, now), where(parse(filter_), now))
    return int(str(session.scalars(query).one()))


def page(session: Session, who: Who, wanted: Wanted, now: int) -> list[Device]:
    """Return a page of a list at `now`, Unix ms. Raises FilterError."""
    sqlite = session.connection().dialect.name == "sqlite"
    query = devices(Device).where(visible(who, now), where(parse(wanted.filter), now))
    query = query.order_by(*order(wanted.sort, sqlite)).offset(wanted.offset)
    if wanted.limit is not None:
        query = query.limit(wanted.limit)
    return list(session.scalars(query))


def ids(session: Session, who: Who, filter_: str, limit: int, now: int) -> list[str]:
    """Return the ids of the devices that fit a filter, in their order, `limit` at most. Raises FilterError."""
    query = devices(Device.id).where(visible(who, now), where(parse(filter_), now))
    return list(session.scalars(query.order_by(col(Device.id)).limit(limit)))

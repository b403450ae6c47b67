"""What the list of devices reads: a page of rows, and how many fit."""

from typing import NamedTuple

from sqlmodel import Session, col, select

from controller.accounts.service import Who
from controller.fleet.inventory import listing, tags
from controller.fleet.inventory.listing import Wanted
from controller.fleet.models import Position, Site
from controller.fleet.pages.devices.columns import Row
from controller.fleet.trust.models import Claim
from controller.ingest.alarms import now_ms


class Shown(NamedTuple):
    """A page of the list. `total`: how many fit; `now`: when, Unix ms."""

    rows: list[Row]
    total: int
    now: int


def read(session: Session, who: Who, wanted: Wanted) -> Shown:
    """Return a page of the devices that somebody may see. Raises FilterError."""
    now = now_ms()
    found, total = listing.page(session, who, wanted, now)
    ids, names = [one.id for one in found], {one.site for one in found}
    sites = {one.id: one for one in session.exec(select(Site).where(col(Site.id).in_(names)))}
    places = session.exec(select(Position).where(col(Position.site).in_(names)))
    positions = {(one.site, one.id): one for one in places}
    tagged = tags.of(session, ids)
    claimed = set(session.exec(select(Claim.device).where(col(Claim.device).in_(ids), col(Claim.expires) > now)))
    rows = [
        Row(
            one,
            sites.get(one.site),
            positions.get((one.site, one.position)),
            tuple(tagged.get(one.id, ())),
            one.id in claimed,
        )
        for one in found
    ]
    session.expunge_all()
    return Shown(rows, total, now)

"""What the fleet does: sites, positions, configuration documents, grants of leadership."""

import hashlib

from sqlmodel import Session, col, select

from controller.fleet.configuration.document import LONGEST, TUNABLES
from controller.fleet.configuration.layers import fold
from controller.fleet.models import Device, Grant, Position, Site
from controller.ingest.alarms import now_ms
from controller.ingest.models import Event
from protocol.canonical import encode
from protocol.errors import BadMessage

CONTROLLER = "controller"  # leads where no kiosk does
ALL_BAND = (1, 999)  # the controller's, where no kiosk may lead
CONTROLLER_BAND = (800, 999)  # the controller's beside kiosks
UNKNOWN = 100  # numbers that a kiosk may have given unseen: more than a hall of 200 visitors a day needs in a morning
KIOSK_BANDS = ((1, 499), (500, 799))  # of the first and the second kiosk that may lead
A_DAY_MS = 36 * 3_600_000  # longer than any day of a hall

Json = dict[str, object]


class FleetError(Exception):
    """Something in the fleet cannot be as asked; the text says why. `missing`: it speaks of what is not there."""

    def __init__(self, text: str, missing: bool = False) -> None:
        super().__init__(text)
        self.missing = missing


def site_of(session: Session, site: str) -> Site:
    """Return a site. Raises FleetError."""
    found = session.get(Site, site)
    if found is None:
        raise FleetError("There is no such site", missing=True)
    return found


def positions_of(session: Session, site: str) -> list[Position]:
    """Return a site's positions by id."""
    return list(session.exec(select(Position).where(Position.site == site).order_by(col(Position.id))))


def bands(positions: list[Position]) -> dict[str, list[int]]:
    """Return the bands of numbers: of each position that may lead, and of the controller."""
    found = {position.id: [position.low, position.high] for position in positions if position.leads}
    return {**found, CONTROLLER: list(CONTROLLER_BAND if found else ALL_BAND)}


def document(session: Session, site: Site, position: Position | None) -> Json:
    """Return the configuration document of a position; with None that by which the controller itself leads."""
    return document_of(site, positions_of(session, site.id), position)


def values_of(site: Site) -> Json:
    """Return what may be configured, as it is in force at a site."""
    values = {"lang": site.lang, "share": site.share, "paper": site.paper}
    return {**values, "services": site.services, "counters": site.counters, **site.tunables}


def document_of(
    site: Site,
    positions: list[Position],
    position: Position | None,
    values: Json | None = None,
    own: Json | None = None,
) -> Json:
    """Return the configuration document of a position among all `positions` of its site.

    `values`: what would be in force at the site instead of what is; `own`: the position's layer instead of what it has.
    """
    at = position or Position(site=site.id, id=CONTROLLER, role="kiosk", name="", counter="", leads=True, low=0, high=0)
    found = fold([values_of(site) if values is None else values, at.own or {} if own is None else own])
    if at.role != "display":
        found = {name: value for name, value in found.items() if name not in TUNABLES}
    return {
        "v": 1,
        "site": {"id": site.id, "name": site.name, "tz": site.tz},
        "position": {"id": at.id, "role": at.role, "name": at.name, "counter": at.counter},
        "bands": bands(positions),
        **found,
    }


def config_hash(doc: Json) -> str:
    """Return the hash by which a device names a configuration."""
    return hashlib.sha256(encode(doc)).hexdigest()[:32]


def texts(site: Site) -> Json:
    """Return what screens write beside the board's numbers."""
    return {
        "site": {"id": site.id, "name": site.name, "tz": site.tz},
        "lang": site.lang,
        "services": site.services,
        "counters": site.counters,
    }


def check_documents(session: Session, site: Site) -> None:
    """Raise FleetError where a position's configuration would be too large for a message."""
    positions: list[Position | None] = [None, *positions_of(session, site.id)]
    for position in positions:
        try:
            encode(document(session, site, position), LONGEST)
        except BadMessage:
            raise FleetError("The configuration would be too large for a device: shorten texts") from None


def settle(session: Session, site: Site) -> None:
    """Write down which documents a site's positions should have now, and since when. Whatever changes what they are
    made of calls this."""
    positions = positions_of(session, site.id)
    for position in positions:
        settle_one(position, document_of(site, positions, position))
        session.add(position)


def settle_one(position: Position, doc: Json) -> None:
    """Write down the document that a position should have now."""
    hash_ = config_hash(doc)
    if position.desired != hash_:
        position.desired, position.since = hash_, now_ms()


def check_counters(session: Session, site: Site) -> None:
    """Raise FleetError where a keypad's counter is none of the site's."""
    known = {str(one["id"]) for one in site.counters}
    for position in positions_of(session, site.id):
        if position.counter and position.counter not in known:
            raise FleetError("A position stands at a counter that would be gone")


def add_position(
    session: Session, site: str, id_: str, role: str, name: str, counter: str, leads: bool, band: tuple[int, int] | None
) -> Position:
    """Make a position; one that leads gets the next free band where none is given. Raises FleetError."""
    hall = site_of(session, site)
    others = positions_of(session, site)
    if any(other.id == id_ for other in others) or id_ == CONTROLLER:
        raise FleetError("There is such a position already")
    if counter and counter not in [one["id"] for one in hall.counters]:
        raise FleetError("The site has no such counter")
    if leads and role != "kiosk":
        raise FleetError("Only a kiosk can lead")
    taken = [CONTROLLER_BAND, *((other.low, other.high) for other in others if other.leads)]
    if len(taken) == 1 and (given := _given(session, site)):
        taken.append((1, given))
    low, high = 0, 0
    if leads:
        free = [one for one in KIOSK_BANDS if not any(_overlap(one, other) for other in taken)]
        if band is None and not free:
            raise FleetError("No band of numbers is free today: give one, or make the position tomorrow")
        low, high = band or free[0]
        if any(_overlap((low, high), other) for other in taken):
            raise FleetError("The band of numbers overlaps another")
    position = Position(site=site, id=id_, role=role, name=name, counter=counter, leads=leads, low=low, high=high)
    session.add(position)
    session.flush()
    check_documents(session, hall)
    hall.rev += 1
    session.add(hall)
    settle(session, hall)
    return position


def _given(session: Session, site: str) -> int:
    """Return the highest number that the controller has given at a site lately: a kiosk must not give it again."""
    query = select(Event.data).where(
        Event.site == site,
        Event.device == CONTROLLER,
        col(Event.kind).in_(("ticket.begun", "ticket.issued")),
        Event.at > now_ms() - A_DAY_MS,
    )
    numbers = [data["no"] for data in session.exec(query)]
    return max((number for number in numbers if isinstance(number, int)), default=0)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def device_at(session: Session, site: str, position: str) -> str | None:
    """Return the device that stands at a position, None for none."""
    return session.exec(select(Device.id).where(Device.site == site, Device.position == position)).first()


def grant(session: Session, site: str, renewed: str = "", burn: int = 0) -> Grant:
    """Return who leads a site, having raised the term where that must be somebody else now.

    The first kiosk by id that may lead and has a device leads; without one the controller does. `renewed`: the position
    at which another device stands now, or the same with an empty flash, and `burn` the numbers that may be out unknown.
    """
    held = select(Device.position).where(Device.site == site)
    with_device = set(session.exec(held))
    able = [one.id for one in positions_of(session, site) if one.leads and one.id in with_device]
    found = session.get(Grant, site)
    if found is None:
        found = Grant(site=site, term=1, leader=able[0] if able else CONTROLLER)
    elif found.leader not in able and found.leader != (able[0] if able else CONTROLLER):
        found.term += 1
        found.leader = able[0] if able else CONTROLLER
    elif found.leader == CONTROLLER and able:
        found.term += 1
        found.leader = able[0]
    elif found.leader == renewed:
        found.term += 1
        found.burn = burn
    session.add(found)
    session.flush()
    return found

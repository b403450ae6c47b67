"""What a rollout is decided by: the fleet's devices as they are, and what they have told."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from sqlmodel import Session, col, select

from controller.fleet.models import Device, Position
from controller.fleet.presence import Session as Presence
from controller.ingest.sql import Raw
from controller.updates.models import Rollout as Row
from controller.updates.models import RolloutUnit
from controller.updates.rollout.plan import Target
from controller.updates.rollout.table import traffic
from controller.updates.rollout.units import IN_FLIGHT, Heard, Rollout, Seen, World

TZ = 420  # of a site that is no more, minutes
TOLD = "SELECT device, taken, ready, done, failed, why FROM update_told WHERE rel = ?"

Json = dict[str, object]


class Word(NamedTuple):
    """What a device has said: its last state, whether it may be ordered anything now, when it was last heard."""

    state: Json
    online: bool
    at: int


Listen = Callable[[str], Word | None]  # a device's word in this run of the controller, None for none yet


def word(presence: Presence | None, answered: bool) -> Word | None:
    """Return a session as a word."""
    return Word(presence.state, presence.online and answered, presence.at) if presence else None


def world(session: Session, listen: Listen, id_: int, rollout: Rollout, now: int) -> World:
    """Return the world around a rollout."""
    raw = Raw(session)
    zones: dict[str, int] = dict(raw.all("SELECT id, tz FROM fleet_site"))
    told = {device: Heard(*rest) for device, *rest in raw.all(TOLD, rollout.rel)}
    seen = {}
    for device, site, position, trusted, word in _fleet(session, listen):
        unit = rollout.units.get(device)
        if unit is not None:
            here = trusted and (site, position) == (unit.site, unit.position)
            seen[device] = _seen(word, here, told.get(device, Heard()), zones.get(site, TZ))
    return World(now, seen, traffic(session), _busy(session, id_))


def targets(session: Session, listen: Listen, sites: Iterable[str], rel: str, now: int) -> list[Target]:
    """Return the devices that stand at some sites."""
    wanted = set(sites)
    roles = {(one.site, one.id): one.role for one in session.exec(select(Position))}
    found = []
    for device, site, position, trusted, word in _fleet(session, listen):
        if trusted and site in wanted:
            absent = 0 if word.online else max(0, now - word.at)
            seen = _seen(word, True, Heard(), TZ)
            found.append(Target(device, site, position, roles.get((site, position), ""), seen, absent))
    return found


def _fleet(session: Session, listen: Listen) -> list[tuple[str, str, str, bool, Word]]:
    """Return (device, site, position, whether it is trusted, its word) of all devices."""
    rows = Raw(session).all("SELECT id, site, position, sealed <> '', seen FROM fleet_device")
    heard = {row[0]: word for row in rows if (word := listen(row[0])) is not None}
    before: dict[str, Json] = {}  # what devices had said before the start
    if len(heard) < len(rows):
        before.update((device, dict(state)) for device, state in session.exec(select(Device.id, Device.state)))
    return [
        (device, site, position, bool(trusted), heard.get(device) or Word(before.get(device, {}), False, at))
        for device, site, position, trusted, at in rows
    ]


def _seen(word: Word, here: bool, heard: Heard, tz: int) -> Seen:
    rel, bad = word.state.get("rel"), word.state.get("bad_rel")
    return Seen(
        here=here,
        online=word.online,
        known=bool(word.state),
        rel=rel if isinstance(rel, str) else None,
        bad_rel=bad if isinstance(bad, str) else "",
        heard=heard,
        tz=tz,
    )


def _busy(session: Session, id_: int) -> dict[str, frozenset[str]]:
    """Return the devices of other rollouts that are in flight, by site."""
    query = (
        select(RolloutUnit.site, RolloutUnit.device)
        .join(Row, col(Row.id) == col(RolloutUnit.rollout))
        .where(RolloutUnit.rollout != id_, col(RolloutUnit.state).in_([state.value for state in IN_FLIGHT]))
    )
    found: dict[str, set[str]] = {}
    for site, device in session.exec(query):
        found.setdefault(site, set()).add(device)
    return {site: frozenset(devices) for site, devices in found.items()}

"""Layers of configurations at work: what a change would do, and that it is done. Within a transaction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sqlmodel import Session, col, delete, select

from controller.accounts.service import Who, audit
from controller.fleet import service
from controller.fleet.configuration.document import TUNABLES, wrong_with
from controller.fleet.configuration.layers import Json, fold, merge
from controller.fleet.configuration.models import Layer, Revision
from controller.fleet.configuration.schemas import wrong_values
from controller.fleet.models import Position, Site
from controller.fleet.service import FleetError, values_of
from controller.ingest.alarms import now_ms
from controller.web.i18n import N_

if TYPE_CHECKING:
    from controller.parts import Parts

T = TypeVar("T")
DEFAULTS: Json = {"lang": "id", "share": 3, "paper": 1, "counters": []}
CONFIGURED = ("lang", "share", "paper", "services", "counters")  # columns of a site that its layers come to
KINDS = ("village", "urban", "subdistrict", "health", "office")


class Key(NamedTuple):
    """Which layer: its level and, below the fleet, the kind, the site, or the site and the position."""

    level: str
    site: str = ""
    name: str = ""  # of a kind or a position

    def __str__(self) -> str:
        return "/".join(part for part in self if part)


FLEET = Key("fleet")


def may_edit(who: Who, key: Key) -> bool:
    """Whether somebody may change a layer: those above the sites are the admins' who are bound to none."""
    return who.may("admin", key.site or None) and (bool(key.site) or who.everywhere)


class StaleError(FleetError):
    """Somebody else has changed the layer meanwhile."""


class Refused(NamedTuple):
    """A position whose configuration would be broken, "" for the site itself."""

    site: str
    position: str
    why: str


class RefusalError(FleetError):
    """A change would break configurations; `refused` says which and how."""

    def __init__(self, refused: list[Refused]) -> None:
        super().__init__(N_("Configurations would be broken by this: see which, and how"))
        self.refused = refused


class Changed(NamedTuple):
    """A position whose document would be another."""

    position: Position
    before: Json
    after: Json


@dataclass
class Plan:
    """What a change of a layer would do: to sites (what is then in force there), to positions, and whom it breaks."""

    values: list[tuple[Site, Json]] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def layer(session: Session, key: Key) -> Layer:
    """Return a layer; one that nobody has made is empty, with rev 0. Raises FleetError where there is no such place."""
    if key.site:
        hall = service.site_of(session, key.site)
        if key.level == "position" and session.get(Position, (key.site, key.name)) is None:
            raise FleetError("There is no such position", missing=True)
        if key.level == "site":
            return session.get(Layer, str(key)) or _empty(key, said_by(hall))
    return session.get(Layer, str(key)) or _empty(key, {})


def said_by(hall: Site) -> Json:
    """Return the layer of a site that has none: whatever is in force there is its own."""
    return {name: getattr(hall, name) for name in CONFIGURED}


def layers_at(session: Session, hall: Site) -> list[tuple[str, Json]]:
    """Return the layers of a site in their order, with their names."""
    keys = FLEET, Key("kind", name=hall.kind), Key("site", hall.id)
    return [("defaults", DEFAULTS), *((str(key), layer(session, key).patch) for key in keys)]


def below(session: Session, key: Key) -> list[tuple[str, Json]]:
    """Return the layers upon which a layer lies, the lowest first, with their names. Raises FleetError."""
    if key.site:
        found = layers_at(session, service.site_of(session, key.site))
        return found if key.level == "position" else found[:-1]
    return [("defaults", DEFAULTS), *([] if key == FLEET else [(str(FLEET), layer(session, FLEET).patch)])]


def plan(session: Session, key: Key, patch: Json) -> Plan:
    """Return what it would do to make a layer `patch`."""
    made = Plan()
    query = select(Site).order_by(col(Site.id))
    if key.site:
        query = query.where(Site.id == key.site)
    elif key.level == "kind":
        query = query.where(Site.kind == key.name)
    halls = session.exec(query).all()
    of_site = select(Layer).where(Layer.site == "" if not key.site else col(Layer.site).in_(("", key.site)))
    if not key.site:
        of_site = select(Layer).where(col(Layer.key).not_like("position/%"))
    known: dict[str, Json] = {one.key: one.patch for one in session.exec(of_site)} | {str(key): patch}
    positions = _positions(session, key.site)
    for hall in halls:
        upper = known.get(str(FLEET), {}), known.get(f"kind/{hall.kind}", {})
        said = known.get(str(Key("site", hall.id)))
        values = fold([DEFAULTS, *upper, said_by(hall) if said is None else said])
        _at(made, hall, positions.get(hall.id, []), values, {key.name: patch} if key.level == "position" else {})
    return made


def _at(made: Plan, hall: Site, positions: list[Position], values: Json, own: Mapping[str, Json]) -> None:
    """Take what would be at one site into a plan."""
    other = values != values_of(hall)
    if not other and not own:
        return
    if why := wrong_values(values):
        made.refused.append(Refused(hall.id, "", why))
        return
    if other:
        made.values.append((hall, values))
    counters = {str(one["id"]) for one in hall.counters if "id" in one} if not other else _ids(values["counters"])
    if why := wrong_with(service.document_of(hall, positions, None, values)):
        made.refused.append(Refused(hall.id, "", why))
    for position in positions:
        before = service.document_of(hall, positions, position)
        after = service.document_of(hall, positions, position, values, own.get(position.id))
        if before == after:
            continue
        if why := wrong_with(after):
            made.refused.append(Refused(hall.id, position.id, why))
        elif position.counter and position.counter not in counters:
            made.refused.append(Refused(hall.id, position.id, N_("A position stands at a counter that would be gone")))
        made.changed.append(Changed(position, before, after))


def save(session: Session, key: Key, patch: Json, expected: int | None, who: str, note: str = "") -> tuple[Layer, Plan]:
    """Make a layer `patch`, where its rev is still `expected` (None: whatever it is). Raises FleetError."""
    found = layer(session, key)
    if expected is not None and found.rev != expected:
        raise StaleError(N_("Somebody else has changed this meanwhile: look at it again"))
    made = plan(session, key, patch)
    if made.refused:
        raise RefusalError(made.refused)
    before = found.patch
    write(session, key, found, patch, who, note)
    if key.level == "position":
        position = session.get(Position, (key.site, key.name))
        assert position is not None
        position.own = patch
        session.add(position)
    for hall, values in made.values:
        put(hall, values)
    halls = {hall.id: hall for hall, _ in made.values}
    for position, _, after in made.changed:
        service.settle_one(position, after)
        session.add(position)
        if position.site not in halls:
            halls[position.site] = service.site_of(session, position.site)
    for hall in halls.values():
        hall.rev += 1
        session.add(hall)
    audit(session, who, "configuration.change", str(key), before, patch)
    return found, made


def carry_out(parts: "Parts", change: Callable[[Session], tuple[T, Plan]]) -> T:
    """Run a `change` that saves a layer in one transaction, then tell devices and halls whom it concerns. Blocks."""
    result, made = parts.db.write(change)
    places = {(one.position.site, one.position.id) for one in made.changed}
    parts.link.configured(parts.roster.standing(places))
    for hall, _ in made.values:
        parts.queue.site_changed(hall.id)
    return result


def write(session: Session, key: Key, found: Layer, patch: Json, who: str, note: str) -> None:
    """Write a layer and its next revision."""
    found.patch, found.rev, found.who, found.at = patch, found.rev + 1, who, now_ms()
    session.add(found)
    session.add(Revision(key=str(key), rev=found.rev, site=key.site, patch=patch, who=who, at=found.at, note=note))
    session.flush()


def put(hall: Site, values: Json) -> None:
    """Let `values` be in force at a site."""
    for name in CONFIGURED:
        setattr(hall, name, values[name])
    hall.tunables = {name: values[name] for name in TUNABLES if name in values}


def say(session: Session, hall: Site, change: Json, who: str, new: bool = False) -> str:
    """Lay a merge patch upon what a site says by itself, and put in force what its layers then come to, also where only
    its kind has changed; return what is wrong with that, "" for nothing. The caller looks at its documents."""
    key = Key("site", hall.id)
    found = session.get(Layer, str(key))
    before = found.patch if found else {} if new else said_by(hall)
    patch = merge(before, change)
    assert isinstance(patch, dict)
    upper = [patch_ for _, patch_ in layers_at(session, hall)[:-1]]
    values = fold([*upper, patch])
    if why := wrong_values(values):
        return why
    put(hall, values)
    if found is None or patch != before:
        write(session, key, found or _empty(key, {}), patch, who, "")
    return ""


def forget(session: Session, site: str) -> None:
    """Remove the layers of a site that is removed, and their history; the audit log keeps it."""
    session.exec(delete(Layer).where(col(Layer.site) == site))
    session.exec(delete(Revision).where(col(Revision.site) == site))


def _empty(key: Key, patch: Json) -> Layer:
    return Layer(key=str(key), site=key.site, rev=0, patch=patch, who="", at=0)


def _ids(counters: object) -> set[str]:
    assert isinstance(counters, list)
    return {str(one["id"]) for one in counters}


def _positions(session: Session, site: str) -> dict[str, list[Position]]:
    query = select(Position).order_by(col(Position.site), col(Position.id))
    made: dict[str, list[Position]] = {}
    for one in session.exec(query.where(Position.site == site) if site else query):
        made.setdefault(one.site, []).append(one)
    return made

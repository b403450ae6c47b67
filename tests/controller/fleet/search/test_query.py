"""A filter in a database finds what it means, on SQLite and on PostgreSQL; a list is sorted the same on both."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import delete, select

from controller.accounts.service import Who
from controller.fleet.inventory import listing
from controller.fleet.inventory.listing import Wanted
from controller.fleet.inventory.models import DeviceTag
from controller.fleet.models import Device, Position, Site, status
from controller.fleet.search import figures
from controller.fleet.search.order import SORTS, order
from controller.fleet.search.parse import FilterError
from controller.fleet.search.terms import written
from controller.fleet.trust.models import Claim
from tests.controller.fleet.search.filters import NODES, fits
from tests.controller.inside import Inside

NOW = 1_800_000_000_000
EVERYWHERE = Who("kira", "admin")
TAGS = ["baru", "lama", "pinjam-dulu"]


def site(number: int, chance: random.Random) -> Site:
    """Make up a site."""
    return Site(
        id=["genteng-kulon", "srono", "muncar", "genteng"][number],
        name=["Desa Genteng Kulon", "SRONO", "Désa", "100%"][number], services=[], counters=[], hours={},
        kind=chance.choice(["village", "health"]), district=chance.choice(["genteng", "srono", ""]), tz=420, lang="id",
        uplink=chance.choice(["fibre", "wireless", ""]), share=3, paper=1, hall_url="",
    )  # fmt: skip


def device(number: int, place: Position | None, chance: random.Random) -> Device:
    """Make up a device: some have never said anything."""
    made = Device(
        id=f"02ba1a{number:06x}", site=place.site if place else "", position=place.id if place else "",
        role=place.role if place else "kiosk", generation=1, sealed=chance.choice(["x", "x", ""]) if not place else "x",
        claimed=1, online=chance.random() < 0.5, seen=chance.choice([0, NOW, NOW - 3_600_000, NOW - 7_200_000]),
    )  # fmt: skip
    if chance.random() < 0.8:
        made.state = {
            "fw": chance.choice(["0.1.0", "0.2.0", "1.2.3", "0.1.5-x", "new"]), "heap": chance.choice([5, 20_000]),
            "rssi": chance.choice([-90, -75, -60]), "backlog": chance.choice([0, 100, 10**30]), "uptime": 3600,
            "boots": 1, "code": chance.choice(["", "E-05", "e-05"]),
        }  # fmt: skip
    figures.note(made, made.state)
    return made


@pytest.fixture(scope="module")
def fleet(inside: Inside) -> list[dict[str, object]]:
    """Sixty made-up devices in the database, and the same as plain Python has them."""
    chance = random.Random(7)
    sites = {one.id: one for one in (site(number, chance) for number in range(4))}
    places = [
        Position(site=name, id=f"kiosk-{n}" if n < 8 else "layar", role="kiosk" if n < 8 else "display",
                 name=f"Loket_{n}", counter="", leads=False, low=0, high=0)
        for name in sites for n in range(1, 9)
    ]  # fmt: skip
    rows = [device(number, places[number] if number < len(places) else None, chance) for number in range(60)]
    tagged = {one.id: chance.sample(TAGS, chance.randrange(3)) for one in rows}
    claimed = {one.id for one in rows if not one.sealed and chance.random() < 0.5}

    def fn(session):
        session.add_all([*sites.values(), *places, *rows])
        session.add_all(DeviceTag(device=name, tag=tag) for name, tags in tagged.items() for tag in tags)
        for name in claimed:
            session.add(
                Claim(device=name, generation=2, sealed="", site="", position="", role="kiosk", connection="", token="",
                      who="x", at=1, expires=NOW * 2)
            )  # fmt: skip

    inside.parts.db.write(fn)
    at = {(one.site, one.id): one for one in places}
    return [plain(one, sites, at, tagged[one.id], one.id in claimed) for one in rows]


def plain(one: Device, sites, places, tags, claimed) -> dict[str, object]:
    """Say what a device is without a database."""
    hall, place = sites.get(one.site), places.get((one.site, one.position))
    version = str(one.state.get("fw", "")).partition("-")[0].split(".")
    number = {
        name: value if isinstance(value := one.state.get(name), int) and value < 10**20 else None
        for name in ("heap", "rssi", "backlog", "boots", "uptime")
    }
    return {
        "id": one.id, "site": one.site, "position": one.position, "role": one.role, "online": one.online,
        **{name: getattr(hall, name) if hall else "" for name in ("district", "kind", "uplink", "name")},
        "status": status(one, claimed), "seen": one.seen, "tag": tags, "code": one.state.get("code", ""),
        "fw": tuple(map(int, version)) if len(version) == 3 else None, **number,
        "named": (one.id, one.site, one.position, hall.name if hall else "", place.name if place else ""),
    }  # fmt: skip


@settings(suppress_health_check=list(HealthCheck), max_examples=80)
@given(NODES)
def test_a_filter_finds_the_devices_that_are_so_and_no_others(inside: Inside, fleet, node):
    with inside.parts.db.read() as session:
        try:
            rows, total = listing.page(session, EVERYWHERE, Wanted(written(node)), NOW)
        except FilterError:
            return
    found = {one.id for one in rows}
    assert total == len(rows) == len(found)
    assert found == {one["id"] for one in fleet if fits(node, one, NOW)}


@settings(suppress_health_check=list(HealthCheck), max_examples=20)
@given(st.lists(st.tuples(st.booleans(), st.sampled_from(SORTS)), max_size=3), st.integers(1, 61))
def test_pages_are_the_list_in_its_order_and_hold_every_device_once(inside: Inside, fleet, keys, size):
    sort = ",".join(f"{'-' if falling else ''}{name}" for falling, name in keys)
    wanted = sorted(fleet, key=lambda one: one["id"])
    for falling, name in reversed(keys):
        kept = [one for one in wanted if one[name] is not None]
        kept = sorted(kept, key=lambda one, name=name: _key(one[name]), reverse=falling)
        if falling:  # a stable sort, also downwards
            kept = [one for _, group in _grouped(kept, name) for one in sorted(group, key=wanted.index)]
        wanted = kept + [one for one in wanted if one[name] is None]
    with inside.parts.db.read() as session:
        pages = [listing.page(session, EVERYWHERE, Wanted("", sort, at, size), NOW)[0] for at in range(0, 60, size)]
    assert [one.id for page in pages for one in page] == [one["id"] for one in wanted]


def _key(value: object) -> object:
    return value.encode() if isinstance(value, str) else value


def _grouped(rows, name):
    groups: dict[object, list] = {}
    for one in rows:
        groups.setdefault(one[name], []).append(one)
    return groups.items()


@pytest.mark.parametrize("text", ["fw<=999.999.999", f"heap>-{2**53}", "uptime<14000000w", "seen<14000000w", "fw>=999"])
def test_the_largest_values_are_found_by_and_overflow_nothing(inside: Inside, fleet, text):
    with inside.parts.db.read() as session:
        listing.page(session, EVERYWHERE, Wanted(text), NOW)


@pytest.mark.parametrize("fw", ["999.999.999", "1000.0.0", "9999.1.1", "1.2", "", "x" * 64])
def test_whatever_a_device_calls_its_firmware_is_written_down(inside: Inside, fleet, fw):
    state = {"fw": fw, "heap": 10**18, "code": "\0"}

    def fn(session, said: dict[str, object]) -> dict[str, object]:
        found = session.get(Device, "02ba1a000000")
        figures.note(found, said)
        session.add(found)
        return found.state

    before = inside.parts.db.write(lambda session: fn(session, state))
    inside.parts.db.write(lambda session: fn(session, before))


def test_what_cannot_be_sorted_by_is_told_with_its_place(inside: Inside):
    with pytest.raises(FilterError) as caught:
        order("seen,-colour", sqlite=True)
    assert (caught.value.at, caught.value.length) == (5, 7)
    assert "seen" in caught.value.allowed
    with pytest.raises(FilterError, match="fields at most"):
        order("id,site,seen,fw,heap", sqlite=True)


def test_values_are_bound_and_never_part_of_the_statement(inside: Inside, fleet):
    for evil in ("'; DROP TABLE fleet_device; --", "%", "_", "\\", "' OR 1=1 --"):
        quoted = evil.replace("\\", "\\\\").replace('"', '\\"')
        with inside.parts.db.read() as session:
            for text in (f'"{quoted}"', f'site:"{quoted}"', f'tag:"{quoted}"'):
                found = listing.page(session, EVERYWHERE, Wanted(text), NOW)[0]
                assert all(
                    evil in "".join(map(str, one["named"])) for one in fleet if one["id"] in {f.id for f in found}
                )
            assert len(session.exec(select(Device)).all()) >= 60


@pytest.fixture(scope="module", autouse=True)
def _clean(inside: Inside):
    yield
    inside.parts.db.write(lambda session: session.exec(delete(Claim)) and None)

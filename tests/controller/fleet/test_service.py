"""Sites, bands of numbers and configuration documents, whatever is made and changed in whatever order."""

from collections.abc import Iterator
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlmodel import Session

from controller.db import Database
from controller.fleet import service
from controller.fleet.models import Position, Site
from controller.fleet.schemas import SiteCreate
from controller.fleet.service import CONTROLLER, FleetError
from controller.migrations import upgrade
from protocol.canonical import encode
from tests.controller.inside import COUNTERS, SERVICES

SITE = "genteng"


class Undone(Exception):
    """Takes a transaction back."""


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('db')}/balai.db")
    upgrade(database)
    yield database
    database.close()


def undone(db: Database, fn) -> None:
    """Run `fn(session)` and leave nothing of it."""

    def whole(session: Session) -> None:
        fn(session)
        raise Undone

    with pytest.raises(Undone):
        db.write(whole)


def make_site(session: Session, id_: str = SITE, **fields: object) -> Site:
    body = SiteCreate(**{"id": id_, "name": id_, "services": SERVICES, "counters": COUNTERS, **fields})
    site = Site(**body.model_dump(mode="json"))
    session.add(site)
    session.flush()
    service.check_documents(session, site)
    service.grant(session, site.id)
    return site


def kiosk(session: Session, id_: str, band: tuple[int, int] | None = None, leads: bool = True, site: str = SITE):
    return service.add_position(session, site, id_, "kiosk", id_, "", leads, band)


NUMBERS = st.integers(1, 9999)
BANDS = st.one_of(
    st.none(),
    st.tuples(NUMBERS, NUMBERS).map(sorted).map(tuple),
    st.tuples(NUMBERS, st.integers(0, 60)).map(lambda one: (one[0], min(9999, one[0] + one[1]))),
)


@settings(suppress_health_check=list(HealthCheck))
@given(st.lists(BANDS, max_size=8))
def test_whoever_may_lead_has_numbers_of_its_own(db, wanted):
    def fn(session: Session) -> None:
        site = make_site(session)
        assert service.bands([]) == {CONTROLLER: [1, 999]}
        made = 0
        for number, band in enumerate(wanted):
            before = service.bands(service.positions_of(session, SITE))
            try:
                with session.begin_nested():
                    kiosk(session, f"kiosk-{number}", band)
                made += 1
            except FleetError:
                assert service.bands(service.positions_of(session, SITE)) == before
                if band is not None:
                    there = [*before.values()] if made else [list(service.CONTROLLER_BAND)]
                    assert any(low <= band[1] and band[0] <= high for low, high in there), "refused for nothing"
            bands = service.document(session, site, None)["bands"]
            for one, other in combinations(bands.values(), 2):
                assert one[1] < other[0] or other[1] < one[0], bands
            assert all(1 <= low <= high <= 9999 for low, high in bands.values())
            assert bands[CONTROLLER] == ([800, 999] if made else [1, 999])

    undone(db, fn)


def test_the_first_two_kiosks_have_the_bands_of_the_contract(db):
    def fn(session: Session) -> None:
        site = make_site(session)
        for name in ("kiosk-1", "kiosk-2"):
            kiosk(session, name)
        assert service.document(session, site, None)["bands"] == {
            "kiosk-1": [1, 499],
            "kiosk-2": [500, 799],
            CONTROLLER: [800, 999],
        }
        with pytest.raises(FleetError, match="No band"):
            kiosk(session, "kiosk-3")
        kiosk(session, "kiosk-3", (1000, 1500))

    undone(db, fn)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"id_": CONTROLLER}, "such a position"),
        ({"id_": "kiosk-0"}, "such a position"),
        ({"counter": "9"}, "no such counter"),
        ({"role": "display", "leads": True}, "Only a kiosk"),
        ({"site": "nowhere"}, "no such site"),
    ],
)
def test_a_position_that_cannot_be_is_refused_with_a_reason(db, fields, why):
    def fn(session: Session) -> None:
        make_site(session)
        kiosk(session, "kiosk-0")
        whole = {"site": SITE, "id_": "p", "role": "kiosk", "name": "P", "counter": "", "leads": False, "band": None}
        with pytest.raises(FleetError, match=why):
            service.add_position(session, **{**whole, **fields})

    undone(db, fn)


TEXT = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="\ufffc\ufffd"), min_size=1, max_size=48)
IDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=32)
LETTERS = [chr(65 + number) for number in range(26)]


@st.composite
def sites(draw) -> dict:
    services = [
        {
            "id": id_,
            "letter": LETTERS[number],
            "name": draw(TEXT),
            "need": draw(TEXT),
            "mins": draw(st.integers(0, 600)),
        }
        for number, id_ in enumerate(draw(st.lists(IDS, min_size=1, max_size=8, unique=True)))
    ]
    counters = [
        {
            "id": id_,
            "name": draw(TEXT),
            "services": draw(st.lists(st.sampled_from(services).map(lambda one: one["id"]), unique=True)),
        }
        for id_ in draw(st.lists(IDS, max_size=16, unique=True))
    ]
    return {"name": draw(TEXT), "services": services, "counters": counters, "tz": draw(st.integers(-720, 840))}


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(sites(), TEXT)
def test_a_configuration_fits_into_a_message_or_is_refused(db, fields, name):
    def fn(session: Session) -> None:
        refused = ""
        try:
            site = make_site(session, **fields)
            kiosk(session, "kiosk-1")
            service.add_position(session, SITE, "layar", "display", name, "", False, None)
        except FleetError as error:
            refused = str(error)
        if refused:
            assert "too large" in refused
            return
        hashes = set()
        for position in (None, *service.positions_of(session, SITE)):
            doc = service.document(session, site, position)
            assert len(encode(doc)) <= service.LONGEST
            assert len(encode({"rev": 1 << 53, "hash": service.config_hash(doc), "doc": doc})) <= 4096
            hashes.add(service.config_hash(doc))
        assert len(hashes) == 3

    undone(db, fn)


def test_the_hash_is_of_the_document_and_of_nothing_else(db):
    def fn(session: Session) -> None:
        site = make_site(session)
        first = kiosk(session, "kiosk-1")
        hashes = [service.config_hash(service.document(session, site, first))]
        assert service.config_hash(service.document(session, site, first)) == hashes[0]
        for field, value in (
            ("name", "Desa Baru"), ("tz", 480), ("lang", "en"), ("share", 5), ("paper", 0),
            ("services", SERVICES[:1]), ("counters", COUNTERS[:1]),
        ):  # fmt: skip
            setattr(site, field, value)
            hashes.append(service.config_hash(service.document(session, site, first)))
        kiosk(session, "kiosk-2")
        hashes.append(service.config_hash(service.document(session, site, first)))
        assert len(set(hashes)) == len(hashes)
        site.hall_url, site.uplink, site.rev = "http://10.0.0.1/", "fibre", 99
        assert service.config_hash(service.document(session, site, first)) == hashes[-1]

    undone(db, fn)


@pytest.mark.parametrize(
    "fields",
    [
        {"services": []},
        {"services": SERVICES * 5},
        {"services": [SERVICES[0], SERVICES[0]]},
        {"services": [SERVICES[0], {**SERVICES[1], "letter": "A"}]},
        {"services": [{**SERVICES[0], "letter": "a"}]},
        {"services": [{**SERVICES[0], "id": "With Spaces"}]},
        {"services": [{**SERVICES[0], "name": "two\nlines"}]},
        {"services": [{**SERVICES[0], "name": "\u200fmirrored\x07"}]},
        {"counters": [COUNTERS[0], COUNTERS[0]]},
        {"counters": [{"id": "1", "name": "L", "services": ["nowhere"]}]},
        {"counters": [{"id": str(number), "name": "L"} for number in range(17)]},
        {"tz": 841},
        {"share": 1},
        {"paper": 2},
        {"lang": "jv"},
        {"kind": "palace"},
        {"hours": {"7": [["07:00", "14:00"]]}},
        {"hours": {"0": [["07:00", "24:00"]]}},
        {"hours": {"0": [["14:00", "07:00"]]}},
        {"hours": {"0": [["07:00", "12:00"], ["11:00", "14:00"]]}},
        {"hall_url": "javascript:alert(1)"},
        {"hall_url": "http://a b"},
        {"hall_url": "http://a\"onclick=x"},
        {"unknown": 1},
        {"name": ""},
        {"name": " "},
        {"name": "x" * 49},
    ],
)  # fmt: skip
def test_what_cannot_be_a_site_is_refused(fields):
    with pytest.raises(ValidationError):
        SiteCreate(**{"id": SITE, "name": "Desa", "services": SERVICES, "counters": COUNTERS, **fields})


def test_a_keypads_counter_is_not_taken_away_under_it(db):
    def fn(session: Session) -> None:
        site = make_site(session)
        service.add_position(session, SITE, "pad", "counter", "Pad", "2", False, None)
        site.counters = COUNTERS[:1]
        with pytest.raises(FleetError, match="counter"):
            service.check_counters(session, site)
        site.counters = COUNTERS[1:]
        service.check_counters(session, site)

    undone(db, fn)


def test_only_positions_of_the_site_are_in_its_document(db):
    def fn(session: Session) -> None:
        here, there = make_site(session), make_site(session, "rogojampi")
        kiosk(session, "kiosk-9", site="rogojampi")
        assert service.document(session, here, None)["bands"] == {CONTROLLER: [1, 999]}
        assert isinstance(session.get(Position, (there.id, "kiosk-9")), Position)

    undone(db, fn)

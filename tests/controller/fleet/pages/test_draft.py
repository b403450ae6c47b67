"""A layer while it is written: what is wrong is said where it is, and nobody's words are lost."""

from hypothesis import given
from hypothesis import strategies as st

from controller.fleet.configuration.layers import MISSING, same
from controller.fleet.configuration.schemas import PATCH
from controller.fleet.configuration.service import DEFAULTS, Key
from controller.fleet.pages.configuration.draft import Draft, merged, number
from controller.fleet.pages.configuration.words import NAMES, changes
from controller.web.i18n import translate
from tests.controller.inside import COUNTERS, SERVICES

SITE = Key("site", "genteng")
VALUES = st.one_of(st.none(), st.integers(0, 3), st.booleans(), st.lists(st.integers(0, 2), max_size=2))
PATCHES = st.dictionaries(st.sampled_from(sorted(NAMES)), VALUES, max_size=5)
JSON = st.recursive(VALUES | st.text(max_size=4), lambda more: st.lists(more, max_size=2), max_leaves=4)
ITEMS = st.lists(
    st.dictionaries(st.sampled_from(["id", "letter", "name", "need", "mins", "services"]), JSON), max_size=3
)


def draft(patch: dict[str, object], key: Key = SITE) -> Draft:
    return Draft(key, 1, patch, [("defaults", DEFAULTS), ("fleet", {"share": 5, "services": SERVICES})])


def wrong(patch: dict[str, object], lang: str = "id") -> dict[str, str]:
    return draft(patch).problems(lambda text: translate(text, lang))


@given(PATCHES, PATCHES, PATCHES)
def test_what_one_alone_has_changed_stands_after_both(base, mine, theirs):
    made, both = merged(base, mine, theirs)
    for name in NAMES:
        before, my, their, got = (one.get(name, MISSING) for one in (base, mine, theirs, made))
        assert same(got, their if same(my, before) else my), "mine where I wrote, theirs everywhere else"
        collide = not same(my, before) and not same(their, before) and not same(my, their)
        assert (name in both) == collide


@given(st.dictionaries(st.sampled_from([*NAMES, "colour"]), JSON | ITEMS))
def test_whatever_is_typed_is_answered_and_what_programs_may_not_send_is_wrong_here_too(patch):
    one = draft(patch)
    found = one.problems(str)
    one.shaped()
    try:
        PATCH.validate_python(patch)
    except ValueError:
        assert found


def test_a_mistake_is_said_in_both_languages_where_it_was_made():
    patch = {
        "share": 1,
        "volume": 31,
        "shown": "x",
        "services": [SERVICES[0] | {"letter": "b"}, SERVICES[0] | {"name": ""}],
    }
    assert wrong(patch) == {
        "/share": "Paling sedikit 2",
        "/volume": "Paling banyak 30",
        "/shown": "Harus bilangan bulat",
        "/services/0/letter": "Satu atau dua huruf besar",
        "/services/1/name": "Isilah",
        "/services/1/id": "Layanan lain sudah memakai id ini",
    }
    assert wrong(patch, "en")["/share"] == "At least 2"


def test_a_counter_serves_what_is_offered_there_or_below():
    assert wrong({"counters": COUNTERS}) == {}
    assert "/counters/1/services" in wrong({"counters": COUNTERS, "services": SERVICES[:1]})


def test_a_value_is_said_here_from_what_it_was_and_inherited_again():
    one = draft({})
    assert one.inherited("share") == (5, "fleet")
    assert one.inherited("lang") == ("id", "defaults")
    one.begin("services")
    assert one.patch["services"] == SERVICES
    one.items("services")[0]["name"] = "Lain"
    assert one.inherited("services").value == SERVICES, "what is written here is not written below"
    assert one.dirty
    del one.patch["services"]
    assert not one.dirty


def test_a_position_has_only_what_is_its_own():
    one = draft({"services": SERVICES}, Key("position", "genteng", "layar"))
    assert "/services" in one.problems(str)
    assert set(one.names) == {"lang", "paper", "brightness", "volume", "shown"}


def test_lists_are_compared_by_their_items():
    moved = [SERVICES[1], SERVICES[0] | {"name": "Administrasi umum"}]
    found = changes("/services", SERVICES, moved, str)
    assert [label for label, *_ in found] == ["Services: adm", "Services: order"]
    assert "Administrasi umum" in found[0][2]


@given(st.text())
def test_what_is_typed_is_a_number_or_stays_what_it_is(text):
    assert number(text) in (text.strip(), int(text) if text.strip("- ").isdecimal() and text.isascii() else None)


def test_digits_are_numbers():
    assert [number(" 12 "), number("-3"), number("9" * 5000), number("٣")] == [12, -3, "9" * 5000, "٣"]

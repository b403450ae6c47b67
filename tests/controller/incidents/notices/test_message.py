"""What people are told: where, what, since when and what to do, in two languages, and never who."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.incidents.judging.kinds import CAUSES, KINDS
from controller.web.i18n import LANGUAGES
from tests.controller.incidents.notices.conftest import SINCE, message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", ["opened", "closed"])
def test_each_kind_has_a_line_and_a_text_in_both_languages(kind, what):
    one = message(kind=kind, what=what, until=SINCE + 60_000)
    titles = [one.title(lang) for lang in LANGUAGES]
    assert titles[0] != titles[1]
    assert all(title.startswith("Desa Genteng Kulon: ") and "\n" not in title for title in titles)
    assert len({one.body(lang) for lang in LANGUAGES}) == 2


def test_it_says_where_since_when_and_what_to_do_by_the_halls_clock():
    assert message().body("id").splitlines() == [
        "Kertas habis: pasang gulungan baru.",
        "",
        "Balai: Desa Genteng Kulon (genteng)",
        "Posisi: kiosk-1",
        "Sejak: 2026-11-24 07:00 WIB",
        "Lihat: https://balai.example/",
    ]


def test_a_closing_says_until_when_and_why():
    one = message(what="closed", kind="site_gone", position="", until=SINCE + 3_600_000, cause="power", tz=540)
    assert one.title("en") == "Desa Genteng Kulon: Over: The whole hall is out of reach"
    assert one.body("en").splitlines()[2:] == [
        "Hall: Desa Genteng Kulon (genteng)",
        "Since: 2026-11-24 09:00 WIT",
        "Until: 2026-11-24 10:00 WIT",
        "Why: The electricity was off",
        "Look: https://balai.example/",
    ]


@given(st.sampled_from(sorted(KINDS)), st.sampled_from(["", *CAUSES]), st.integers(0, 2**42), st.integers(-720, 840))
def test_whatever_it_is_about_it_can_be_written(kind, cause, since, tz):
    one = message(kind=kind, cause=cause, since=since, tz=tz, what="closed", until=since + 1)
    assert one.json()["event"] == "incident.closed"
    assert all(one.body(lang) and one.title(lang) for lang in LANGUAGES)

"""The list of places that a technician brings along."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.controller import Place
from provisioning.errors import UsageError
from provisioning.places import place, read

ids = st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True)
places = st.builds(Place, ids, ids, st.sampled_from(["", "kiosk", "display", "counter", "sensor"]))


@given(st.lists(places, min_size=1, max_size=9, unique=True), st.sampled_from(",;"), st.booleans(), st.booleans())
def test_a_list_is_read_in_its_order_however_a_spreadsheet_wrote_it(tmp_path_factory, wanted, comma, heading, marked):
    lines = [comma.join((one.site, one.position, one.role)) for one in wanted]
    if heading:
        lines.insert(0, comma.join(("site", "position", "role")))
    file = tmp_path_factory.mktemp("list") / "places.csv"
    file.write_bytes((b"\xef\xbb\xbf" if marked else b"") + "\r\n".join((*lines, "", "")).encode())
    assert read(file) == wanted


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("site,position\n", "is empty"),
        ("genteng-kulon,kiosk-1\ngenteng-kulon,kiosk-1\n", "line 2: genteng-kulon/kiosk-1 stands there twice"),
        ("genteng-kulon\n", "line 1: say where"),
        ("Genteng Kulon,kiosk-1\n", "line 1: .* is no place"),
        ("genteng-kulon,kiosk-1,robot\n", "line 1: there is no role"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(text, why, tmp_path):
    (tmp_path / "places.csv").write_text(text)
    with pytest.raises(UsageError, match=why):
        read(tmp_path / "places.csv")


def test_a_list_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "nowhere.csv")


def test_a_spare_has_a_role_only():
    assert place("", "", "kiosk") == Place(role="kiosk")
    with pytest.raises(UsageError):
        place("", "", "")
    with pytest.raises(UsageError):
        place("genteng-kulon", "", "kiosk")

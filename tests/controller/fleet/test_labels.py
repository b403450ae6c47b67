"""Labels: a sheet that a shop's label paper fits, with a code that a phone reads back as the link."""

import re
import zlib

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from controller.fleet import labels
from controller.fleet.labels import CODE, DOWN, HEIGHT, QUIET, TOP, WIDTH, Label
from tests.controller.inside import Inside

MM = 72 / 25.4  # points
LINK = "https://balai.banyuwangikab.go.id/d/02ba1a460001"
RECT = re.compile(r"(-?[\d.]+) (-?[\d.]+) (-?[\d.]+) (-?[\d.]+) re f")
TEXT = re.compile(r"BT (-?[\d.]+) (-?[\d.]+) Td \((.*?)\) Tj ET")


def pages(pdf: bytes) -> list[str]:
    """Return what is drawn on each page."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", pdf, re.DOTALL)
    plain = [zlib.decompress(one).decode("latin-1") for one in streams if one[:1] == b"x"]
    return [one for one in plain if " re f" in one]


def modules(page: str, at: int) -> list[list[bool]]:
    """Read the code of the label `at` back from the rectangles on a page: is there ink in the middle of each module?"""
    left, top = at % 3 * WIDTH + labels.EDGE, TOP + at // 3 * HEIGHT + (HEIGHT - CODE) / 2
    ink = []
    for found in RECT.findall(page):
        x, y, width, height = (float(number) / MM for number in found)
        ink.append((x, 297 - y, x + width, 297 - y - height))
    count = len(labels.code(LINK))
    side = CODE / (count + 2 * QUIET)

    def dark(row: int, column: int) -> bool:
        x, y = left + (QUIET + column + 0.5) * side, top + (QUIET + row + 0.5) * side
        return any(one[0] <= x <= one[2] and min(one[1], one[3]) <= y <= max(one[1], one[3]) for one in ink)

    return [[dark(row, column) for column in range(count)] for row in range(count)]


def test_the_code_on_paper_is_the_code_of_the_link():
    made = [Label(f"Anjungan {number}", "Desa Genteng Kulon", f"02ba1a46{number:04x}", LINK) for number in range(24)]
    (page,) = pages(labels.sheets(made))
    wanted = [[bool(module) for module in row] for row in segno.make_qr(LINK, error="m", boost_error=False).matrix]
    for at in (0, 2, 10, 23):
        assert modules(page, at) == wanted


def test_a_sheet_holds_twenty_four_and_nothing_reaches_over_its_label():
    made = [Label("Anjungan utama pelayanan terpadu " * 2, "Desa " * 9, f"02ba1a46{n:04x}", LINK) for n in range(25)]
    first, second = pages(labels.sheets(made))
    assert [len(TEXT.findall(page)) // 24 > 0 for page in (first, second)] == [True, False]
    for page, count in ((first, 24), (second, 1)):
        found = [(float(x) / MM, 297 - float(y) / MM, text) for x, y, text in TEXT.findall(page)]
        assert sum(text.startswith("02ba1a46") for _, _, text in found) == count
        for x, y, _ in found:
            within_x, within_y = x % WIDTH, (y - TOP) % HEIGHT
            assert labels.EDGE + CODE <= within_x <= WIDTH - labels.EDGE
            assert 3 < within_y < HEIGHT - 3
    assert TOP + DOWN * HEIGHT <= 297


@given(st.text(max_size=48), st.text(max_size=96))
def test_whatever_a_hall_is_called_its_label_can_be_printed(title, place):
    (page,) = pages(labels.sheets([Label(title, place, "02ba1a460001", LINK)]))
    assert "(02ba1a460001)" in page


@pytest.fixture(scope="module")
def hall(inside: Inside) -> Inside:
    inside.site("label")
    inside.position("label", "kiosk-1", leads=True, name="Anjungan 1")
    inside.position("label", "layar", "display", name="Papan nomor")
    inside.claim("02ba1a460001", "label", "kiosk-1")
    inside.reserve(device="02ba1a460002", site="label", position="layar")
    inside.born(inside.reserve(device="02ba1a460003", role="kiosk"))
    return inside


def texts(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    return [text for page in pages(answer.content) for _, _, text in TEXT.findall(page)]


def test_a_sites_labels_are_of_those_who_stand_there_and_those_who_are_to(hall: Inside):
    found = texts(hall.admin.get("/labels", params={"site": "label"}))
    assert found == ["Anjungan 1", "Desa label", "02ba1a460001", "Papan nomor", "Desa label", "02ba1a460002"]


def test_spares_have_labels_in_the_readers_language(hall: Inside):
    for lang, title in (("id", "Anjungan cadangan"), ("en", "Spare kiosk")):
        answer = hall.admin.get("/labels", params={"device": "02ba1a460003"}, headers={"Accept-Language": lang})
        assert " ".join(texts(answer)) == f"{title} 02ba1a460003"


def test_the_code_opens_the_controller_as_it_was_reached(hall: Inside):
    answer = hall.admin.get("/labels", params={"device": "02ba1a460003"})
    (page,) = pages(answer.content)
    count = sum(sum(row) for row in labels.code(f"{hall.address}/d/02ba1a460003"))
    side = CODE / (len(labels.code(f"{hall.address}/d/02ba1a460003")) + 2 * QUIET) * MM
    assert round(sum(float(width) for _, _, width, _ in RECT.findall(page)) / side) == count


def test_nobody_prints_labels_of_another_hall(hall: Inside):
    other = hall.person("teknisi-label", "technician", "elsewhere")
    assert other.get("/labels", params={"site": "label"}).status_code == 403
    assert other.get("/labels", params={"device": "02ba1a460001"}).status_code == 404
    assert other.get("/labels", params={"device": "02ba1a460003"}).status_code == 200, "spares are everybody's"
    assert hall.person("petugas-label", "clerk").get("/labels", params={"site": "label"}).status_code == 403
    assert hall.admin.get("/labels").status_code == 422
    assert hall.admin.get("/labels", params={"site": "nowhere"}).status_code == 404
    assert hall.admin.get("/labels", params={"device": "02ba1a46ffff"}).status_code == 404

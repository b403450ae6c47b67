"""Tables as files: nothing in them runs, numbers are numbers, and they are sent in pieces."""

import csv
import io
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from controller.web.sheet import FORMULA, LINES, as_csv, as_xlsx, safe

CELLS = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5))
def test_csv_comes_back_as_it_was_and_no_text_in_it_is_a_formula(rows):
    made = b"".join(as_csv(["Satu", "Dua"], rows))
    found = list(csv.reader(io.StringIO(made.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert found == [["Satu", "Dua"], *[[str(safe(cell)) for cell in row] for row in rows]]
    for row, texts in zip(rows, found[1:], strict=True):
        for cell, text in zip(row, texts, strict=True):
            assert not (isinstance(cell, str) and text.startswith(FORMULA))


def test_a_number_below_zero_is_a_number_and_its_decimals_follow_a_comma():
    assert [safe(one) for one in (-75, -8.25, True, "-75", None)] == [-75, "-8,25", 1, "'-75", ""]
    assert safe(datetime(2026, 11, 25, 3, 4, 5, tzinfo=UTC)) == "2026-11-25 03:04:05"


def test_a_long_table_is_sent_in_pieces():
    rows = ([number, "x" * 50] for number in range(10 * LINES))
    assert len(list(as_csv(["n", "x"], rows))) == 11
    assert next(as_xlsx("x", ["n"], [[1]])).startswith(b"PK")

"""The report says what became of each board, and what is left to do."""

import pytest
from rich.console import Console

from provisioning.controller import Place
from provisioning.errors import DiskError, UsageError
from provisioning.flash.report import FAILED, SEEN, SKIPPED, UNSEEN, WRITTEN, Made, append, done, table

KIOSK, DISPLAY = Place("genteng-kulon", "kiosk-1"), Place("genteng-kulon", "display-1")


def test_what_is_done_need_not_be_done_again(tmp_path):
    file = tmp_path / "report.csv"
    assert done(file) == set()
    outcomes = (SEEN, WRITTEN, UNSEEN, FAILED, SKIPPED)
    for number, outcome in enumerate(outcomes):
        append(
            file, Made("/dev/ttyUSB0", Place("genteng-kulon", f"kiosk-{number}"), outcome, said='a "word", and more')
        )
    append(file, Made("/dev/ttyUSB0", Place(role="kiosk"), SEEN))  # any number of spares may be wanted
    assert done(file) == {("genteng-kulon", "kiosk-0"), ("genteng-kulon", "kiosk-1")}
    assert len(file.read_text().splitlines()) == len(outcomes) + 2


def test_a_place_that_failed_and_was_done_later_is_done(tmp_path):
    for outcome in (FAILED, SEEN):
        append(tmp_path / "report.csv", Made("ttyUSB0", KIOSK, outcome))
    assert done(tmp_path / "report.csv") == {("genteng-kulon", "kiosk-1")}


@pytest.mark.parametrize("text", ["hello\n\nworld", "a,b\n1,2\n", "\0"])
def test_another_file_is_not_taken_for_a_report(text, tmp_path):
    (tmp_path / "notes.csv").write_text(text)
    with pytest.raises(UsageError, match="report"):
        done(tmp_path / "notes.csv")


def test_a_report_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(DiskError, match="name another place"):
        append(tmp_path / "nowhere" / "report.csv", Made("ttyUSB0", KIOSK))


def test_the_table_shows_each_board_with_what_to_do():
    out = Console(width=200, record=True, file=None, quiet=False)
    with out.capture() as captured:
        rows = [
            Made("/dev/ttyUSB0", KIOSK, SEEN, "30aea4c0ffee", "ESP32", 4 << 20),
            Made("/dev/ttyUSB1", DISPLAY, said="press EN"),
        ]
        out.print(table(rows))
    text = captured.get()
    for word in ("ttyUSB0", "30aea4c0ffee", "ESP32", "4 MB", "genteng-kulon/display-1", "seen", "failed"):
        assert word in text

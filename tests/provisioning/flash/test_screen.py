"""What the technician sees on a terminal."""

import io

from rich.console import Console

from provisioning.controller import Place
from provisioning.flash.report import FAILED, SEEN, Made
from provisioning.flash.screen import Screen

ONE, TWO = Place("genteng-kulon", "kiosk-1"), Place("genteng-kulon", "kiosk-2")


def screen(*answers: str) -> tuple[Screen, io.StringIO]:
    """A screen on a terminal of 120 columns; the technician types `answers`, then goes."""
    left = iter(answers)

    def ask(question: str) -> str:
        out.write(question)
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    out = io.StringIO()
    return Screen(Console(file=out, force_terminal=True, width=120), None, ask), out


def test_bars_questions_and_the_table_share_a_terminal():
    shown, out = screen("", "n", "s")
    with shown:
        for share in (None, 0.0, 0.5, 1.0):
            shown.tell("/dev/ttyUSB0", ONE, "writing", share)
            shown.tell("/dev/ttyUSB1", TWO, "writing", share)
        shown.finished(Made("/dev/ttyUSB0", ONE, SEEN, "30aea4c0ffee"))
        failed = Made("/dev/ttyUSB1", TWO, FAILED, "30aea4c0ffef", said="[/another cable]")
        assert shown.again(failed)
        assert not shown.again(failed)
        shown.finished(failed)
        assert shown.next([("/dev/ttyUSB0", TWO)]) == "s"
    text = out.getvalue()
    for word in (
        "writing",
        "ttyUSB0",
        "genteng-kulon/kiosk-1",
        "[/another cable]",
        "next board, please",
        "seen",
        "failed",
    ):
        assert word in text


def test_where_the_input_ends_nothing_more_is_begun():
    shown, _ = screen()
    with shown:
        assert shown.next([("/dev/ttyUSB0", ONE)]) == "q"
        assert not shown.again(Made("/dev/ttyUSB0", ONE))


def test_where_nobody_is_there_it_goes_on_and_tries_nothing_again():
    with Screen(Console(file=io.StringIO()), None, None) as shown:
        assert shown.next([("/dev/ttyUSB0", ONE)]) == ""
        assert not shown.again(Made("/dev/ttyUSB0", ONE))

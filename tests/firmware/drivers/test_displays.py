"""The digits and the matrix, read back from the pulses and bytes that the chips would see."""

import pytest

from hil.parts import Segments


async def test_a_label_is_read_from_the_pulses_of_a_tm1637(start):
    rig = await start('parts["digits"].show("A 12"); tell(done=parts["digits"].present)', role="kiosk")
    assert await rig.told_of("done") is True
    assert rig.parts.segments.text == "A 12"
    assert rig.parts.segments.acknowledged
    assert rig.parts.segments.brightness == 8


async def test_the_golden_pulses_of_one_byte(start):
    """TM1637 datasheet, "Interface interpretation": start, 40h from its lowest bit, the chip's ACK, stop."""
    rig = await start('parts["digits"].show("    "); tell(done=1)', role="kiosk")
    await rig.told_of("done")
    first = next(line["pulses"] for line in rig.lines if "segments" in line)
    assert first[0] == "1"  # clock high, data falls
    assert _rising(first)[:9] == [0, 0, 0, 0, 0, 0, 1, 0, 0]
    assert first[-2:] == "13"  # clock high, data rises


def _rising(pulses: str) -> list[int]:
    """The data line wherever the clock rises."""
    last, levels = 3, []
    for mark in pulses:
        sample = int(mark)
        if sample & 1 and not last & 1:
            levels.append(sample >> 1)
        last = sample
    return levels


async def test_nothing_is_sent_while_nothing_changes(start):
    rig = await start(
        """
        digits = parts["digits"]
        for text in ("A 12", "A 12", "A 12", "A 13"):
            digits.show(text)
            tell(shown=text)
        tell(done=1)
        """,
        role="kiosk",
    )
    await rig.told_of("done")
    frames = [line for line in rig.lines if "segments" in line]
    assert len(frames) == 2 * 3
    assert rig.parts.segments.text == "A 13"


async def test_a_display_that_was_unplugged_is_written_again(start):
    rig = await start(
        """
        digits = parts["digits"]
        hand(digits=False)
        digits.show("A 12")
        absent = digits.present
        hand(digits=True)
        digits.show("A 12")
        tell(done=[absent, digits.present])
        """,
        role="kiosk",
    )
    assert await rig.told_of("done") == [False, True]
    assert rig.parts.segments.text == "A 12"


@pytest.mark.parametrize("text", ["SIAP", "E-07", "----", "9999", "P  4", "TUTP", "N 12", " 1 2"])
async def test_what_is_shown_reads_back(start, text):
    rig = await start(f'parts["digits"].show({text!r}); tell(done=1)', role="kiosk")
    await rig.told_of("done")
    assert rig.parts.segments.text == text.replace("S", "5")  # one pattern serves both


def test_a_segments_decoder_that_is_fed_nothing_shows_nothing():
    assert Segments().text == ""


async def test_the_golden_set_up_of_a_max7219(start):
    """Datasheet, table 2: display test off, no decode, eight digits scanned, normal operation, each for all modules."""
    rig = await start("tell(done=1)", role="display")
    await rig.told_of("done")
    sent = [line["hex"] for line in rig.lines if "spi" in line]
    assert sent[:5] == ["0f00" * 8, "0900" * 8, "0b07" * 8, "0c01" * 8, "0a08" * 8]
    assert sent[5:] == [f"{row:02x}00" * 8 for row in range(1, 9)]


@pytest.mark.parametrize("text", ["A 5>2", "A 12>3", "A 999>16", "Z1000>9", "- - -", "KONF3F2A"])
async def test_the_matrix_reads_back(start, text):
    rig = await start(f'parts["matrix"].show({text!r}); tell(done=1)', role="display")
    await rig.told_of("done")
    assert rig.parts.matrix.text == text
    assert not rig.parts.matrix.mark


async def test_the_mark_of_a_stale_line_is_one_pixel(start):
    rig = await start('parts["matrix"].show("A 5>2", True); tell(done=1)', role="display")
    await rig.told_of("done")
    assert rig.parts.matrix.mark
    assert rig.parts.matrix.text == "A 5>2"


async def test_only_changed_rows_are_written_and_refresh_writes_all(start):
    rig = await start(
        """
        matrix = parts["matrix"]
        matrix.show("A 5>2")
        tell(first=1)
        matrix.show("A 5>2")
        tell(second=1)
        matrix.refresh()
        tell(third=1)
        """,
        role="display",
    )

    def count():
        return sum(1 for line in rig.lines if "spi" in line)

    await rig.told_of("first")
    after_first = count()
    await rig.told_of("second")
    assert count() == after_first
    await rig.told_of("third")
    assert count() == after_first + 13
    assert rig.parts.matrix.text == "A 5>2"


async def test_both_displays_can_be_dimmed_and_are_told_only_what_changed(start):
    rig = await start(
        """
        digits = parts["digits"]
        digits.show("A 12")
        for level in (7, 0, 0, 3):
            digits.dim(level)
        tell(done=1)
        """,
        role="kiosk",
    )
    await rig.told_of("done")
    assert rig.parts.segments.brightness == 4
    assert sum(1 for line in rig.lines if "segments" in line) == 3 + 2
    rig = await start('parts["matrix"].dim(4); parts["matrix"].dim(0); tell(done=1)', role="display")
    await rig.told_of("done")
    assert rig.parts.matrix.intensity == 0
    assert sum(1 for line in rig.lines if "spi" in line) == 13 + 1

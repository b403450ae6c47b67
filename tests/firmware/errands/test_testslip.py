"""The test slip: all that a printer must be able to do, on one paper; or what is wrong with it."""

import pytest

from protocol.codes import CODES
from tests.firmware.errands.conftest import ordered
from tests.firmware.roles.test_kiosk import KIOSK, shown


async def test_the_slip_has_ruler_characters_codes_both_languages_and_qr(under_orders):
    rig = await under_orders("kiosk", KIOSK)
    assert await ordered(rig, "test_print") == ["done", ""]
    [slip] = rig.parts.paper.tickets
    assert slip.whole
    lines = [line.text for line in slip.lines]
    assert lines[:2] == ["UJI CETAK", "PRINT TEST"]
    assert lines[2] == "         1         2         3  "
    assert lines[3] == "12345678901234567890123456789012"
    characters = "".join(map(chr, range(32, 127)))
    assert characters in "".join(lines)
    assert all(any(code in line for line in lines) for code in CODES)
    assert "Perangkat bekerja normal." in lines
    assert "The device works normally." in lines
    assert any(line.size == 8 and line.text == "A 12" for line in slip.lines)
    assert any(line.bold for line in slip.lines)
    assert [line.qr for line in slip.lines if line.qr] == ["020000000001"]
    assert all(len(line.text) * line.size <= 32 for line in slip.lines)


@pytest.mark.parametrize(
    ("hand", "fault"),
    [({"paper": False}, "out"), ({"printer": {"cover": True}}, "cover"), ({"printer": {"silent": True}}, "silent")],
)
async def test_it_is_refused_with_what_is_wrong_with_the_printer(under_orders, hand, fault):
    rig = await under_orders("kiosk", KIOSK)
    await shown(rig, "5IAP")
    rig.send(**hand)
    assert await ordered(rig, "test_print") == ["refused", fault]
    assert rig.parts.paper.tickets == []


async def test_paper_that_ends_on_the_way_is_a_failure_and_the_next_one_is_whole(under_orders):
    rig = await under_orders("kiosk", KIOSK)
    await shown(rig, "5IAP")
    rig.send(paper={"left": 6})
    assert await ordered(rig, "test_print") == ["failed", "out"]
    rig.send(paper=True)
    assert await ordered(rig, "test_print") == ["done", ""]
    assert [one.whole for one in rig.parts.paper.tickets] == [False, True]


async def test_two_at_once_are_one_and_a_ticket_pressed_meanwhile_comes_out(under_orders):
    rig = await under_orders("kiosk", KIOSK)
    await shown(rig, "5IAP")
    rig.send(order="test_print")
    rig.send(order="test_print")
    rig.send(press="A")
    assert await rig.told_of("answer") == ["refused", "busy"]
    assert await rig.told_of("answer") == ["done", ""]
    await rig.until(lambda rig: sum(one.whole for one in rig.parts.paper.tickets) == 2)
    assert sorted(any(line.text == "A 1" for line in one.lines) for one in rig.parts.paper.tickets) == [False, True]

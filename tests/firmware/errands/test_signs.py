"""A device that is looked for or looked at: it shows all it has, ends by itself, and a called number always wins."""

import asyncio

import pytest

from protocol.announce import CLIPS, DIGITS
from tests.firmware.errands.conftest import ordered
from tests.firmware.roles.test_counter import COUNTER
from tests.firmware.roles.test_display import DISPLAY, board, call, shows, spoken, words
from tests.firmware.roles.test_kiosk import KIOSK

LIT = "88.88"  # every segment, with the colon
HALLS = {"kiosk": (KIOSK, "5IAP"), "display": (DISPLAY, "- - -"), "counter": (COUNTER, "N  3")}
ROLES = pytest.mark.parametrize("role", HALLS)
TESTS = pytest.mark.parametrize("op", ["identify", "test_display"])


async def seen(rig, ends) -> list[tuple[str, str, bool]]:
    """Return what can be seen, (segments, matrix, lamp), each change once, until `ends(rig)`."""
    found: list[tuple[str, str, bool]] = []
    while not ends(rig):
        await asyncio.wait_for(rig._read(), 20)
        now = (rig.parts.segments.text, rig.parts.matrix.text, rig.parts.lamp)
        if not found or found[-1] != now:
            found.append(now)
    return found


@ROLES
async def test_a_device_that_is_looked_for_blinks_and_stops_by_itself(under_orders, role):
    source, idle = HALLS[role]
    rig = await under_orders(role, source)
    await shows(rig, idle)
    assert await ordered(rig, "identify") == ["done", ""], "it is begun"
    lit = []

    def over(rig) -> bool:
        lit.append(rig.parts.segments.text)
        return rig.parts.digits == idle and LIT in lit and lit[-1] not in (LIT, "    ")

    steps = await seen(rig, over)
    segments = [one for i, (one, _, _) in enumerate(steps) if i == 0 or steps[i - 1][0] != one]
    assert segments.count(LIT) >= 3, segments
    assert segments.count("    ") >= 3, segments
    if role == "kiosk":
        assert {lamp for _, _, lamp in steps} == {True, False}
        await rig.until(lambda rig: rig.parts.lamp)  # paper and printer are well, and it says so again
    if role == "display":
        assert {"#######", idle} == {matrix for _, matrix, _ in steps}, "what stands there is seen between"
        assert spoken(rig) == ["chime"]


@ROLES
async def test_every_segment_and_light_then_all_digits(under_orders, role):
    source, idle = HALLS[role]
    rig = await under_orders(role, source)
    await shows(rig, idle)
    rig.send(order="test_display")
    steps = await seen(rig, lambda rig: any("answer" in line for line in rig.told))
    segments = [one for i, (one, _, _) in enumerate(steps) if i == 0 or steps[i - 1][0] != one]
    first = segments.index(LIT)
    digits = [4 * digit for digit in "0123456789"]
    assert [one for one in segments[first + 1 :] if one in digits] == digits
    if role == "display":
        matrix = [one for i, (_, one, _) in enumerate(steps) if i == 0 or steps[i - 1][1] != one]
        assert "#######" in matrix
        assert [one for one in matrix if one[:1] in "0123456789" and one] == [8 * digit for digit in "0123456789"]
    assert await rig.told_of("answer") == ["done", ""]
    await shows(rig, idle)


async def test_a_display_that_does_not_answer_is_said(under_orders):
    rig = await under_orders("counter", COUNTER)
    rig.send(digits=False)
    assert await ordered(rig, "test_display") == ["failed", "digits"]


async def test_the_speaker_plays_the_chime_and_the_digits(under_orders):
    rig = await under_orders("display", DISPLAY)
    assert await ordered(rig, "test_speaker") == ["done", ""]
    assert spoken(rig) == ["chime", *DIGITS]
    await shows(rig, "- - -")


async def test_a_speaker_that_never_plays_is_said(under_orders):
    rig = await under_orders("display", DISPLAY)
    rig.send(speaker={"dead": True})
    assert await ordered(rig, "test_speaker") == ["failed", "speaker"]


@pytest.mark.parametrize(("role", "op"), [("kiosk", "test_speaker"), ("counter", "test_speaker"),
                                          ("counter", "test_print"), ("display", "test_print")])  # fmt: skip
async def test_a_role_without_the_part_says_so(under_orders, role, op):
    rig = await under_orders(role, HALLS[role][0])
    assert await ordered(rig, op) == ["refused", "no_part"]
    rig.send(order="test_display")  # and nothing is left of it
    assert await rig.told_of("answer") == ["done", ""]


@pytest.mark.parametrize("op", ["identify", "test_display", "test_speaker"])
async def test_a_call_cuts_it_off_and_is_shown_and_spoken_whole(under_orders, op):
    rig = await under_orders("display", DISPLAY)
    rig.send(speaker={"ms": 80})
    rig.send(order=op)
    if op == "test_display":
        await rig.until(lambda rig: rig.parts.segments.text == LIT)
    else:
        await rig.until(lambda rig: spoken(rig))
    before = len(spoken(rig))
    rig.send(board=board(1, call(1, 12)))
    await shows(rig, "A 12>1")
    since = []
    while not spoken(rig)[before:] or spoken(rig)[-1] != "satu":
        await rig._read()
        since.append(rig.parts.digits)
    said = words("a", "dua", "belas", "satu")
    assert spoken(rig)[-len(said) :] == said
    assert set(since) == {"A 12>1"}, "nothing but the number from then on"
    assert await rig.told_of("answer") == (["done", ""] if op == "identify" else ["failed", "cut_off"])


@TESTS
async def test_a_citizen_at_the_kiosk_cuts_it_off(under_orders, op):
    rig = await under_orders("kiosk", KIOSK)
    rig.send(order=op)
    await rig.until(lambda rig: rig.parts.segments.text == LIT)
    rig.send(press="A")
    await rig.until(lambda rig: rig.parts.paper.tickets and rig.parts.paper.tickets[0].whole)
    await shows(rig, "5IAP")
    await rig.until(lambda rig: rig.parts.lamp)
    assert await rig.told_of("answer") == (["done", ""] if op == "identify" else ["failed", "cut_off"])


@TESTS
async def test_a_clerk_at_the_keypad_cuts_it_off(under_orders, op):
    rig = await under_orders("counter", COUNTER)
    rig.send(order=op)
    await rig.until(lambda rig: rig.parts.segments.text == LIT)
    await rig.press("A")
    await shows(rig, "A  1")
    assert await rig.told_of("answer") == (["done", ""] if op == "identify" else ["failed", "cut_off"])


async def test_one_at_a_time(under_orders):
    rig = await under_orders("counter", COUNTER)
    assert await ordered(rig, "identify") == ["done", ""]
    assert await ordered(rig, "test_display") == ["refused", "busy"]
    await rig.until(lambda rig: rig.parts.segments.text == LIT)
    await shows(rig, "N  3")


def test_there_is_a_clip_for_all_that_is_played():
    assert CLIPS[0] == "chime"
    assert [CLIPS.index(digit) for digit in DIGITS] == list(range(3, 13))

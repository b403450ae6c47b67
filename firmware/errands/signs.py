"""Lights and sounds that an order asks for: a device that is to be found, a display or a speaker that is looked at.

Each is a guest of the role (`Role.invite`): it has the parts until somebody is served, and is cut off then.
"""

import asyncio

from protocol.announce import CLIPS, DIGITS

OPS = ("identify", "test_display", "test_speaker")
BLINKS = 10  # seconds
HALF_MS = 500
ALL_MS = 2_000  # every segment, so that a dark one is found
DIGIT_MS = 500
CHIME = CLIPS.index("chime") + 1
NOL = CLIPS.index(DIGITS[0]) + 1


def begin(op: str, answer, orders) -> None:
    """Have the role let it in as soon as nobody needs the device for anything else; one at a time."""
    parts, role = orders.parts, orders.role
    needed = ("speaker",) if op == "test_speaker" else ("digits", "matrix", "lamp")
    if not any(name in parts for name in needed):
        answer("refused", "no_part")
    elif role.guest is not None:
        answer("refused", "busy")
    elif op == "identify":
        answer("done")
        role.invite(lambda ended: _visit(_identify, parts, lambda outcome, reason: None, ended))
    else:
        job = _display if op == "test_display" else _speaker
        role.invite(lambda ended: _visit(job, parts, answer, ended))


async def _visit(job, parts, answer, ended):
    """Do it and tell what came of it; whom somebody cuts off has failed."""
    outcome = ("failed", "cut_off")
    try:
        fault = await job(parts)
        outcome = ("failed", fault) if fault else ("done", "")
    finally:
        ended.set()
        answer(*outcome)


async def _identify(parts):
    """On and off for ten seconds, after the chime where there is a speaker."""
    try:
        _light(parts, True)
        if "speaker" in parts:
            await _play(parts["speaker"], CHIME)
        for _ in range(BLINKS):
            for on in (True, False):
                _light(parts, on)
                await asyncio.sleep_ms(HALF_MS)
    finally:
        _light(parts, False)


async def _display(parts):
    """Every segment and light, then 0 to 9 on all places."""
    try:
        _light(parts, True)
        await asyncio.sleep_ms(ALL_MS)
        _light(parts, False)
        for digit in "0123456789":
            _write(parts, digit)
            await asyncio.sleep_ms(DIGIT_MS)
    finally:
        _light(parts, False)
    digits = parts.get("digits")
    return "" if digits is None or digits.present else "digits"


async def _speaker(parts):
    """The chime, then nol to sembilan."""
    heard = False
    for clip in [CHIME] + [NOL + n for n in range(10)]:
        heard = await _play(parts["speaker"], clip) or heard
    return "" if heard else "speaker"


async def _play(speaker, clip):
    """Whether it was heard; who is cut off leaves silence behind, and the pause that a frame needs."""
    done = False
    try:
        heard = await speaker.play(clip)
        done = True
        return heard
    finally:
        if not done:
            await speaker.stop()


def _light(parts, on):
    """Everything on, or off."""
    if "matrix" in parts:
        parts["matrix"].test(on)
    if "digits" in parts:
        parts["digits"].show("8888" if on else "    ", on)
    if "lamp" in parts:
        parts["lamp"].value(1 if on else 0)


def _write(parts, digit):
    for name, places in (("matrix", 8), ("digits", 4)):
        if name in parts:
            parts[name].show(digit * places)

"""Buttons and keypad: one press is one event, however the contact bounces and whatever the ticks do."""

import pytest

LISTEN = """
    buttons, keypad = parts.get("buttons"), parts.get("keypad")
    for part in (buttons, keypad):
        if part is not None:
            part.on_press = lambda name: tell(press=name)
            part.on_hold = lambda name: tell(hold=name)

    async def main():
        for part in (buttons, keypad):
            if part is not None:
                asyncio.create_task(part.run())
        tell(listening=1)
        while True:
            await go()
            tell(went=1)
"""
RUN = "asyncio.run(with_panel(main))"


@pytest.mark.parametrize("bounces", [0, 1, 3, 5])
async def test_a_bouncing_button_is_one_press(start, bounces):
    rig = await start(LISTEN, RUN, role="kiosk")
    await rig.told_of("listening")
    rig.send(press="A", bounces=bounces)
    assert await rig.told_of("press") == "A"
    rig.send(press="B", bounces=bounces, ms=200)  # B is heard after all of A's bounces
    assert await rig.told_of("press") == "B"
    assert rig.told == []


@pytest.mark.parametrize("bounces", [0, 1, 3, 5])
async def test_a_bouncing_key_is_one_press(start, bounces):
    rig = await start(LISTEN, "buttons._hold_ms = 300", RUN, role="counter")
    await rig.told_of("listening")
    for key in "1A#":
        rig.send(key=key, bounces=bounces)
        assert await rig.told_of("press") == key
    rig.send(hold="T", bounces=5)  # another part, heard when the keys' bounces are over
    assert await rig.told_of("hold") == "T"
    assert [line for line in rig.told if line != {"press": "T"}] == []


async def test_two_buttons_at_once_are_two_presses(start):
    rig = await start(LISTEN, RUN, role="kiosk")
    await rig.told_of("listening")
    rig.send(press=["A", "C"], bounces=2)
    assert {await rig.told_of("press"), await rig.told_of("press")} == {"A", "C"}


async def test_a_held_button_is_told_once(start):
    rig = await start(LISTEN, "buttons._hold_ms = 150", RUN, role="kiosk")
    await rig.told_of("listening")
    rig.send(hold="A", ms=700)
    assert await rig.told_of("press") == "A"
    assert await rig.told_of("hold") == "A"
    rig.send(press="B")
    assert await rig.told_of("press") == "B"
    rig.send(hold="C", ms=400)
    assert await rig.told_of("hold") == "C"
    assert [line for line in rig.told if "hold" in line] == []


async def test_every_key_of_the_pad_is_its_own(start):
    rig = await start(LISTEN, RUN, role="counter")
    await rig.told_of("listening")
    for key in "123A456B789C*0#D":
        rig.send(key=key)
        assert await rig.told_of("press") == key


async def test_the_ghost_of_three_keys_is_not_believed(start):
    """1, 2 and 4 closed make row 2, column 2 read as closed: 5, which nobody pressed."""
    rig = await start(LISTEN, RUN, role="counter")
    await rig.told_of("listening")
    rig.send(key=["1", "2", "4"], ms=300)
    rig.send(press="T")
    assert await rig.told_of("press") == "T"
    assert rig.told == []


async def test_a_hold_is_seen_across_the_wrap_of_the_ticks(start):
    rig = await start(
        """
        from firmware.boards.virtual_time import Time
        from firmware.boards.virtual_parts import Pin
        from firmware.drivers.buttons import Buttons

        ticks = Time(before_wrap=100)
        pin = Pin()
        buttons = Buttons([("A", pin)], ticks, hold_ms=200)
        buttons.on_press = lambda name: tell(press=ticks.ticks_ms())
        buttons.on_hold = lambda name: tell(hold=ticks.ticks_ms())
        pin.pulled = True
        asyncio.run(buttons.run())
        """
    )
    pressed = await rig.told_of("press")
    held = await rig.told_of("hold")
    assert pressed > 1 << 29 > held  # before and after the wrap


TICKS = """
    from firmware.boards.virtual_parts import Column, Pin
    from firmware.drivers.buttons import Buttons
    from firmware.drivers.keypad import Keypad

    class Ticks:
        now = (1 << 30) - 1000

        def ticks_ms(self):
            return self.now

        def ticks_add(self, a, b):
            return (a + b) & ((1 << 30) - 1)

        def ticks_diff(self, a, b):
            return ((a - b + (1 << 29)) & ((1 << 30) - 1)) - (1 << 29)

    ticks, pin = Ticks(), Pin()
    presses = []

    def follow(part, contact, levels):
        part.on_press = presses.append
        ticks.now += 1000
        for level in levels:
            contact.pulled = level == "_"
            ticks.now = (ticks.now + 5) & ((1 << 30) - 1)
            part.poll()
"""
# One sample each 5 ms, "_" closed: an opening of 15 ms in the first 40 is bounce, a later one is a second press; a
# closing that only one sample sees is noise.
CONTACTS = [
    ("----____________----", 1),
    ("----___---_________----", 1),
    ("----_-_-__---______----", 1),
    ("----_----_-----", 0),
    ("----____________------------____________----", 2),
]


@pytest.mark.parametrize(("levels", "count"), CONTACTS)
async def test_a_button_s_contact_is_believed_after_two_equal_samples(start, levels, count):
    rig = await start(TICKS, f'follow(Buttons([("A", pin)], ticks), pin, {levels!r})', "tell(presses=presses)")
    assert await rig.told_of("presses") == ["A"] * count


@pytest.mark.parametrize(("levels", "count"), CONTACTS)
async def test_a_key_s_contact_is_believed_after_two_equal_samples(start, levels, count):
    rig = await start(
        TICKS,
        f"""
        rows = [Pin()]
        column = Column(rows)
        column.keys.append(pin)
        follow(Keypad(rows, [column], ticks, "5"), pin, {levels!r})
        tell(presses=presses)
        """,
    )
    assert await rig.told_of("presses") == ["5"] * count


async def test_buttons_answer_before_and_after_the_first_wrap(start):
    """A button that rested while the ticks passed half their circle is not locked for a week."""
    rig = await start(
        TICKS,
        """
        buttons = Buttons([("A", pin)], ticks)
        for _ in range(40):
            follow(buttons, pin, "---")
            ticks.now = (ticks.now + (1 << 26)) & ((1 << 30) - 1)
        follow(buttons, pin, "___")
        tell(presses=presses)
        """,
    )
    assert await rig.told_of("presses") == ["A"]

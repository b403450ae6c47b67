"""The clock chip: BCD registers as in its datasheet, and no trust in a time that it could not keep."""

import calendar
import json
import random
import time

import pytest

CHIP = """
    class Bus:
        def __init__(self):
            self.registers = bytearray(19)
        def readfrom_mem_into(self, address, register, buffer):
            assert address == 0x68
            buffer[:] = self.registers[register : register + len(buffer)]
        def writeto_mem(self, address, register, data):
            assert address == 0x68
            self.registers[register : register + len(data)] = data

    from firmware.drivers.ds3231 import DS3231
    bus = Bus()
    chip = DS3231(bus)
"""


async def test_the_golden_registers(start):
    """Datasheet, figure 1: 00h seconds to 06h year in BCD, weekday 1 to 7 (1 is Monday)"""
    rig = await start(
        CHIP, "tell(set=chip.set(1795505445)); tell(registers=bus.registers.hex()); tell(read=chip.read())"
    )
    assert await rig.told_of("set") is True
    registers = bytes.fromhex(await rig.told_of("registers"))
    assert registers[:7].hex() == "45300702241126"
    assert registers[0x0E] == 0x04
    assert registers[0x0F] & 0x80 == 0
    assert await rig.told_of("read") == 1795505445


async def test_any_second_of_its_century_reads_back(start):
    draw = random.Random(3231)
    first, last = calendar.timegm((2024, 1, 1, 0, 0, 0)), calendar.timegm((2099, 12, 31, 23, 59, 59))
    times = [first, last, *(draw.randint(first, last) for _ in range(400))]
    times += [calendar.timegm((2024, 2, 29, 23, 59, 59)), calendar.timegm((2028, 3, 1, 0, 0, 0))]
    rig = await start(CHIP, f"tell(read=[chip.read() if chip.set(t) else -1 for t in {json.dumps(times)}])")
    assert await rig.told_of("read") == times


async def test_the_registers_of_any_date_are_those_of_the_calendar(start):
    draw = random.Random(7)
    times = [draw.randint(946_684_800, 4_102_444_799) for _ in range(300)]
    rig = await start(
        CHIP,
        f"""
        out = []
        for t in {json.dumps(times)}:
            chip.set(t)
            out.append(bus.registers[:7].hex())
        tell(registers=out)
        """,
    )

    def expected(t: int) -> str:
        d = time.gmtime(t)
        return (
            f"{d.tm_sec:02}{d.tm_min:02}{d.tm_hour:02}{d.tm_wday + 1:02}{d.tm_mday:02}{d.tm_mon:02}{d.tm_year % 100:02}"
        )

    assert await rig.told_of("registers") == [expected(t) for t in times]


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("the oscillator has stopped", "bus.registers[0x0F] |= 0x80"),
        ("a month of 13", "bus.registers[5] = 0x13"),
        ("a minute of 60", "bus.registers[1] = 0x60"),
        ("never set", "bus.registers[:7] = bytes((0, 0, 0, 1, 1, 1, 0))"),
    ],
)
async def test_a_time_that_cannot_be_trusted_is_none(start, what, change):
    rig = await start(CHIP, "chip.set(1795505445)", change, "tell(read=chip.read())")
    assert await rig.told_of("read") == 0, what


@pytest.mark.parametrize(("hours", "hour"), [(0x52, 0), (0x72, 12), (0x61, 13), (0x71, 23), (0x41, 1)])
async def test_the_twelve_hour_mode_is_understood(start, hours, hour):
    """Datasheet, "Clock and calendar": bit 6 12 h mode, bit 5 PM; 12 AM is midnight."""
    rig = await start(CHIP, "chip.set(1795478400)", f"bus.registers[2] = {hours}", "tell(read=chip.read())")
    assert await rig.told_of("read") == 1795478400 + hour * 3600


async def test_an_absent_chip_is_no_error(start):
    rig = await start(
        'tell(read=parts["clock_chip"].read()); tell(set=parts["clock_chip"].set(1795505445))',
        role="kiosk",
        BALAI_RTC="none",
    )
    assert await rig.told_of("read") == 0
    assert await rig.told_of("set") is False


async def test_a_dead_battery_is_seen_and_setting_the_chip_heals_it(start):
    rig = await start(
        """
        chip = parts["clock_chip"]
        tell(before=chip.read())
        chip.set(1795505445)
        tell(after=chip.read())
        """,
        role="kiosk",
        BALAI_RTC="dead",
    )
    assert await rig.told_of("before") == 0
    assert await rig.told_of("after") - 1795505445 in (0, 1)


async def test_the_battery_keeps_the_time_over_a_power_cut(start):
    first = await start('parts["clock_chip"].set(1795505445); tell(done=1)', role="kiosk")
    await first.told_of("done")
    first.cut_power()
    again = await start('tell(read=parts["clock_chip"].read())', role="kiosk")
    assert 1795505445 <= await again.told_of("read") <= 1795505445 + 600

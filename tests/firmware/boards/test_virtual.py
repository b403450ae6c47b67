"""The virtual board is as unkind as the chip, and obeys its panel."""

import signal
import time

import pytest


async def test_ticks_wrap_at_two_to_the_thirty_one_minute_after_the_start(start):
    rig = await start("tell(ticks=clock.ticks_ms()); tell(add=clock.ticks_add((1 << 30) - 1, 2))", role="sensor")
    ticks = await rig.told_of("ticks")
    assert (1 << 30) - 60_000 <= ticks < (1 << 30)
    assert await rig.told_of("add") == 1


async def test_the_loop_goes_on_over_the_wrap(start):
    rig = await start(
        """
        from firmware.boards.virtual_time import Time
        Time(before_wrap=40).install()
        import time

        async def main():
            order = []
            async def at(name, ms):
                await asyncio.sleep_ms(ms)
                order.append(name)
            before = time.ticks_ms()
            await asyncio.gather(at("late", 90), at("early", 10), at("middle", 60))
            tell(order=order, wrapped=time.ticks_ms() < before, asyncio=asyncio.core.ticks() < 1 << 29)
            try:
                await asyncio.sleep_ms(1 << 29)
            except OverflowError:
                tell(refused=1)

        asyncio.run(main())
        """
    )
    await rig.until(lambda rig: rig.told)
    assert rig.told[0] == {"order": ["early", "middle", "late"], "wrapped": True, "asyncio": True}
    await rig.told_of("refused")


async def test_the_wall_clock_counts_from_2000_and_forgets(start):
    rig = await start(
        """
        import time
        tell(now=time.time(), whole=isinstance(time.time(), int), fields=list(time.gmtime(0)[:6]))
        """,
        role="sensor",
    )
    await rig.until(lambda rig: rig.told)
    assert rig.told[0]["now"] in (0, 1, 2)
    assert rig.told[0]["whole"] is True
    assert rig.told[0]["fields"] == [2000, 1, 1, 0, 0, 0]


async def test_the_panel_sets_jumps_and_stops_the_clock(start):
    rig = await start(
        """
        async def main():
            while True:
                await go()
                tell(now=clock.time() + clock.EPOCH)
        asyncio.run(with_panel(main))
        """,
        role="sensor",
        BALAI_CLOCK="host",
    )

    async def shown() -> int:
        rig.send(go=1)
        return await rig.told_of("now")

    assert abs(await shown() - time.time()) < 30
    rig.send(clock={"set": 1795505400})
    assert await shown() - 1795505400 < 30
    rig.send(clock={"stop": True})
    still = await shown()
    rig.send(clock={"jump": -86_400})
    assert await shown() == still - 86_400
    assert await shown() == still - 86_400


async def test_a_soft_reset_starts_anew_and_keeps_the_clock(start):
    rig = await start(
        """
        tell(cause=board.reset_cause(), now=clock.time())
        if board.reset_cause() == "power":
            clock.set(800_000_000)
            board.reset()
        """,
        role="sensor",
    )
    await rig.until(lambda rig: len(rig.told) == 2)
    assert [line["cause"] for line in rig.told] == ["power", "soft"]
    assert 800_000_000 <= rig.told[1]["now"] < 800_000_600


async def test_a_watchdog_that_is_not_fed_bites(start):
    rig = await start(
        """
        dog = board.watchdog(1000)
        dog.feed()
        tell(fed=1)
        while True:
            pass
        """,
        role="sensor",
    )
    await rig.told_of("fed")
    assert await rig.end() == -signal.SIGALRM


async def test_a_device_ends_when_its_bench_does(start):
    rig = await start("async def main():\n    pass\nasyncio.run(with_panel(main))", role="sensor")
    assert await rig.end() == 0


@pytest.mark.parametrize(
    "line",
    ["", "nonsense", "[1, 2]", "{", '{"no-such-word": 1}', '{"press": "Z"}', '{"press": 5}', '{"hold": null}',
     '{"paper": {}}', '{"clock": 7}', '{"printer": []}', '{"key": "3"}', '{"rtc": 1}', '{"press": "A", "ms": "x"}'],
)  # fmt: skip
async def test_no_line_ends_the_device(start, line):
    rig = await start(
        """
        async def main():
            while True:
                await go()
                tell(alive=1)
        asyncio.run(with_panel(main))
        """,
        role="kiosk",
    )
    rig.process.stdin.write(line.encode() + b"\n")
    rig.send(go=1)
    await rig.told_of("alive")


async def test_the_clock_chip_stops_when_told(start):
    rig = await start(
        """
        async def main():
            while True:
                await go()
                tell(read=parts["clock_chip"].read())
        asyncio.run(with_panel(main))
        """,
        role="kiosk",
        BALAI_RTC="-3600",
    )

    async def read() -> int:
        rig.send(go=1)
        return await rig.told_of("read")

    assert abs(await read() - (time.time() - 3600)) < 30
    rig.send(rtc={"jump": 7200})
    assert abs(await read() - (time.time() + 3600)) < 30
    rig.send(rtc={"stop": True})
    assert await read() == 0
    rig.send(rtc={"plugged": False})
    assert await read() == 0


async def test_a_battery_taken_out_is_missed_at_the_next_power_on(start):
    first = await start(
        "async def main():\n    await go()\n    tell(went=1)\nasyncio.run(with_panel(main))", role="kiosk"
    )
    first.send(rtc={"battery": False})
    first.send(go=1)
    await first.told_of("went")
    first.cut_power()
    again = await start('tell(read=parts["clock_chip"].read())', role="kiosk")
    assert await again.told_of("read") == 0

"""Tasks that die are started again, told of and forgiven; the watchdog bites where one does nothing any more."""

import signal

from firmware.core import supervision

SUPERVISOR = """
from firmware.core import supervision
from firmware.core.clock import Clock
from firmware.core.supervision import Supervisor

supervision.EVERY_MS = 5
fed = [0]
deaths = []

class Dog:
    def feed(self):
        fed[0] += 1

supervisor = Supervisor(Clock(clock), Dog(), lambda name, error: deaths.append((name, repr(error))))
"""


async def test_a_task_that_dies_is_started_again_ever_more_slowly(start):
    rig = await start(
        SUPERVISOR,
        """
        supervision.FIRST_MS, supervision.LONGEST_MS = 20, 80
        starts = []

        async def fails():
            starts.append(clock.ticks_ms())
            raise ValueError("it fails")

        async def main():
            supervisor.start("one", fails)
            while len(starts) < 7:
                await asyncio.sleep_ms(5)
            tell(pauses=[clock.ticks_diff(b, a) for a, b in zip(starts, starts[1:])], deaths=deaths)

        asyncio.run(main())
        """,
        role="sensor",
    )
    await rig.until(lambda rig: rig.told)
    pauses = rig.told[0]["pauses"]
    for pause, least in zip(pauses, (20, 40, 80, 80, 80, 80), strict=True):
        assert pause >= least
    assert rig.told[0]["deaths"] == [["one", "ValueError('it fails',)"]], "its reports would fill the flash"


async def test_one_that_dies_for_hours_is_told_of_once_an_hour(start):
    rig = await start(
        SUPERVISOR,
        """
        supervision.FIRST_MS = supervision.LONGEST_MS = 10
        supervision.TELL_MS = 100

        async def fails():
            raise ValueError("it fails")

        async def main():
            supervisor.start("one", fails)
            began = clock.ticks_ms()
            while len(deaths) < 3:
                await asyncio.sleep_ms(5)
            tell(took=clock.ticks_diff(clock.ticks_ms(), began))

        asyncio.run(main())
        """,
        role="sensor",
    )
    assert await rig.told_of("took") >= 200


async def test_a_task_that_ran_well_has_its_patience_back(start):
    rig = await start(
        SUPERVISOR,
        """
        supervision.FIRST_MS, supervision.LONGEST_MS, supervision.WELL_MS = 10, 2000, 60
        ends = []

        async def some():
            if len(ends) == 5:
                await asyncio.sleep_ms(80)
            ends.append(clock.ticks_ms())
            raise ValueError

        starts = []

        async def counted():
            starts.append(clock.ticks_ms())
            await some()

        async def main():
            supervisor.start("one", counted)
            while len(starts) < 7:
                await asyncio.sleep_ms(5)
            tell(after=clock.ticks_diff(starts[6], ends[5]), before=clock.ticks_diff(starts[5], ends[4]))

        asyncio.run(main())
        """,
        role="sensor",
    )
    await rig.until(lambda rig: rig.told)
    assert rig.told[0]["before"] >= 160
    assert rig.told[0]["after"] < 160


async def test_a_report_that_fails_does_not_end_what_it_reports_on(start):
    rig = await start(
        SUPERVISOR,
        """
        supervision.FIRST_MS = 5
        supervisor._on_crash = lambda name, error: 1 // 0
        runs = []

        async def fails():
            runs.append(1)
            raise OSError(28)

        async def main():
            supervisor.start("one", fails)
            while len(runs) < 3:
                await asyncio.sleep_ms(5)
            tell(runs=len(runs))

        asyncio.run(main())
        """,
        role="sensor",
    )
    assert await rig.told_of("runs") == 3


async def test_the_watchdog_is_fed_while_all_make_progress_and_only_then(start):
    rig = await start(
        SUPERVISOR,
        """
        async def main():
            asyncio.create_task(supervisor.run())
            supervisor.expect("one", 100)
            supervisor.expect("two", 100)
            for _ in range(30):
                supervisor.beat("one")
                supervisor.beat("two")
                await asyncio.sleep_ms(10)
            well = fed[0]
            for _ in range(30):
                supervisor.beat("one")
                await asyncio.sleep_ms(10)
            late = fed[0]
            for _ in range(10):
                supervisor.beat("one")
                await asyncio.sleep_ms(10)
            tell(well=well, late=late, end=fed[0])

        asyncio.run(main())
        """,
        role="sensor",
    )
    await rig.until(lambda rig: rig.told)
    told = rig.told[0]
    assert told["well"] >= 10
    assert told["end"] == told["late"], "two has hung, and nothing feeds the dog any more"


async def test_a_loop_that_hangs_is_bitten(start):
    rig = await start(
        """
        from firmware.core.clock import Clock
        from firmware.core.supervision import Supervisor

        async def hangs():
            tell(hangs=1)
            while True:
                pass

        async def main():
            supervisor = Supervisor(Clock(clock), board.watchdog(1000), None)
            asyncio.create_task(supervisor.run())
            supervisor.start("one", hangs)
            await asyncio.sleep(60)

        asyncio.run(main())
        """,
        role="sensor",
    )
    await rig.told_of("hangs")
    assert await rig.end() == -signal.SIGALRM


def test_the_patience_is_shorter_than_the_watchdog():
    assert supervision.LONGEST_MS < supervision.WATCHDOG_MS


def test_a_crash_is_kept_over_a_reset_short_and_printable(run):
    [told] = run(
        """
        from firmware.core import crashlog

        def deep(n):
            if n:
                return deep(n - 1)
            raise ValueError("\\x00\\u2603" * 40 + "the end")

        try:
            deep(60)
        except ValueError as error:
            crashlog.keep("crash", error)
        tell(kept=crashlog.take("crash"), none=crashlog.take("nothing"))
        """
    )
    assert told["kept"].rstrip().endswith("the end")
    assert len(told["kept"]) <= 1_024
    assert all(32 <= ord(c) < 127 or c == "\n" for c in told["kept"])
    assert told["none"] == ""

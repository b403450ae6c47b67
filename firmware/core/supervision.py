"""Keeps the tasks running: one that dies is reported and started again; the watchdog is fed while all make progress."""

import asyncio

from firmware.core.console import FAULTS, console
from firmware.core.crashlog import trace

WATCHDOG_MS = 60_000  # a TLS handshake stalls the loop for most of a second on silicon; flash and DNS add to it
EVERY_MS = 1_000
FIRST_MS = 500  # before a task that died is started again; doubled each time, up to
LONGEST_MS = 30_000
WELL_MS = 60_000  # a task that ran this long has its patience back
TELL_MS = 3_600_000  # one that dies again and again is reported this often: reports lie on flash beside the tickets


class Supervisor:
    """`on_crash(name, error)` hears of tasks that died."""

    def __init__(self, clock, watchdog, on_crash):
        self._clock = clock
        self._watchdog = watchdog
        self._on_crash = on_crash
        self._beats = {}  # name -> (last beat, longest pause in ms)

    def start(self, name: str, run) -> None:
        """Keep the coroutine function `run` running."""
        asyncio.create_task(self._keep(name, run))

    def expect(self, name: str, pause_ms: int) -> None:
        """From now on `beat(name)` must come at least every `pause_ms`, or the watchdog bites."""
        self._beats[name] = (self._clock.up(), pause_ms)

    def beat(self, name: str) -> None:
        """A task has made progress."""
        self._beats[name] = (self._clock.up(), self._beats[name][1])

    async def run(self) -> None:
        """Feed the watchdog while everybody beats."""
        while True:
            now = self._clock.up()
            if all(now - last <= pause for last, pause in self._beats.values()):
                self._watchdog.feed()
            await asyncio.sleep_ms(EVERY_MS)

    async def _keep(self, name, run):
        wait = FIRST_MS
        told = None
        while True:
            began = self._clock.up()
            try:
                await run()
                return
            except Exception as error:
                now = self._clock.up()
                if now - began > WELL_MS:
                    wait = FIRST_MS
                console.say(FAULTS, "%s: %s" % (name, trace(error)))
                if told is None or now - told > TELL_MS:
                    told = now
                    self._report(name, error)
            await asyncio.sleep_ms(wait)
            wait = min(2 * wait, LONGEST_MS)

    def _report(self, name, error):
        try:
            self._on_crash(name, error)
        except Exception as second:  # no report is worth a task that is not started again
            console.say(FAULTS, trace(second))

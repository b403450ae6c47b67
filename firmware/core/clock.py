"""The device's time: uptime that survives the wrap of the ticks, and Unix time with its quality.

Qualities: 0 none, 1 floor (not before the last time known), 2 clock chip, 3 controller, 4 NTP. The time is kept on
the ticks, so that a wall clock that jumps or stops changes nothing here; only a source of the same or a better quality
may set it.
"""

NONE, FLOOR, CHIP, CONTROLLER, NTP = range(5)
TRUSTED = CHIP
STEP_MS = 2_000  # a smaller difference is no step worth an event
SLACK_MS = 500  # a smaller difference is the network's, not the clock's
LATEST_MS = 60_000  # no message comes later than this: the session has ended by then
TELLINGS = 4  # of an earlier time, of which the best is believed
LIFE_S = 315_360_000  # ten years, the battery's: a chip that shows more than that after the floor was set wrong


class Clock:
    """`source`: the board's time source; `chip`: a DS3231 or None; `floor`: Unix seconds that have passed for sure;
    `built`: those of the firmware, should even the floor be wrong."""

    def __init__(self, source, chip=None, floor: int = 0, on_step=None, built: int = 0):
        self._source = source
        self._chip = chip
        self._ticks = source.ticks_ms()
        self._up = 0
        self._zero = 0  # Unix ms at uptime 0
        self.q = NONE
        self.on_step = on_step  # called with (from, to, quality): a trusted time was set anew
        self._ahead = 0  # the least by which we were ahead of what was told
        self._tellings = 0
        self._guesses = (0, floor, built)  # for certificates; 0: our own time
        self._guess = 0
        read = chip.read() if chip is not None else 0
        if read and floor <= read < floor + LIFE_S:
            self._set(read * 1000, CHIP)
        elif floor:
            self._set(floor * 1000, FLOOR)

    def up(self) -> int:
        """Milliseconds since boot. Must be called once in six days, or a wrap is missed."""
        ticks = self._source.ticks_ms()
        self._up += self._source.ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self._up

    def now(self):
        """(Unix milliseconds or 0, quality)."""
        return (self._zero + self.up() if self.q else 0), self.q

    def set(self, t: int, q: int) -> bool:
        """Take the time `t` (Unix ms) of a source of quality `q`; whether it was taken.

        A message may come late and never early: from the same source a later time is taken at once, an earlier one
        only when it was told several times, the best of them, or is too much earlier for that.
        """
        if q < self.q or t <= 0:
            return False
        before, quality = self.now()
        if q == quality:
            ahead = before - t
            if -SLACK_MS < ahead < SLACK_MS:
                self._tellings = 0
                return False
            if 0 < ahead < LATEST_MS:
                self._ahead = min(ahead, self._ahead) if self._tellings else ahead
                self._tellings += 1
                if self._tellings < TELLINGS:
                    return False
                t = before - self._ahead
        self._set(t, q)
        if self._chip is not None and q > CHIP:
            self._chip.set(t // 1000)
        if self.on_step is not None and (before == 0 or not -STEP_MS < t - before < STEP_MS):
            self.on_step(before, t, q)
        return True

    def doubt(self) -> None:
        """A certificate was refused, perhaps for its dates: let the next be checked at the floor, then at the day of
        the firmware, then at our own time again. Whoever told that: a controller may have been wrong too."""
        self._guess = (self._guess + 1) % len(self._guesses)
        seconds = self._guesses[self._guess] or self.now()[0] // 1000
        if seconds:
            self._source.set(seconds - self._source.EPOCH)

    def _set(self, t: int, q: int) -> None:
        self._zero = t - self.up()
        self.q = q
        self._tellings = 0
        self._source.set(t // 1000 - self._source.EPOCH)  # certificates are checked against the wall clock

"""The device's time: uptime that survives the wrap of the ticks, and Unix time with its quality.

Qualities: 0 none, 1 floor (not before the last time known), 2 clock chip, 3 controller, 4 NTP. The time is kept on
the ticks, so that a wall clock that jumps or stops changes nothing here; only a source of the same or a better quality
may set it.
"""

NONE, FLOOR, CHIP, CONTROLLER, NTP = range(5)
TRUSTED = CHIP
STEP_MS = 2_000  # a smaller difference is no step worth an event
SLACK_MS = 500  # a smaller difference is the network's, not the clock's


class Clock:
    """`source`: the board's time source; `chip`: a DS3231 or None; `floor`: Unix seconds that have passed for sure."""

    def __init__(self, source, chip=None, floor: int = 0, on_step=None):
        self._source = source
        self._chip = chip
        self._ticks = source.ticks_ms()
        self._up = 0
        self._zero = 0  # Unix ms at uptime 0
        self.q = NONE
        self.on_step = on_step  # called with (from, to, quality): a trusted time was set anew
        read = chip.read() if chip is not None else 0
        if read >= floor and read:
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
        """Take the time `t` (Unix ms) of a source of quality `q`; whether it was taken."""
        if q < self.q or t <= 0:
            return False
        before, quality = self.now()
        if q == quality and -SLACK_MS < t - before < SLACK_MS:
            return False
        self._set(t, q)
        if self._chip is not None and q > CHIP:
            self._chip.set(t // 1000)
        if self.on_step is not None and (before == 0 or not -STEP_MS < t - before < STEP_MS):
            self.on_step(before, t, q)
        return True

    def _set(self, t: int, q: int) -> None:
        self._zero = t - self.up()
        self.q = q
        self._source.set(t // 1000 - self._source.EPOCH)  # certificates are checked against the wall clock

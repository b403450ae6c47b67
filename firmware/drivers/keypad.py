"""A 4x4 matrix keypad: rows driven low in turn, columns with pull-ups, debounced."""

import asyncio

POLL_MS = 5
LOCK_MS = 40
HOLD_MS = 3000
KEYS = "123A456B789C*0#D"


class Keypad:
    """Calls `on_press(key)` when a key goes down and `on_hold(key)` once when it has stayed down alone."""

    def __init__(self, rows, columns, ticks, keys: str = KEYS, hold_ms: int = HOLD_MS):
        """`rows`: open-drain outputs; `columns`: inputs with pull-ups; `keys`: row by row."""
        self.on_press = None
        self.on_hold = None
        self._rows = rows
        self._columns = columns
        self._keys = keys
        self._ticks = ticks
        self._hold_ms = hold_ms
        self._down = 0  # keys held down, one bit a key
        self._last = 0  # the sample before
        self._changed = ticks.ticks_ms()
        self._held = True
        for row in rows:
            row.value(1)

    def scan(self) -> int:
        """The keys whose contacts are closed now, bit 0 the first."""
        down = 0
        bit = 1
        for row in self._rows:
            row.value(0)
            for column in self._columns:
                if not column.value():
                    down |= bit
                bit <<= 1
            row.value(1)
        return down

    def poll(self) -> None:
        """Scan once; two equal samples make a change.

        Three keys at the corners of a rectangle close the fourth by themselves: of three or more keys none is believed.
        """
        sample = self.scan()
        now = self._ticks.ticks_ms()
        age = self._ticks.ticks_diff(now, self._changed)
        steady = sample == self._last
        self._last = sample
        if sample == self._down:
            if not self._held and sample and age >= self._hold_ms:
                self._held = True
                if not sample & (sample - 1) and self.on_hold is not None:
                    self.on_hold(self._name(sample))
            elif not sample and age > LOCK_MS:
                self._changed = self._ticks.ticks_add(now, -LOCK_MS)  # an idle keypad's age must not wrap
            return
        if not steady or age < LOCK_MS or _count(sample) > 2:
            return
        fresh = sample & ~self._down
        self._down = sample
        self._changed = now
        self._held = not sample
        while fresh:
            bit = fresh & -fresh
            fresh ^= bit
            if self.on_press is not None:
                self.on_press(self._name(bit))

    def _name(self, bit: int) -> str:
        i = 0
        while bit > 1:
            bit >>= 1
            i += 1
        return self._keys[i]

    async def run(self) -> None:
        """Poll for ever."""
        while True:
            self.poll()
            await asyncio.sleep_ms(POLL_MS)


def _count(bits: int) -> int:
    count = 0
    while bits:
        bits &= bits - 1
        count += 1
    return count

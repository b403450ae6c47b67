"""Time as unkind as the chip's: ticks wrap at 2**30, the epoch is 2000 and the wall clock forgets at power-off."""

import asyncio.core as core  # pyright: ignore[reportMissingImports]
import sys
import time as real

PERIOD = 1 << 30
HALF = PERIOD >> 1
BEFORE_WRAP = 60_000  # the first wrap comes this many milliseconds after the start
EPOCH = 946_684_800  # Unix seconds of 2000-01-01, where the ESP32 counts from


class Time:
    """A stand-in for the `time` module of an ESP32, with a hand on its wall clock."""

    EPOCH = EPOCH

    def __init__(self, before_wrap: int = BEFORE_WRAP):
        self._offset = PERIOD - before_wrap - real.ticks_ms()
        self._zero = real.ticks_ms()  # where the wall clock counts from
        self._base = 0  # what it showed there, in ms since 2000
        self._stopped = False

    def ticks_ms(self) -> int:
        """Milliseconds, modulo 2**30."""
        return (real.ticks_ms() + self._offset) & (PERIOD - 1)

    def ticks_us(self) -> int:
        """Microseconds, modulo 2**30."""
        return (real.ticks_us() + self._offset * 1000) & (PERIOD - 1)

    def ticks_add(self, ticks: int, delta: int) -> int:
        """As the chip: raises OverflowError for half a period or more."""
        if not -HALF < delta < HALF:
            raise OverflowError("ticks interval overflow")
        return (ticks + delta) & (PERIOD - 1)

    def ticks_diff(self, a: int, b: int) -> int:
        """a - b on the circle, in [-2**29, 2**29)."""
        return ((a - b + HALF) & (PERIOD - 1)) - HALF

    def sleep_ms(self, ms: int) -> None:
        """Block, as the chip would."""
        real.sleep_ms(ms)

    def sleep_us(self, us: int) -> None:
        """Block, as the chip would."""
        real.sleep_us(us)

    def sleep(self, seconds) -> None:
        """Block, as the chip would."""
        real.sleep(seconds)

    def time(self) -> int:
        """Whole seconds since 2000-01-01 by the wall clock."""
        return self._wall() // 1000

    def set(self, seconds: int) -> None:
        """Set the wall clock to `seconds` since 2000-01-01."""
        self._base = seconds * 1000
        self._zero = real.ticks_ms()

    def localtime(self, seconds=None):
        """The eight fields of MicroPython's `time.localtime`, from seconds since 2000."""
        return real.gmtime((self.time() if seconds is None else seconds) + EPOCH)[:8]

    gmtime = localtime

    def mktime(self, fields) -> int:
        """Seconds since 2000 of the eight fields, read as UTC: the chip knows no zone."""
        year, month, day, hour, minute, second = fields[:6]
        year -= month <= 2
        days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day - 1
        return (days - 730_425) * 86_400 + hour * 3_600 + minute * 60 + second

    def jump(self, seconds: int) -> None:
        """Move the wall clock by `seconds`, as a wrong server or a bad crystal would."""
        self.set(self.time() + seconds)

    def stop(self, stopped: bool) -> None:
        """Hold the wall clock still, or let it go on."""
        if stopped != self._stopped:
            self._base = self._wall()
            self._zero = real.ticks_ms()
            self._stopped = stopped

    def _wall(self) -> int:
        if self._stopped:
            return self._base
        return self._base + real.ticks_diff(real.ticks_ms(), self._zero)

    def install(self) -> None:
        """Become what `import time` gives, and make asyncio's ticks and longest sleep those of the chip.

        The scheduler's queue is C code that compares keys of 62 bits, so its keys stay real; only their
        making and reading pass through here.
        """

        def add(_now, delta):
            self.ticks_add(0, delta)  # refuses what the chip refuses
            return real.ticks_add(real.ticks_ms(), delta)

        def diff(key, _now):
            return real.ticks_diff(key, real.ticks_ms())

        core.ticks = self.ticks_ms
        core.ticks_add = add
        core.ticks_diff = diff
        sys.modules["time"] = self  # pyright: ignore[reportArgumentType]

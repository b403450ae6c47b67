"""Slows down the guessing of passwords."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

FORGET_S = 3600.0  # without an attempt in between
REMEMBERED = 20_000


class Limit(NamedTuple):
    """After `free` failures each further one doubles the wait, up to `longest` seconds."""

    free: int
    longest: float


# A name alone waits briefly: whoever knows it must not be able to keep its owner out. Behind one address there may be
# a whole office.
HERE = Limit(5, 300.0)  # a name from an address
NAME = Limit(50, 10.0)
ADDRESS = Limit(50, 60.0)


class Delay:
    """Counts failed attempts to sign in. An attempt counts as failed until it has succeeded: of many at once only a few
    are looked at."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], tuple[int, float, float]] = OrderedDict()  # count, until, last
        self._lock = threading.Lock()

    def attempt(self, name: str, address: str) -> float:
        """Begin an attempt; return 0.0, or how many seconds must pass before there can be one."""
        now = self._clock()
        keys = _keys(name, address)
        with self._lock:
            left = max(self._failures.get(key, (0, 0.0, 0.0))[1] - now for key, _ in keys)
            if left > 0:
                return left
            for key, limit in keys:
                count, _, last = self._failures.pop(key, (0, 0.0, now))
                count = 1 if now - last > FORGET_S else count + 1
                over = count - limit.free
                wait = min(limit.longest, 2.0 ** min(over, 30)) if over >= 0 else 0.0
                self._failures[key] = (count, now + wait, now)
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)
        return 0.0

    def succeeded(self, name: str, address: str) -> None:
        """The attempt was the right one: it has not failed after all."""
        here, *others = (key for key, _ in _keys(name, address))
        with self._lock:
            self._failures.pop(here, None)
            for key in others:
                count, _, last = self._failures.get(key, (0, 0.0, 0.0))
                if count:
                    self._failures[key] = (count - 1, 0.0, last)


def _keys(name: str, address: str) -> tuple[tuple[tuple[str, str], Limit], ...]:
    return ((name, address), HERE), ((name, ""), NAME), (("", address), ADDRESS)

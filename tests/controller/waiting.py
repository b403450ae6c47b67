"""How the tests of the controller wait."""

import select
import time
from collections.abc import Callable

HANGS = 60  # seconds after which a wait is given up as hung; no test measures time by it


def until(what: Callable[[], object], why: str) -> object:
    """Wait until `what()` is true and return it."""
    end = time.monotonic() + HANGS
    while time.monotonic() < end:
        if found := what():
            return found
        select.select([], [], [], 0.02)
    raise AssertionError(f"hung: {why}")

"""The clock of another machine: a Python that finds this on its path reads a time that is SHIFT_S seconds off."""

import os
import time

_shift = int(os.environ.get("SHIFT_S", "0"))
_time, _time_ns = time.time, time.time_ns

time.time = lambda: _time() + _shift
time.time_ns = lambda: _time_ns() + _shift * 1_000_000_000

"""The board of a device that runs as a process of MicroPython's unix port: the chip's manners, a panel for hands.

Environment: BALAI_DEVICE (12 hex digits: the MAC), BALAI_RESET (why it starts), BALAI_PANEL=0 (no panel),
BALAI_CLOCK ("host" or Unix seconds: what the wall clock shows at the start; as on the chip it is 2000-01-01 otherwise),
BALAI_RTC ("ok", "none", "dead" or an offset in seconds: the DS3231), BALAI_AIR (the Wi-Fi in reach, as the panel's
"air"), BALAI_BAUD, BALAI_LINE_MS (pace of the printer),
BALAI_FLASH (image file of a littlefs that is mounted as the flash folder) and BALAI_FLASH_DRIVER (the folder of
its block device).
"""

import array
import asyncio
import gc
import os
import sys
import time as host

import ffi  # pyright: ignore[reportMissingImports]
import uctypes

from firmware.boards.panel import Panel
from firmware.boards.virtual_buses import Buses
from firmware.boards.virtual_parts import ClockChip
from firmware.boards.virtual_radio import Radio
from firmware.boards.virtual_time import EPOCH, Time
from firmware.core.loan import give_back

_RTC_FILE = ".rtc"  # what the clock chip's battery keeps: its offset to true time
_libc = ffi.open(None)


class Watchdog:
    """Ends the process with SIGALRM where it is not fed; the bench starts it again with BALAI_RESET=watchdog."""

    def __init__(self, timeout_ms: int):
        self._seconds = (timeout_ms + 999) // 1000
        self._alarm = _libc.func("I", "alarm", "I")
        self.feed()

    def feed(self) -> None:
        """Start the time-out anew."""
        self._alarm(self._seconds)


class Board:
    """What the firmware may know of the machine it runs on."""

    def __init__(self):
        self._cause = os.getenv("BALAI_RESET") or "power"
        self.time_source = Time()
        clock = os.getenv("BALAI_CLOCK")
        if clock:
            self.time_source.set((int(host.time()) if clock == "host" else int(clock)) - EPOCH)
        self.root = self._mount()
        self._console = os.getenv("BALAI_PANEL") != "0"
        self.front = Panel() if self._console else Panel(sink=_Nowhere())
        self._radio = Radio(self.front, _libc)
        self.front.on("clock", self._clock)
        self.front.on("heap", self._heap)
        self.front.on("reset", lambda _value, _line: self.reset())
        self._buses = Buses(
            self.front,
            self.time_source,
            int(os.getenv("BALAI_BAUD") or 115_200),
            int(os.getenv("BALAI_LINE_MS") or 2),
            _clock_chip,
        )
        self.time_source.install()
        self.front.say({"started": self._cause, "device": self.unique_id()})

    # The machine.

    def unique_id(self) -> str:
        """The MAC in hex."""
        return os.getenv("BALAI_DEVICE") or "020000000001"

    def reset_cause(self) -> str:
        """power, soft, watchdog or unknown."""
        return self._cause

    def reset(self) -> None:
        """Start the program anew in this same process: a soft reset, the wall clock goes on. Never returns."""
        os.putenv("BALAI_RESET", "soft")
        os.putenv("BALAI_CLOCK", str(self.time_source.time() + EPOCH))
        with open("/proc/self/cmdline", "rb") as file:
            words = [bytearray(word + b"\0") for word in file.read().split(b"\0")[:-1]]
        pointers = array.array("P", [uctypes.addressof(word) for word in words] + [0])
        _libc.func("i", "execvp", "PP")(uctypes.addressof(words[0]), uctypes.addressof(pointers))
        sys.exit(3)

    def wlan(self) -> Radio:
        """The network interface."""
        return self._radio

    def watchdog(self, timeout_ms: int) -> Watchdog:
        """Start the watchdog."""
        return Watchdog(timeout_ms)

    def can(self, role: str) -> bool:
        """Whether this board is wired for a role."""
        from firmware.boards.wiring import WIRING

        give_back("firmware.boards.wiring")
        return role in WIRING

    def parts(self, role: str) -> dict:
        """The role's drivers by name, on this board's parts."""
        from firmware.boards import wiring

        made = wiring.parts(self._buses, role)
        give_back("firmware.boards.wiring")
        self.front.say({"ready": role})
        return made

    def console(self):
        """(stream to read bytes from, stream to write them to) of a console that is nobody's panel, else None."""
        return None if self._console else (sys.stdin.buffer, sys.stdout.buffer)

    async def panel(self) -> None:
        """Serve the panel and run the parts' mechanisms; where the bench goes away the device ends too."""
        tasks = [asyncio.create_task(run()) for run in self._buses.runs]
        if self._console:
            await self.front.run()
            sys.exit(0)
        for task in tasks:
            await task

    def _clock(self, value, _line) -> None:
        """{"set": Unix seconds}, {"jump": s}, {"stop": true}: the wall clock."""
        if "set" in value:
            self.time_source.set(int(value["set"]) - EPOCH)
        if "jump" in value:
            self.time_source.jump(int(value["jump"]))
        if "stop" in value:
            self.time_source.stop(bool(value["stop"]))

    def _heap(self, _value, _line) -> None:
        """{"heap": true}: the bytes that live, told after a collection."""
        gc.collect()
        self.front.say({"heap": gc.mem_alloc()})

    def _mount(self) -> str:
        image = os.getenv("BALAI_FLASH")
        if not image:
            return os.getcwd()
        sys.path.insert(0, os.getenv("BALAI_FLASH_DRIVER") or ".")
        driver = __import__("flash_block")
        return driver.mount(image)


class _Nowhere:
    """A console that nobody reads."""

    def write(self, text: str) -> None:
        pass


def _clock_chip() -> ClockChip:
    """The chip as BALAI_RTC says, else as its battery kept it."""
    state = os.getenv("BALAI_RTC") or ""
    offset = 0
    if state and state not in ("ok", "none", "dead"):
        offset, state = int(state), "ok"
    elif not state:
        state = "ok"
        try:
            with open(_RTC_FILE) as file:
                kept = file.read()
            offset, state = (int(kept), "ok") if kept else (0, "dead")
        except (OSError, ValueError):
            pass
    return ClockChip(lambda: int(host.time()), state, offset, _keep)


def _keep(offset) -> None:
    """What the battery keeps; None: it is taken out, and the next start finds the chip stopped."""
    with open(_RTC_FILE, "w") as file:
        file.write("" if offset is None else str(offset))

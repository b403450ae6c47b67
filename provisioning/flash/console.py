"""The first words on a board's console: those of its ROM, of its boot loader, and of MicroPython."""

import contextlib
import re
import time
from collections.abc import Callable

import serial  # type: ignore[import-untyped]  # ships no types

from provisioning.boards import VERSION
from provisioning.errors import BootError

_EVERY_S = 0.1
_PATIENT_S = 3.0  # of silence, after which somebody has to press EN: the port may have no reset lines
_BACK_S = 5.0  # within which a chip with USB of its own is back after a reset
_KEPT = 4_000  # characters
_SPOKEN = re.compile(r"MicroPython v?(\d+\.\d+\.\d+[\w.+-]*) on \d{4}-\d\d-\d\d")
# What a ROM, a boot loader or MicroPython says when nothing will come of it (ESP-IDF, "Fatal Errors", "Bootloader").
_TROUBLE = (
    (re.compile(r"waiting for download"), "it stays in its loader: let go of BOOT, and press EN"),
    (re.compile(r"Brownout detector"), "its power breaks down: take another cable or port"),
    (re.compile(r"invalid header: 0x\w+|flash read err"), "its flash cannot be read: take another board"),
    (re.compile(r"No bootable app partitions|Image hash failed|Checksum failed"), "its flash is damaged: run it again"),
    (re.compile(r"Guru Meditation Error[^\r\n]*"), "MicroPython crashes: take another board"),
    (re.compile(r"filesystem appears to be corrupted"), "its files are damaged: run it again"),
)
_CRASH = re.compile(r"^Traceback \(most recent call last\):\r?\n(?:[ ].*\r?\n)*(\S.*?)\r?$", re.MULTILINE)


def trouble(text: str) -> str | None:
    """Return what a console's text says is wrong, and what to do; None where it says nothing of the kind."""
    for pattern, todo in _TROUBLE:
        if found := pattern.search(text):
            return f"the board says {found[0]!r}: {todo}"
    return None


def crash(text: str) -> str | None:
    """Return the error that the firmware ended with, None for none."""
    found = _CRASH.search(text)
    return found[1] if found else None


def check(version: str) -> None:
    """Raise BootError where a board starts another MicroPython than the firmware is for."""
    if version != VERSION:
        raise BootError(f"the board starts MicroPython {version}, and the firmware is for {VERSION}: run it again")


class Console:
    """Reads what a board says at `port`, its serial port, open."""

    def __init__(self, port: serial.SerialBase) -> None:
        self._port = port
        self._text = ""

    def read(self) -> str:
        """Return what was said last, having waited a moment for more. Raises BootError."""
        try:
            self._port.timeout = _EVERY_S
            said = self._port.read(max(1, self._port.in_waiting))
        except OSError as error:
            self._find_again(error)
            return self._text
        self._text = (self._text + said.decode("utf-8", "replace"))[-_KEPT:]
        return self._text

    def interpreter(self, within: float, silent: Callable[[], None] = lambda: None) -> str:
        """Return the version by which MicroPython introduces itself.

        `silent` is called where nothing was said for a while. Raises BootError where the board says that it cannot
        start, or nothing of the kind within so many seconds.
        """
        began = time.monotonic()
        while (now := time.monotonic()) < began + within:
            text = self.read()
            if found := _SPOKEN.search(text):
                return found[1]
            if wrong := trouble(text):
                raise BootError(wrong)
            if not text and now > began + _PATIENT_S:
                silent()
        raise BootError("the board says nothing after its reset: press EN; if it stays, take another board")

    def _find_again(self, error: OSError) -> None:
        """Wait until the port is back: a chip with USB of its own leaves the bus at a reset. Raises BootError."""
        end = time.monotonic() + _BACK_S
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                self._port.close()
            try:
                self._port.open()
            except (OSError, ValueError):
                time.sleep(_EVERY_S)
            else:
                return
        raise BootError("the board was lost while it started: plug it in and run the same again") from error

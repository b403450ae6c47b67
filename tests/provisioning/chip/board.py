"""A development board: the chip, its reset lines, its console, and what runs when it starts."""

import threading
import time
from collections.abc import Callable

from tests.provisioning.chip.boot import NoBoot, start
from tests.provisioning.chip.loader import Faults, Loader, Unplugged
from tests.provisioning.chip.silicon import Silicon

RISE_S = 0.15  # of EN, by its capacitor: IO0 counts when EN is up
ON_THE_AIR_S = 0.3  # after which the firmware has reached the controller
DOWNLOAD = "rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\nwaiting for download\r\n"
RUN = "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\nentry 0x400805b0\r\n"
WORDS = "balai 3.4.0; MicroPython v{} on 2025-04-15\r\n"  # of boot.py, which prints sys.version


class Firmware:
    """What main.py does; here nothing. `files` are those on the flash."""

    def started(self, files: dict[str, bytes]) -> None:
        """It runs."""

    def stopped(self) -> None:
        """It was interrupted, or the chip was reset."""

    def said(self) -> bytes:
        """What it has written to the console since."""
        return b""


class Board:
    """A board on a wire. `wire` calls come from one thread; a test looks from another."""

    def __init__(self, silicon: Silicon | None = None, firmware: Firmware | None = None, **faults: int | bool) -> None:
        self.silicon = silicon or Silicon()
        self.loader = Loader(self.silicon, Faults(**faults))  # type: ignore[arg-type]
        self.loader.reboot = self.run
        self.firmware = firmware or Firmware()
        self.version = "1.25.0"
        self.boot_words = ""  # said in place of MicroPython's
        self.held = False  # somebody keeps BOOT down
        self.runs = 0  # how often what is on its flash was started
        self.on_run: Callable[[], None] = lambda: None
        self.gone = threading.Event()
        self._out = bytearray()
        self.downloading = False
        self._risen: float | None = None
        self._air: float | None = None
        self._files: dict[str, bytes] = {}
        self.low = False  # EN

    # Lines.

    def lines(self, dtr: bool, rts: bool) -> None:
        """The circuit of two transistors: RTS alone pulls EN, DTR alone pulls IO0."""
        low, self._io0 = rts and not dtr, not (dtr and not rts)
        if low and not self.low:
            self.firmware.stopped()
            self.downloading = False
            self._air = None
            self._out.clear()
        if self.low and not low:
            self._risen = time.monotonic()
        elif low:
            self._risen = None
        self.low = low

    def poll(self) -> tuple[bytes, int]:
        """What it says now, and at which rate."""
        if self._risen is not None and time.monotonic() - self._risen >= RISE_S:
            self._risen = None
            if self._io0 and not self.held:
                self.run()
            else:
                self.download()
        if self._air is not None and time.monotonic() >= self._air:
            self._air = None
            self.firmware.started(self._files)
        if not self.downloading:
            self._out += self.firmware.said()
        found = bytes(self._out), self.baud
        self._out.clear()
        self.loader.settle()
        return found

    def download(self) -> None:
        """The ROM loader."""
        self.downloading = True
        self.loader.enter()
        self._out += DOWNLOAD.encode()

    def run(self) -> None:
        """What is on the flash."""
        self.firmware.stopped()
        self.downloading = False
        self.runs += 1
        self.on_run()
        self._out += RUN.encode()
        if self.boot_words:
            self._out += self.boot_words.encode()
            return
        try:
            self._files = start(self.silicon, self.loader.memory)
        except NoBoot as words:
            self._out += str(words).encode()
            return
        if b"print" in self._files["boot.py"]:
            self._out += WORDS.format(self.version).encode()
        self._air = time.monotonic() + ON_THE_AIR_S

    def take(self, data: bytes, baud: int) -> None:
        """Bytes off the wire, at the line's rate. Raises Unplugged."""
        if self.low:
            return
        try:
            if self.downloading:
                if baud == self.loader.baud:
                    self._out += self.loader.take(data)
                return
        except Unplugged:
            self.gone.set()
            raise

    @property
    def baud(self) -> int:
        """The rate at which it speaks."""
        return self.loader.baud if self.downloading else 115_200

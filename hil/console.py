"""The console of a device and the hand on its power: a process here, a serial port, or a socket to an emulator."""

import asyncio
import contextlib
import os
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import serial  # type: ignore[import-untyped]  # ships no types

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 1 << 20  # bytes of a line on the console
BAUD = 115_200
OFF_S = 0.2  # a chip whose EN is held low for so long has forgotten everything
READ_S = 0.1  # how often a port's reader looks whether it is to end

Take = Callable[[bytes], None]


class ConsoleError(Exception):
    """A device's console cannot be had, or cannot do what is asked; the text says why."""


class Console(Protocol):
    """One device's console. `take` gets its lines, on the event loop, and b"" when it has ended."""

    @property
    def alive(self) -> bool:
        """Whether the device has power, as far as can be seen from here."""

    async def power_on(self, take: Take, environment: dict[str, str]) -> None:
        """Start the device. `environment` is the virtual board's (hil/README.md); a real one has none."""

    def write(self, data: bytes) -> None:
        """Write to the device; without power nothing happens."""

    async def cut(self) -> None:
        """Take the power away: nothing is said, nothing is written any more. Raises ConsoleError where that is
        impossible."""

    async def ended(self) -> int:
        """Wait until the device has ended by itself; its exit code."""


def micropython() -> str:
    """The path of a real MicroPython: from PATH, else the one that `make setup` unpacked."""
    unpacked = ROOT / ".cache" / "debian" / "bin" / "micropython"
    found = str(unpacked) if unpacked.exists() else shutil.which("micropython")
    if not found:
        raise ConsoleError("micropython is not here: run `make setup`, or put 1.25 or later on PATH")
    return found


class Process:
    """A process of MicroPython's unix port on a flash folder; the power cut is SIGKILL."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._reading: list[asyncio.Task[None]] = []

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Its process id, 0 for none."""
        return self._process.pid if self._process is not None else 0

    async def power_on(self, take: Take, environment: dict[str, str]) -> None:
        """Start it."""
        self._process = process = await asyncio.create_subprocess_exec(
            micropython(),
            "-X",
            "heapsize=4m",
            "main.py",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self._folder,
            env={**os.environ, **environment},
            limit=LONGEST,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        self._reading = [
            asyncio.create_task(_out(process, take)),
            asyncio.create_task(_pass(process.stderr, take)),
        ]

    def write(self, data: bytes) -> None:
        """Write to its standard input."""
        if self._process is not None and self._process.stdin is not None and self.alive:
            with contextlib.suppress(OSError):
                self._process.stdin.write(data)

    async def cut(self) -> None:
        """Kill it."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()
        for task in self._reading:
            await task
        transport = getattr(process, "_transport", None)
        if transport is not None:
            transport.close()
        self._process = None

    async def ended(self) -> int:
        """Wait for its end."""
        assert self._process is not None
        return await self._process.wait()


class Port:
    """A board on a serial port (`serial:///dev/ttyUSB0`) or an emulator on a socket (`socket://host:port`).

    Its flash holds the file `bench`. On a serial port RTS holds EN low, as on every development board: that takes the
    power from the chip. A socket has no such line; there the device is told to reset, and cannot be cut off.
    """

    def __init__(self, url: str) -> None:
        self._url = url.removeprefix("serial://")
        self._has_lines = not url.startswith("socket://")
        self._serial: serial.SerialBase | None = None
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()

    @property
    def alive(self) -> bool:
        """Whether the port is open and the chip not held in reset."""
        return self._serial is not None

    async def power_on(self, take: Take, environment: dict[str, str]) -> None:
        """Open the port and start the chip anew."""
        await self._open(take)
        assert self._serial is not None
        if self._has_lines:
            self._serial.dtr = False  # EN, not the ROM's loader
            self._serial.rts = True
            await asyncio.sleep(OFF_S)
            self._serial.rts = False
        else:
            self.write(b'\n{"reset":true}\n')

    async def _open(self, take: Take) -> None:
        if self._serial is None:
            try:
                self._serial = await asyncio.to_thread(serial.serial_for_url, self._url, BAUD, timeout=READ_S)
            except (serial.SerialException, ValueError) as error:
                raise ConsoleError(f"{self._url} cannot be opened: {error}") from None
            self._ending.clear()
            loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._read, args=(self._serial, loop, take), daemon=True)
            self._thread.start()

    def write(self, data: bytes) -> None:
        """Write to the port."""
        if self._serial is not None:
            with contextlib.suppress(serial.SerialException):
                self._serial.write(data)

    async def cut(self) -> None:
        """Hold the chip in reset."""
        if self._serial is None:
            return
        if not self._has_lines:
            raise ConsoleError("the power of a device on a socket cannot be cut from here")
        self._serial.rts = True
        await self.close()

    async def close(self) -> None:
        """Let go of the port; the device goes on."""
        if self._serial is not None and self._thread is not None:
            self._ending.set()
            await asyncio.to_thread(self._thread.join)
            self._serial.close()
            self._serial = self._thread = None

    async def ended(self) -> int:
        """Wait until the port is gone."""
        assert self._thread is not None
        await asyncio.to_thread(self._thread.join)
        return 0

    def _read(self, port: serial.SerialBase, loop: asyncio.AbstractEventLoop, take: Take) -> None:
        line = b""
        try:
            while not self._ending.is_set():
                line += port.read(port.in_waiting or 1)
                *whole, line = line.split(b"\n")
                for one in whole:
                    loop.call_soon_threadsafe(take, one + b"\n")
                if len(line) > LONGEST:
                    line = b""
        except (serial.SerialException, OSError):
            pass  # unplugged
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(take, b"")


def at(url: str) -> Port:
    """Return the console at `url`. Raises ConsoleError."""
    if not url.startswith(("serial://", "socket://")):
        raise ConsoleError(f"{url}: a bench is virtual, serial:///dev/ttyUSB0 or socket://host:port")
    return Port(url)


async def _out(process: asyncio.subprocess.Process, take: Take) -> None:
    assert process.stdout is not None
    await _pass(process.stdout, take)
    await process.wait()
    take(b"")


async def _pass(stream: asyncio.StreamReader, take: Take) -> None:
    while text := await stream.readline():
        take(text)

"""One device of a bench: a MicroPython process with its own flash folder, pressed and read over the panel protocol."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from hil.parts import Parts, Ticket

ROOT = Path(__file__).resolve().parent.parent
HANGS = 60  # seconds after which a wait is given up as hung; nothing is measured by it
LONGEST = 1 << 20  # bytes of a line on the console


class DeviceError(Exception):
    """A device did not do what was waited for; the text holds the end of its console."""


def micropython() -> str:
    """The path of a real MicroPython: from PATH, else the one that `make setup` unpacked."""
    unpacked = ROOT / ".cache" / "debian" / "bin" / "micropython"
    found = str(unpacked) if unpacked.exists() else shutil.which("micropython")
    if not found:
        raise DeviceError("micropython is not here: run `make setup`, or put 1.25 or later on PATH")
    return found


class Device:
    """A device on `folder` (its flash). `environment` is the virtual board's, see hil/README.md."""

    def __init__(self, name: str, folder: Path, mac: str, environment: dict[str, str] | None = None) -> None:
        self.name = name
        self.folder = folder
        self.environment = {"BALAI_DEVICE": mac, **(environment or {})}
        self.parts = Parts()
        self.console: list[str] = []
        self.boots = 0
        self.on_change: Callable[[], None] = lambda: None
        self._process: asyncio.subprocess.Process | None = None
        self._reading: list[asyncio.Task[None]] = []
        self._changed = asyncio.Condition()
        self._ready = False
        self._heap = 0
        self._held: set[str] = set()  # buttons and keys that a hand is on

    # Power.

    @property
    def powered(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.returncode is None

    async def power_on(self, reset: str = "power", **environment: str) -> None:
        """Start it, and return when its parts are ready."""
        self._ready = False
        lamp = self.parts.paper
        self.parts = Parts()
        self.parts.paper = lamp  # paper that was printed stays printed
        self._process = await asyncio.create_subprocess_exec(
            micropython(),
            "-X",
            "heapsize=4m",
            "main.py",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self.folder,
            env={**os.environ, "BALAI_RESET": reset, **self.environment, **environment},
            limit=LONGEST,
        )
        self.boots += 1
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._reading = [
            asyncio.create_task(self._read(self._process.stdout)),
            asyncio.create_task(self._log(self._process.stderr)),
        ]
        await self.wait(lambda: self._ready)

    async def cut_power(self) -> None:
        """SIGKILL: nothing is said, nothing is written any more."""
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
        await self._tell()

    async def dead(self) -> int:
        """Wait until it ends by itself (a power cut at a write); its exit code."""
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), HANGS)

    # Hands.

    def say(self, line: dict[str, object]) -> None:
        """One line of the panel protocol; without power nothing happens."""
        if self._process is not None and self._process.stdin is not None and self._process.returncode is None:
            with contextlib.suppress(OSError):
                self._process.stdin.write(json.dumps(line).encode() + b"\n")

    def press(self, button: str) -> None:
        """Press a button."""
        self._held.add(button)
        self.say({"press": button})

    def hold(self, button: str, ms: int = 3500) -> None:
        """Hold a button."""
        self.say({"hold": button, "ms": ms})

    def key(self, key: str) -> None:
        """Press a key of the keypad."""
        self._held.add(key)
        self.say({"key": key})

    def paper(self, state: bool | str) -> None:
        """Put in a full roll (True), take it out (False), or one that is nearly used up ("low")."""
        self.say({"paper": state})

    # Eyes.

    async def heap(self) -> int:
        """Return the bytes that live in it after a collection."""
        self._heap = 0
        self.say({"heap": True})
        await self.wait(lambda: self._heap)
        return self._heap

    @property
    def tickets(self) -> list[Ticket]:
        """The papers that came out, oldest first."""
        return self.parts.paper.tickets

    async def released(self, name: str) -> None:
        """Wait until the hand has let go of a button or key that was pressed."""
        await self.wait(lambda: name not in self._held)

    @property
    def digits(self) -> str:
        """What its display shows."""
        return self.parts.digits

    async def wait(self, seen: Callable[[], object]) -> None:
        """Wait until `seen()` is true; looks again at each line that the device says. Raises DeviceError."""

        async def look() -> None:
            async with self._changed:
                await self._changed.wait_for(lambda: seen() or not self.powered)

        try:
            await asyncio.wait_for(look(), HANGS)
        except TimeoutError:
            raise DeviceError(f"{self.name} did not do it:\n" + "\n".join(self.console[-30:])) from None
        if not seen():
            raise DeviceError(f"{self.name} has ended:\n" + "\n".join(self.console[-30:]))

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while text := await stream.readline():
            try:
                line = json.loads(text)
            except ValueError:
                line = None
            if isinstance(line, dict):
                self._ready = self._ready or "ready" in line
                self._heap = int(line.get("heap", self._heap))
                self._held.discard(str(line.get("released")))
                self.parts.take(line)
                await self._tell()
            else:
                self._keep(text)
        await self._tell()

    async def _log(self, stream: asyncio.StreamReader) -> None:
        while text := await stream.readline():
            self._keep(text)

    def _keep(self, text: bytes) -> None:
        self.console.append(text.decode(errors="replace").rstrip())
        del self.console[:-500]

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
        self.on_change()

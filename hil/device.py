"""One device of a bench, pressed and read over the panel protocol on its console."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

from hil.console import Console, Process
from hil.parts import Parts, Ticket

HANGS = 60  # seconds after which a wait is given up as hung; nothing is measured by it


class DeviceError(Exception):
    """A device did not do what was waited for; the text holds the end of its console."""


class Device:
    """A device on `folder` (its flash). `environment` is the virtual board's, see hil/README.md.

    `at` is its console; a process of MicroPython's unix port unless another is given.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        mac: str,
        environment: dict[str, str] | None = None,
        at: Console | None = None,
    ) -> None:
        self.name = name
        self.folder = folder
        self.environment = {"BALAI_DEVICE": mac, **(environment or {})}
        self.parts = Parts()
        self.console: list[str] = []
        self.boots = 0
        self.on_change: Callable[[], None] = lambda: None
        self.at: Console = at or Process(folder)
        self._changed = asyncio.Event()  # set, and another taken, at each line
        self._ready = False
        self._heap = 0
        self._held: set[str] = set()  # buttons and keys that a hand is on

    # Power.

    @property
    def powered(self) -> bool:
        """Whether it has power."""
        return self.at.alive

    async def power_on(self, reset: str = "power", **environment: str) -> None:
        """Start it, and return when its parts are ready."""
        self._ready = False
        lamp = self.parts.paper
        self.parts = Parts()
        self.parts.paper = lamp  # paper that was printed stays printed
        self.boots += 1
        await self.at.power_on(self._take, {"BALAI_RESET": reset, **self.environment, **environment})
        await self.wait(lambda: self._ready)

    async def cut_power(self) -> None:
        """Nothing is said, nothing is written any more."""
        await self.at.cut()
        self._tell()

    async def dead(self) -> int:
        """Wait until it ends by itself (a power cut at a write); its exit code."""
        return await asyncio.wait_for(self.at.ended(), HANGS)

    # Hands.

    def say(self, line: dict[str, object]) -> None:
        """One line of the panel protocol; without power nothing happens."""
        self.at.write(json.dumps(line).encode() + b"\n")

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
            while self.powered and not seen():
                await self._changed.wait()

        try:
            await asyncio.wait_for(look(), HANGS)
        except TimeoutError:
            shown = f"{self.name} did not do it, and shows {self.digits!r}"
            raise DeviceError("\n".join((shown, *self.console[-30:]))) from None
        if not seen():
            raise DeviceError(f"{self.name} has ended:\n" + "\n".join(self.console[-30:]))

    def _take(self, text: bytes) -> None:
        """One line of the console, b"" at its end."""
        try:
            line = json.loads(text) if text else {}
        except ValueError:
            line = None
        if isinstance(line, dict):
            self._ready = self._ready or "ready" in line
            self._heap = int(line.get("heap", self._heap))
            self._held.discard(str(line.get("released")))
            self.parts.take(line)
            self._tell()
        else:
            self.console.append(text.decode(errors="replace").rstrip())
            del self.console[:-500]

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        self.on_change()

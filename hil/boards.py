"""Real boards, or emulators of them, that are devices of a bench: how they get their flash, and their consoles.

`kiosk=serial:///dev/ttyUSB0` lets the board at that port be the kiosk; without a name it is the kiosk. Its image is
built with `bench`, so that its parts are virtual and its console is their panel, and written by esptool. An emulator at
`socket://host:port` is given its image by a command of the user's.
"""

import asyncio
import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hil.console import ConsoleError, Port, at
from provisioning.boards import BOARDS, board_of
from provisioning.errors import ProvisioningError
from provisioning.flash.chip import Chip
from provisioning.identity import encode
from provisioning.image.build import build
from provisioning.image.interpreter import load

DEFAULT = "kiosk"
HERE = "127.0.0.1"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "balai"


@dataclass(frozen=True)
class Boards:
    """The boards of a bench by the name of the device that each is.

    Args:
        urls: name -> `serial://` or `socket://`.
        host: this machine's name or address as the boards see it; their broker is there.
        macs: name -> MAC in hex, of those on a socket; a board on a port tells its own.
        command: of the user's, which gives an emulator its flash; `{image}` is the file, from the first byte of it.
        image: MicroPython's `.bin`, rather than the one that is fetched once and kept.
        networks: Wi-Fi to which boards have a way, `[[name, password], ...]`.
    """

    urls: Mapping[str, str] = field(default_factory=dict)
    host: str = HERE
    macs: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    image: Path | None = None
    networks: Sequence[Sequence[str]] = ()

    def way(self, name: str) -> tuple[str, str]:
        """Return the address by which the device `name` reaches this machine, and the one to listen at for it."""
        if name not in self.urls or self.host == HERE:
            return HERE, HERE
        return self.host, "0.0.0.0"  # noqa: S104 - a board in the hall's network

    async def mac(self, name: str, otherwise: str) -> str:
        """Return the MAC of the device `name`, `otherwise` where it is virtual. Raises ConsoleError."""
        url = self.urls.get(name)
        if url is None or name in self.macs:
            return self.macs.get(name, otherwise)
        if url.startswith("socket://"):
            raise ConsoleError(f"the MAC of the {name} at {url} is not known: say --bench-mac")

        def look() -> str:
            with Chip(url.removeprefix("serial://")) as chip:
                return chip.facts.mac

        try:
            return await asyncio.to_thread(look)
        except ProvisioningError as error:
            raise ConsoleError(str(error)) from None

    async def console(self, name: str, folder: Path, identity: Mapping[str, object]) -> Port | None:
        """Give the board `name` its flash for `identity`; return its console, None where it is virtual.

        Raises ConsoleError.
        """
        url = self.urls.get(name)
        if url is None:
            return None
        whole = {**identity, "networks": [*self.networks]} if self.networks else identity
        try:
            await asyncio.to_thread(self._install, url, folder, encode(whole))
        except (ProvisioningError, OSError, subprocess.CalledProcessError) as error:
            raise ConsoleError(f"the {name} at {url} could not be given its flash: {error}") from None
        return at(url)

    def _install(self, url: str, folder: Path, identity: bytes) -> None:
        if url.startswith("socket://"):
            if not self.command:
                raise ConsoleError("say by --bench-flash how an emulator is given its image")
            image = build(load(BOARDS["esp32"], CACHE, self.image), identity, bench=True)
            file = folder / "flash.bin"
            file.write_bytes(image.whole())
            subprocess.run(shlex.split(self.command.format(image=file)), check=True, stdin=subprocess.DEVNULL)
            return
        with Chip(url.removeprefix("serial://")) as chip:
            board = board_of(chip.facts.chip)
            assert board is not None  # or Chip had refused it
            chip.write(build(load(board, CACHE, self.image), identity, bench=True).parts)
            chip.start()


def named(words: Sequence[str]) -> dict[str, str]:
    """Return what `words`, `[name=]value` each, say by the name of a device. Raises ConsoleError for a name twice."""
    found: dict[str, str] = {}
    for word in words:
        name, _, value = word.rpartition("=")
        if (name or DEFAULT) in found:
            raise ConsoleError(f"the {name or DEFAULT} is named twice: say whose it is, as in display={value}")
        found[name or DEFAULT] = value
    return found

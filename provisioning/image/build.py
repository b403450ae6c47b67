"""Puts together what a board's flash is to hold: boot loader, partition table, MicroPython, and the device's files."""

import hashlib
from dataclasses import dataclass

from provisioning.image import filesystem, partitions
from provisioning.image.interpreter import Interpreter

_BLANK = b"\xff"  # flash that was erased


@dataclass(frozen=True)
class Part:
    """What is to lie at `offset` of the flash. The data may hold a secret and is not shown."""

    name: str
    offset: int
    data: bytes

    def __repr__(self) -> str:
        return f"Part({self.name!r}, {self.offset:#x}, {len(self.data)} bytes)"


@dataclass(frozen=True)
class Image:
    """A whole board: its parts in the order of their place, for `flash` bytes of flash."""

    flash: int
    parts: tuple[Part, ...]

    def whole(self) -> bytes:
        """Return the flash from its first byte to the end of the last part; what lies between is erased flash."""
        last = self.parts[-1]
        data = bytearray(_BLANK * (last.offset + len(last.data)))
        for part in self.parts:
            data[part.offset : part.offset + len(part.data)] = part.data
        return bytes(data)

    @property
    def sha256(self) -> str:
        """What names it: the SHA-256 of the whole."""
        return hashlib.sha256(self.whole()).hexdigest()


def build(interpreter: Interpreter, identity: bytes, bench: bool = False) -> Image:
    """Return the image of a device.

    Args:
        interpreter: MicroPython for its board.
        identity: the file `identity.json`.
        bench: whether its parts are virtual and its console is their panel.

    Raises BuildError, and BoardError where the flash is too small.
    """
    table = partitions.layout(interpreter.flash, len(interpreter.application))
    app = next(one for one in table if one.type == partitions.APP)
    files = next(one for one in table if one.name == "vfs")
    settings = app.offset - table[0].offset  # nvs, otadata and phy_init: empty, the first application is started
    system = filesystem.build(filesystem.contents(identity, bench), files.size)
    return Image(
        interpreter.flash,
        (
            Part("boot loader", interpreter.start, interpreter.bootloader),
            Part("partition table", partitions.AT, partitions.encode(table)),
            Part("settings", table[0].offset, _BLANK * settings),
            Part("MicroPython", app.offset, interpreter.application),
            Part("files", files.offset, system),
        ),
    )

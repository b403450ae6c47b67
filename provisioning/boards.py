"""The boards that devices are made of, and the MicroPython image of each.

A board is added by a line in the table. Its image carries the boot loader, the partition table and the application, and
says for which chip and which size of flash it is made; nothing of that is written down twice.

The SHA-256 is that of the file as micropython.org serves it. No figures are published there; a board without one takes
an image by `--image`, with `--sha256` as the technician's word for it.
"""

from dataclasses import dataclass

from provisioning.errors import UsageError

VERSION = "1.25.0"  # of MicroPython: what the firmware is tested with, and what a device must say when it starts
_BUILT = f"20250415-v{VERSION}"
_FROM = "https://micropython.org/resources/firmware"


@dataclass(frozen=True)
class Board:
    """A kind of board: the `name` for people, esptool's name of its `chip`, its image's file `name` and SHA-256."""

    name: str
    chip: str
    build: str
    sha256: str = ""

    @property
    def file(self) -> str:
        """The name of its MicroPython image."""
        return f"{self.build}-{_BUILT}.bin"

    @property
    def url(self) -> str:
        """Where its MicroPython image is served."""
        return f"{_FROM}/{self.file}"


BOARDS = {
    board.name: board
    for board in (
        Board("esp32", "ESP32", "ESP32_GENERIC", "1eb1a88473e32aa6a4d45dc1b5b6ad40bc1f06128e7aa8548e438cfa4633da1b"),
        Board("esp32-s3", "ESP32-S3", "ESP32_GENERIC_S3"),
        Board("esp32-c3", "ESP32-C3", "ESP32_GENERIC_C3"),
    )
}


def board_named(name: str) -> Board:
    """Return the board called `name`. Raises UsageError."""
    if name not in BOARDS:
        raise UsageError(f"there is no board {name!r}: take one of {', '.join(BOARDS)}")
    return BOARDS[name]


def board_of(chip: str) -> Board | None:
    """Return the board with esptool's `chip`, None where no board has it."""
    return next((board for board in BOARDS.values() if board.chip == chip), None)

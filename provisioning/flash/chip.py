"""A board on a serial port, through esptool: what it is, writing its flash, starting it."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import esptool  # type: ignore[import-untyped]  # ships no types
from esptool.loader import ESPLoader  # type: ignore[import-untyped]
from esptool.util import FatalError, flash_size_bytes  # type: ignore[import-untyped]

from provisioning.boards import BOARDS, Board, board_of
from provisioning.errors import BoardError, PortError, WriteError
from provisioning.flash.ports import BAUD, open_port
from provisioning.flash.quiet import hush, progress
from provisioning.image.build import Part

ATTEMPTS = 5  # resets into the ROM loader before a port counts as silent


@dataclass(frozen=True)
class Facts:
    """What was read of a board before anything was erased: its MAC in hex is the device's id."""

    chip: str
    mac: str
    flash: int  # bytes


class Chip:
    """The board at a port, in its ROM loader. Use as a context manager: it lets the port go."""

    def __init__(self, name: str, baud: int = 460_800, stub: bool = True) -> None:
        """Reset the board at port `name` into its loader, and read what it is.

        Args:
            name: of the port, see `open_port`.
            baud: bits a second for what follows.
            stub: whether to let esptool's own loader do the work, which is faster.

        Raises PortError, BoardError.
        """
        hush()
        self.name = name
        self.port = open_port(name)
        try:
            self._loader, self.facts = self._connect(baud, stub)
        except (FatalError, OSError) as error:
            self.port.close()
            raise PortError(
                f"no board answers at {name} ({_said(error)}): hold BOOT and press EN, or try another cable"
            ) from error
        except BaseException:
            self.port.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # unplugged
            self.port.close()

    def _connect(self, baud: int, stub: bool) -> tuple[ESPLoader, Facts]:
        loader = esptool.detect_chip(self.port, BAUD, connect_attempts=ATTEMPTS)
        chip = loader.CHIP_NAME
        if board_of(chip) is None:
            raise BoardError(f"the board at {self.name} is an {chip}: take {', '.join(one.chip for one in _ALL)}")
        if loader.secure_download_mode or loader.get_secure_boot_enabled() or loader.get_flash_encryption_enabled():
            raise BoardError(f"the chip at {self.name} is locked (secure boot or encrypted flash): take another board")
        if stub:
            loader = esptool.run_stub(loader)
        if baud != BAUD:
            loader.change_baud(baud)
        esptool.attach_flash(loader)
        size = esptool.detect_flash_size(loader)
        if size is None:
            raise BoardError(f"the flash at {self.name} does not say how large it is: take another board")
        mac = bytes(loader.read_mac("BASE_MAC")).hex()
        return loader, Facts(chip, mac, flash_size_bytes(size))

    def write(self, parts: tuple[Part, ...], advance: Callable[[float], None] = lambda _: None) -> None:
        """Write the parts, each of them read back and compared by its MD5. Raises WriteError.

        `advance` is called with the share of all that is written, 0 to 1.
        """
        total = sum(len(part.data) for part in parts)
        before = 0
        for part in parts:
            base, share = before / total, len(part.data) / total
            try:
                with progress(lambda done, base=base, share=share: advance(base + done * share)):  # type: ignore[misc]
                    esptool.write_flash(self._loader, [(part.offset, part.data)])
            except FatalError as error:
                raise WriteError(
                    f"the {part.name} could not be written ({_said(error)}): run it again; if it stays, take another "
                    "cable, then another board"
                ) from error
            except OSError as error:  # SerialException is one
                raise WriteError(
                    f"the board was lost while the {part.name} was written: plug it in and run the same again"
                ) from error
            before += len(part.data)
        advance(1.0)

    def start(self) -> None:
        """Reset the board into what its flash holds; its console is at `port` from the first word on.

        Raises WriteError.
        """
        try:
            self.port.baudrate = BAUD
            self.port.reset_input_buffer()
            esptool.reset_chip(self._loader, "hard-reset")
        except (FatalError, OSError) as error:
            raise WriteError("the board was lost at its reset: plug it in and run the same again") from error


_ALL = tuple(BOARDS.values())


def check(facts: Facts, board: Board, flash: int, where: str) -> None:
    """Raise BoardError where the board at `where` is not a `board` with at least `flash` bytes."""
    if facts.chip != board.chip:
        raise BoardError(f"the board at {where} is an {facts.chip}, not an {board.chip}: take another, or say --board")
    if facts.flash < flash:
        raise BoardError(
            f"the board at {where} has {facts.flash >> 20} MB of flash, and needs {flash >> 20}: take another board"
        )


def _said(error: Exception) -> str:
    """Return the first sentence of an error of esptool."""
    return str(error).strip().partition("\n")[0].rstrip(".! ") or type(error).__name__

"""The MicroPython image of a board: fetched once, checked, and taken apart into boot loader and application."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx
from esptool.bin_image import LoadFirmwareImage  # type: ignore[import-untyped]  # ships no types
from esptool.targets import CHIP_DEFS  # type: ignore[import-untyped]
from esptool.util import FatalError, strip_chip_name  # type: ignore[import-untyped]

from provisioning.boards import VERSION, Board
from provisioning.errors import ImageError
from provisioning.image import partitions
from provisioning.private import write_private

_SPOKEN = re.compile(rb"MicroPython v(\d+\.\d+\.\d+[\w.-]*) on \d{4}-\d\d-\d\d")  # of sys.version
_DIGEST = 32  # bytes of SHA-256 behind an image
_LONGEST = 32 * 1024 * 1024  # bytes of a file that is taken for an image

Advance = Callable[[int, int], None]  # called with the bytes that have come, and of how many


@dataclass(frozen=True)
class Interpreter:
    """MicroPython for a board. `flash` is the size in bytes that its boot loader is made for."""

    board: Board
    version: str
    flash: int
    start: int  # where the boot loader lies
    bootloader: bytes = field(repr=False)
    application: bytes = field(repr=False)


class _Loaded(Protocol):
    """What esptool tells of an image that it has read."""

    chip_id: int
    checksum: int
    append_digest: bool
    data_length: int
    stored_digest: bytes
    calc_digest: bytes
    flash_size_freq: int

    def calculate_checksum(self) -> int: ...


def load(
    board: Board, cache: Path, file: Path | None = None, sha256: str = "", advance: Advance = lambda *_: None
) -> Interpreter:
    """Return the interpreter of `board`: from `file`, else from the cache, else from micropython.org.

    `sha256` is the technician's word for a file that the table of boards knows nothing of. Raises ImageError.
    """
    pinned = sha256.lower() or board.sha256
    if file is not None:
        data = _read(file)
        found = hashlib.sha256(data).hexdigest()
        if not pinned:
            raise ImageError(
                f"no SHA-256 is known for {board.name}: compare that of {file} with where you have it from, then say "
                f"--sha256 {found}"
            )
        if found != pinned:
            raise ImageError(
                f"{file} is not {board.file}: its SHA-256 is {found}; fetch {board.url}, or say --sha256 if it is meant"
            )
        return split(board, data)
    if not pinned:
        raise ImageError(f"no SHA-256 is known for {board.name}: fetch {board.url} and name the file with --image")
    kept = cache / "micropython" / board.file
    if not kept.exists() or hashlib.sha256(_read(kept)).hexdigest() != pinned:
        data = _fetch(board, advance)
        if hashlib.sha256(data).hexdigest() != pinned:
            raise ImageError(f"what {board.url} serves has another SHA-256 than it should have: do not use it")
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_private(kept, data)
    return split(board, _read(kept))


def split(board: Board, data: bytes) -> Interpreter:
    """Take the combined image `data` apart. Raises ImageError where it is damaged or for another chip."""
    rom = CHIP_DEFS[strip_chip_name(board.chip)]
    start = int(rom.BOOTLOADER_FLASH_OFFSET)
    bootloader, head = _part(board, data, "boot loader")
    table = partitions.decode(data[partitions.AT - start :][: partitions.SIZE])
    apps = [one for one in table if one.type == partitions.APP]
    if not apps or start + len(bootloader) > partitions.AT:
        raise ImageError("the MicroPython image is not a whole one: take the .bin, not the .app-bin")
    application, _ = _part(board, data[apps[0].offset - start :], "application")
    sizes = {bits: size for size, bits in rom.FLASH_SIZES.items()}
    size = sizes.get(head.flash_size_freq & 0xF0, "")
    if not size.endswith("MB"):
        raise ImageError(f"the MicroPython image is for {size or 'no known size'} of flash: take one for 4 MB or more")
    spoken = _SPOKEN.search(application)
    version = spoken[1].decode() if spoken else "of no known version"
    if version != VERSION:
        raise ImageError(f"the image is MicroPython {version}, and the firmware is for {VERSION}: fetch {board.url}")
    return Interpreter(board, version, int(size[:-2]) * 1024 * 1024, start, bootloader, application)


def _part(board: Board, data: bytes, name: str) -> tuple[bytes, _Loaded]:
    """Return the image that `data` begins with, without what follows it, and what esptool says of it."""
    try:
        found: _Loaded = LoadFirmwareImage(strip_chip_name(board.chip), data)
    except Exception as error:  # esptool lets out whatever reading beyond the end comes to
        why = str(error).partition("\n")[0] if isinstance(error, FatalError) else "it ends too early"
        raise ImageError(f"the MicroPython image has no {name} for {board.chip} ({why}): fetch it again") from error
    if found.chip_id != CHIP_DEFS[strip_chip_name(board.chip)].IMAGE_CHIP_ID:
        other = next(
            (rom.CHIP_NAME for rom in CHIP_DEFS.values() if found.chip_id == rom.IMAGE_CHIP_ID), "another chip"
        )
        raise ImageError(f"the MicroPython image is for {other}, not for {board.chip}: take {board.file}")
    sound = found.append_digest and found.stored_digest == found.calc_digest
    if not sound or found.checksum != found.calculate_checksum():
        raise ImageError(f"the {name} in the MicroPython image is damaged: fetch it again")
    return data[: found.data_length + _DIGEST], found


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > _LONGEST:
            raise ImageError(f"{file} is too large for an image: take the .bin of MicroPython")
        return file.read_bytes()
    except OSError as error:
        raise ImageError(f"{file} cannot be read ({error.strerror}): name another file with --image") from error


def _fetch(board: Board, advance: Advance) -> bytes:
    """Return the image as it is served. Raises ImageError."""
    data = bytearray()
    try:
        with httpx.stream("GET", board.url, follow_redirects=True, timeout=30) as answer:
            answer.raise_for_status()
            total = int(answer.headers.get("Content-Length", 0))
            for piece in answer.iter_bytes():
                data += piece
                if len(data) > _LONGEST:
                    raise ImageError(f"what {board.url} serves is no image: fetch it by hand and name it with --image")
                advance(len(data), total)
    except httpx.HTTPStatusError as error:
        reason = f"{error.response.status_code} {error.response.reason_phrase}"
        raise ImageError(f"{board.url}: {reason}; fetch {board.file} elsewhere and name it with --image") from error
    except httpx.HTTPError as error:
        raise ImageError(
            f"no network to fetch {board.url} ({type(error).__name__}): fetch it elsewhere and name it with --image"
        ) from error
    return bytes(data)

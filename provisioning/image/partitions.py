"""Partition tables as ESP-IDF's boot loader reads them (ESP-IDF Programming Guide, "Partition Tables").

A table is a row of 32 bytes for each partition, then a row with the MD5 of the rows before, in 0xC00 bytes at 0x8000.
"""

import hashlib
import struct
from dataclasses import dataclass

from provisioning.errors import BoardError, ImageError

AT = 0x8000
SIZE = 0xC00  # bytes of a table
SECTOR = 0x1000

APP, DATA = 0, 1  # types
FACTORY, OTA_0, OTA_1 = 0x00, 0x10, 0x11  # subtypes of applications
OTADATA, PHY, NVS, FAT = 0x00, 0x01, 0x02, 0x81  # subtypes of data; MicroPython mounts the one called `vfs`

_ROW = struct.Struct("<2sBBII16sI")
_MAGIC, _MD5 = b"\xaa\x50", b"\xeb\xeb" + b"\xff" * 14
_ALIGNED = 0x10000  # of applications
_SLOT = 0x1A0000  # bytes for an application; twice that leaves 0xB0000 of 4 MB for files
_LARGE, _ROOMY_SLOT = 0x800000, 0x200000  # where there is more flash, room for images to come
_LEAST_VFS, _MOST_VFS = 0x80000, 0x200000  # a slot of firmware and a journal; as much as MicroPython's own table gives


@dataclass(frozen=True)
class Partition:
    """A range of flash: `offset` and `size` in bytes."""

    name: str
    type: int
    subtype: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        """The first byte after it."""
        return self.offset + self.size


def encode(table: list[Partition]) -> bytes:
    """Return a table as it lies in flash."""
    rows = b"".join(
        _ROW.pack(_MAGIC, one.type, one.subtype, one.offset, one.size, one.name.encode("ascii"), 0) for one in table
    )
    return (rows + _MD5 + hashlib.md5(rows, usedforsecurity=False).digest()).ljust(SIZE, b"\xff")


def decode(data: bytes) -> list[Partition]:
    """Return the partitions of a table in flash. Raises ImageError where there is none, or a damaged one."""
    table: list[Partition] = []
    for at in range(0, min(len(data), SIZE) - _ROW.size + 1, _ROW.size):
        row = data[at : at + _ROW.size]
        if row.startswith(_MD5):
            if row[16:] != hashlib.md5(data[:at], usedforsecurity=False).digest():
                break
            return table
        magic, type_, subtype, offset, size, name, _ = _ROW.unpack(row)
        if magic != _MAGIC:
            break
        table.append(Partition(name.rstrip(b"\0").decode("ascii", "replace"), type_, subtype, offset, size))
    raise ImageError("the MicroPython image has no sound partition table: fetch it again")


def layout(flash: int, application: int) -> list[Partition]:
    """Return the partitions for `flash` bytes of flash and an application of so many bytes.

    Two slots for the application where the flash allows, so that it can be updated and go back; else one.
    Raises BoardError where not even that fits.
    """
    slot = max(_ROOMY_SLOT if flash >= _LARGE else _SLOT, -(-application // _ALIGNED) * _ALIGNED)
    if 0x10000 + 2 * slot + _LEAST_VFS <= flash:
        first = [
            Partition("nvs", DATA, NVS, 0x9000, 0x4000),
            Partition("otadata", DATA, OTADATA, 0xD000, 0x2000),
            Partition("phy_init", DATA, PHY, 0xF000, 0x1000),
            Partition("ota_0", APP, OTA_0, 0x10000, slot),
            Partition("ota_1", APP, OTA_1, 0x10000 + slot, slot),
        ]
    else:
        first = [
            Partition("nvs", DATA, NVS, 0x9000, 0x6000),
            Partition("phy_init", DATA, PHY, 0xF000, 0x1000),
            Partition("factory", APP, FACTORY, 0x10000, slot),
        ]
    at = first[-1].end
    left = flash - at
    if left < _LEAST_VFS:
        raise BoardError(
            f"{flash // 1024} KB of flash are too little: MicroPython takes {at // 1024} KB and the firmware "
            f"{_LEAST_VFS // 1024} KB; take a board with 4 MB"
        )
    return [*first, Partition("vfs", DATA, FAT, at, min(left, _MOST_VFS))]

"""Frames on flash: length (2 bytes), CRC-32 (4 bytes), payload. And the one safe way to replace a file."""

import binascii
import os
import struct

HEAD = 6  # bytes before a payload
LONGEST = 65_535


def head(payload: bytes) -> bytes:
    """What stands before `payload`. Raises ValueError for more than 65,535 bytes."""
    if len(payload) > LONGEST:
        raise ValueError("too long for a frame")
    return struct.pack("<HI", len(payload), binascii.crc32(payload))


def read(file, left: int):
    """The payload of the frame at the file's position, None where there is no whole and sound one.

    `left`: bytes that the file still has; a length that was torn or worn never asks for more memory than that.
    """
    start = file.read(HEAD)
    if len(start) < HEAD:
        return None
    size, crc = struct.unpack("<HI", start)
    if size > left - HEAD:
        return None
    payload = file.read(size)
    if len(payload) < size or binascii.crc32(payload) != crc:
        return None
    return payload


def save(path: str, payload: bytes) -> None:
    """Replace the file at `path` by one frame: after a power cut it is the old or the new one.

    littlefs writes a file's new content when it is closed, and renames over the old one in a single step.
    """
    aside = path + ".new"
    with open(aside, "wb") as file:
        file.write(head(payload))
        file.write(payload)
    os.rename(aside, path)


def load(path: str):
    """What was saved at `path`, None where there is nothing sound."""
    try:
        left = os.stat(path)[6]
        with open(path, "rb") as file:
            return read(file, left)
    except OSError:
        return None


def listing(folder: str):
    """The names in `folder`, sorted; it is made where it is missing."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        os.mkdir(folder)
        return []


def free(folder: str) -> int:
    """Bytes that files in `folder` may still take."""
    found = os.statvfs(folder)
    return found[0] * found[3]

"""Frames on flash: length (2 bytes), CRC-32 (4 bytes), payload. And the one safe way to replace a file."""

import binascii
import os
import struct

HEAD = 6  # bytes before a payload
LONGEST = 65_535


def frame(payload: bytes) -> bytes:
    """The frame of `payload` (at most 65,535 bytes)."""
    return struct.pack("<HI", len(payload), binascii.crc32(payload)) + payload


def read(file):
    """The payload of the frame at the file's position, None where there is no whole and sound one."""
    head = file.read(HEAD)
    if len(head) < HEAD:
        return None
    size, crc = struct.unpack("<HI", head)
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
        file.write(frame(payload))
    os.rename(aside, path)


def load(path: str):
    """What was saved at `path`, None where there is nothing sound."""
    try:
        with open(path, "rb") as file:
            return read(file)
    except OSError:
        return None


def listing(folder: str):
    """The names in `folder`, sorted; it is made where it is missing."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        os.mkdir(folder)
        return []

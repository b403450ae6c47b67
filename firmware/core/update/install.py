"""Brings a release into the other slot: fetched, checked, and startable only when all of it is there.

Whatever breaks off, a session or the power, the next call goes on: files that are whole stay, one that is half there
is continued.
"""

import binascii
import hashlib
import os
import sys

from firmware.core.flash import frames
from firmware.core.update.manifest import UpdateError, checked
from protocol.releases import HEAD, MAGIC
from protocol.signing import sha256, verify

CHUNK = 2_048  # bytes asked for at a time
READ = 512  # bytes read back at a time
LARGEST = 4_096  # bytes of a manifest, with its signature
ROOM = 16_384  # bytes of flash that are left free beside the release
COMING = "/coming"  # the manifest of a release that is not all there


async def install(folder: str, rel: str, size: int, chunk, key: str, role: str, seq: int) -> None:
    """Make the slot `folder` the release `rel`, whose bundle has `size` bytes.

    `await chunk(off, len)` gives bytes of the bundle. `key`: the modulus in hex; `seq`: of the release that runs.
    Raises UpdateError with a reason of the contract, and what `chunk` raises, after which it may be called again.
    """
    frames.listing(folder)
    text, at = await _manifest(rel, chunk, key)
    files = checked(text, at, size, role, seq, sys.implementation)
    _prepare(folder, files, text)
    if frames.free(folder) < size - _there(folder, files) + ROOM:
        raise UpdateError("flash")
    for name, length, digest in files:
        path = folder + "/" + name
        for again in (True, False):
            await _fetch(path, at, length, chunk)
            if _digest(path) == digest:
                break
            os.remove(path)
            if not again:
                raise UpdateError("hash")
        at += length
    if _content(folder + COMING) == text:
        os.rename(folder + COMING, folder + "/manifest")
    _write(folder + "/abi", b"%d" % (sys.implementation._mpy & 0xFF))


async def _manifest(rel, chunk, key):
    """(the manifest, where the files begin)."""
    head = await chunk(0, HEAD)
    size, signed = int.from_bytes(head[8:12], "little"), int.from_bytes(head[12:14], "little")
    if head[:8] != MAGIC or size + signed > LARGEST:
        raise UpdateError("manifest")
    data = b""
    while len(data) < size + signed:
        data += await chunk(HEAD + len(data), min(CHUNK, size + signed - len(data)))
    text = data[:size]
    digest = sha256(text)
    if binascii.hexlify(digest).decode() != rel:
        raise UpdateError("manifest")
    if not verify(int(key, 16), digest, data[size:]):
        raise UpdateError("signature")
    return text, HEAD + size + signed


def _prepare(folder, files, text):
    """Have nothing in the slot that could be started, and no file that is neither of this release nor on its way."""
    if text in (_content(folder + COMING), _content(folder + "/manifest")):
        return  # it was begun before
    digests = {name: digest for name, _, digest in files}
    names = os.listdir(folder)
    if "abi" in names:
        os.remove(folder + "/abi")  # before all else
    for one in names:
        if one != "abi" and (one not in digests or _digest(folder + "/" + one) != digests[one]):
            os.remove(folder + "/" + one)
    _write(folder + COMING, text)


def _there(folder, files):
    """Bytes of the release that are there already."""
    found = os.listdir(folder)
    return sum(min(os.stat(folder + "/" + name)[6], length) for name, length, _ in files if name in found)


async def _fetch(path, at, length, chunk):
    """Have `length` bytes in a file, from `at` of the bundle; what it has already is kept."""
    try:
        have = os.stat(path)[6]
    except OSError:
        have = 0
    if have > length:
        os.remove(path)
        have = 0
    with open(path, "ab") as file:
        while have < length:
            data = await chunk(at + have, min(CHUNK, length - have))
            file.write(data)
            have += len(data)


def _digest(path):
    digest = hashlib.sha256()
    buffer = bytearray(READ)
    view = memoryview(buffer)
    with open(path, "rb") as file:
        while True:
            count = file.readinto(buffer)
            if not count:
                return binascii.hexlify(digest.digest()).decode()
            digest.update(view[:count])


def _content(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def _write(path, data):
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.rename(path + ".new", path)

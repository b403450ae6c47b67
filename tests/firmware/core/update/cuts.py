# ruff: noqa: T201, PTH102, PTH123
"""Cuts the power at every write of an update, and looks at what the next boots do. Runs on MicroPython.

    micropython -X heapsize=64m tests/firmware/core/update/cuts.py OLD NEW KEY every|some

A device on a littlefs has the release of the file OLD in its slots and is ordered that of NEW, signed by the key whose
modulus is in KEY. The update is lived once on a flash that records each program and erase; a cut at the N-th leaves the
first N-1 and a torn one. After each: whatever main.py could start, now or after crashes, must be what one release says;
and, now and then, the update goes on from there to its end.
"""

import asyncio
import binascii
import hashlib
import io
import json
import os
import sys

import vfs

ROOT = __file__.rsplit("/tests/", 1)[0]
sys.path.insert(0, ROOT)
sys.path.insert(0, ROOT + "/hil/flash")

from flash_block import BLOCK, Flash  # noqa: E402

from firmware import main as starter  # noqa: E402
from firmware.core.flash.settings import Settings  # noqa: E402
from firmware.core.update import work  # noqa: E402
from firmware.core.update.updates import Updates  # noqa: E402
from firmware.core.update.work import PROVED_MS  # noqa: E402
from tests.firmware.core.flash.recording import Recorder, cuts  # noqa: E402

BLOCKS = 120
AT = "/cut"
HOUR_MS = 3_600_000


class Reset(Exception):
    """The device restarts."""


class Clock:
    """Goes on by itself, by a minute each time that it is asked."""

    def __init__(self):
        self.ms = 0

    def up(self):
        """Milliseconds."""
        self.ms += PROVED_MS
        return self.ms


class Identity:
    """Of a kiosk that trusts a key."""

    role = "kiosk"

    def __init__(self, key):
        self._key = key

    def release_key(self):
        """The modulus in hex."""
        return self._key


class Device:
    """What is on the flash, brought to life as node.py does, as far as updates go."""

    def __init__(self, bundle, key):
        self.bundle, self.key = bundle, key
        self.blob = {"sha256": digest(bundle), "size": len(bundle)}
        self.notes = []
        self.chunks = 0

    async def request(self, op, args):
        """The controller's answer."""
        self.chunks += 1
        return self.bundle[args["off"] : args["off"] + args["len"]]

    def boot(self, order):
        """Boot as main.py does; live until the next restart, or until nothing is left to do. True at a restart."""
        slot, _ = starter.pick()
        check(slot)
        updates = Updates(Settings(AT + "/state"), Identity(self.key), Clock(), self.note, lambda: True, reset)
        if order and updates.rel != order and updates.bad != order and not updates.pending:
            assert work.order(updates, {"rel": order, "blob": self.blob}) == ("done", "")
        try:
            asyncio.run(self._live(updates))
        except Reset:
            return True
        return False

    def note(self, kind, data):
        """An event."""
        self.notes.append((kind, data.get("why", "")))

    async def _live(self, updates):
        task = asyncio.create_task(updates.run(self.request, lambda: True))
        while updates.pending and not task.done():
            await asyncio.sleep_ms(0)
        if task.done():
            await task
        task.cancel()


def reset():
    """Of the board."""
    raise Reset


async def at_once(ms):
    """Time is the clock's here."""
    await asyncio.sleep(0)


asyncio.sleep_ms = at_once


def digest(data):
    """SHA-256 in hex."""
    return binascii.hexlify(hashlib.sha256(data).digest()).decode()


def content(path):
    """The bytes of a file."""
    with open(path, "rb") as file:
        return file.read()


def check(slot):
    """See that all files of a slot are what its manifest says; return the release."""
    text = content(slot + "/manifest")
    for name, size, sha in json.loads(text)["files"]:
        data = content(slot + "/" + name)
        assert (len(data), digest(data)) == (size, sha), (slot, name)
    return digest(text)


def whole():
    """See that whatever could be started is whole, also by a device that crashes; return what is."""
    slot, _ = starter.pick()
    for one in starter.SLOTS:
        assert one == slot or not starter.fits(one) or check(one)
    return check(slot)


def install_old(bundle, slot):
    """Put the release of a bundle into a slot, as provisioning does."""
    size, signed = int.from_bytes(bundle[8:12], "little"), int.from_bytes(bundle[12:14], "little")
    text, at = bundle[14 : 14 + size], 14 + size + signed
    os.mkdir(slot)
    for name, length, _ in json.loads(text)["files"]:
        write(slot + "/" + name, bundle[at : at + length])
        at += length
    write(slot + "/manifest", text)
    write(slot + "/abi", b"%d" % (sys.implementation._mpy & 0xFF))
    return digest(text)


def write(path, data):
    """Write a file."""
    with open(path, "wb") as file:
        file.write(data)


def mounted(store, cut=0):
    """A file system on a store; the working folder is in it, as on the chip."""
    vfs.mount(vfs.VfsLfs2(Flash(store, BLOCKS, cut, "noise")), AT)
    os.chdir(AT)


def unmounted():
    """Off."""
    os.chdir("/")
    vfs.umount(AT)


def finish(device, order):
    """Boot until the update is over; return how it ended."""
    for _ in range(6):
        if not device.boot(order):
            return whole()
    raise AssertionError("it restarts for ever")


def main(old_path, new_path, key_path, how):
    """Live, cut, look; print how much was done."""
    old, new, key = content(old_path), content(new_path), content(key_path).decode().strip()
    size = int.from_bytes(new[8:12], "little")
    order = digest(new[14 : 14 + size])
    store = io.BytesIO(b"\xff" * (BLOCKS * BLOCK))
    flash = Recorder(store, BLOCKS)
    vfs.VfsLfs2.mkfs(flash)
    vfs.mount(vfs.VfsLfs2(flash), AT)
    os.chdir(AT)
    before = install_old(old, "a")
    install_old(old, "b")  # of the update before
    made = len(flash.log)
    device = Device(new, key)
    assert finish(device, order) == order
    assert [kind for kind, _ in device.notes] == ["update.taken", "update.ready", "update.done"], device.notes
    fetched = device.chunks
    assert fetched <= len(new) // 2_048 + 2 + len(json.loads(new[14 : 14 + size])["files"]), "something came twice"
    unmounted()
    looks = resumed = spared = 0

    def look(store, operations):
        nonlocal looks, resumed, spared
        looks += 1
        mounted(store)
        assert whole() in (before, order)
        if looks % 8 == 0:
            device = Device(new, key)
            assert finish(device, order) == order, device.notes
            resumed += 1
            spared += fetched - device.chunks
        unmounted()

    count = cuts(flash, BLOCKS, made, how, look)
    print(json.dumps({"operations": len(flash.log) - made, "cuts": count, "resumed": resumed, "spared": spared}))


main(*sys.argv[1:])

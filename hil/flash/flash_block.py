# ruff: noqa: PTH116, PTH123, SIM115, B905
"""The flash of a virtual device: NOR in an image file, under littlefs, with a plug that can be pulled at any write.

Runs on MicroPython's unix port; a device mounts it where BALAI_FLASH names an image and BALAI_FLASH_DRIVER this folder.
An erase sets all bits of a block, a program can only clear them. Environment: BALAI_FLASH_BLOCKS (size of an image that
is made, 176 unless told), BALAI_FLASH_CUT (the power goes at this program or erase, counted from 1: SIGKILL),
BALAI_FLASH_TORN (what that operation leaves: `none`, `half` of it, or `noise`: cells that are neither here nor there).
"""

import os
import random

import ffi
import vfs

BLOCK = 4_096
BLOCKS = 176  # the partition `vfs` of a layout with two application slots: 0xB0000 bytes
FOLDER = "/flash"
TORN = ("none", "half", "noise")
_EIO = -5
_SIGKILL = 9


class Flash:
    """A block device for `vfs.VfsLfs2` on `store`, a binary file that can be read and written.

    Args:
        store: the cells; an image file, or an `io.BytesIO`.
        blocks: how many blocks it has.
        cut: the operation at which the power goes; 0: never.
        torn: what that operation leaves behind, one of TORN.
        pull: called when the power has gone; where it returns, nothing works any more (EIO).
    """

    def __init__(self, store, blocks: int, cut: int = 0, torn: str = "none", pull=None):
        self.operations = 0  # programs and erases so far
        self.dead = False
        self._store = store
        self._blocks = blocks
        self._cut = cut
        self._torn = torn
        self._pull = pull

    def readblocks(self, block: int, buffer, offset: int = 0) -> int:
        """Read into `buffer`."""
        if self.dead:
            return _EIO
        self._store.seek(block * BLOCK + offset)
        self._store.readinto(buffer)
        return 0

    def writeblocks(self, block: int, data, offset=None) -> int:
        """Program `data`; without an offset the block is erased before."""
        if offset is None:
            failed = self._change(block * BLOCK, b"\xff" * BLOCK, True)
            return failed or self._change(block * BLOCK, data, False)
        return self._change(block * BLOCK + offset, data, False)

    def ioctl(self, op: int, arg: int):
        """Block device control: 4 how many blocks, 5 their size, 6 erase one."""
        if op == 4:
            return self._blocks
        if op == 5:
            return BLOCK
        return self._change(arg * BLOCK, b"\xff" * BLOCK, True) if op == 6 else 0

    def apply(self, at: int, data, erase: bool) -> None:
        """Carry out an erase or a program of `data` at the byte `at`."""
        if not erase:
            data = _both(self._cells(at, len(data)), data)
        self._put(at, data)

    def tear(self, at: int, data, erase: bool, torn: str) -> None:
        """Leave what an operation leaves in whose middle the power goes."""
        if torn == "half":
            self.apply(at, data[: len(data) // 2], erase)
        elif torn == "noise":
            old, new = self._cells(at, len(data)), bytes(data)
            if not erase:
                new = _both(old, new)
            self._put(at, bytes(a ^ (a ^ b) & random.getrandbits(8) for a, b in zip(old, new)))

    def _change(self, at, data, erase):
        if self.dead:
            return _EIO
        self.operations += 1
        if self.operations == self._cut:
            self.tear(at, data, erase, self._torn)
            self.dead = True
            if self._pull is not None:
                self._pull()
            return _EIO
        self.apply(at, data, erase)
        return 0

    def _cells(self, at, size):
        self._store.seek(at)
        return self._store.read(size)

    def _put(self, at, data):
        self._store.seek(at)
        self._store.write(data)


def _both(old, new) -> bytes:
    """The bits that are set in both: what a program leaves."""
    bits = int.from_bytes(old, "little") & int.from_bytes(new, "little")
    return bits.to_bytes(len(old), "little")


def mount(image: str) -> str:
    """Mount the image as littlefs, formatting it where there is none; return the folder."""
    fresh = False
    try:
        blocks = os.stat(image)[6] // BLOCK
    except OSError:
        fresh = True
        blocks = int(os.getenv("BALAI_FLASH_BLOCKS") or BLOCKS)
        with open(image, "wb") as file:
            for _ in range(blocks):
                file.write(b"\xff" * BLOCK)
    torn = os.getenv("BALAI_FLASH_TORN") or TORN[0]
    flash = Flash(open(image, "r+b"), blocks, int(os.getenv("BALAI_FLASH_CUT") or 0), torn, _die)
    if fresh:
        vfs.VfsLfs2.mkfs(flash)
    vfs.mount(vfs.VfsLfs2(flash), FOLDER)
    return FOLDER


def _die() -> None:
    libc = ffi.open(None)
    libc.func("i", "kill", "ii")(libc.func("i", "getpid", "")(), _SIGKILL)

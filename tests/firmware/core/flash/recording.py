# ruff: noqa: T201
"""A flash that remembers what was done to it, and copies of what it held at any moment. Runs on MicroPython.

`flash_block` (hil/flash) is to be on the path.
"""

import io

from flash_block import BLOCK, Flash


class Recorder(Flash):
    """A flash that remembers everything that was done to it."""

    def __init__(self, store, blocks):
        super().__init__(store, blocks)
        self.log = []

    def apply(self, at, data, erase):
        """Do it and remember."""
        self.log.append((at, None if erase else bytes(data)))
        super().apply(at, data, erase)


class Copy:
    """A store over another that is only read; blocks that are written are copied."""

    def __init__(self, below):
        self._below = below
        self._blocks = {}
        self._at = 0

    def seek(self, at):
        """Go to a byte."""
        self._at = at

    def readinto(self, buffer):
        """Read."""
        mine = self._blocks.get(self._at // BLOCK)
        if mine is None:
            self._below.seek(self._at)
            return self._below.readinto(buffer)
        start = self._at % BLOCK
        buffer[:] = mine[start : start + len(buffer)]
        return len(buffer)

    def read(self, size):
        """Read."""
        buffer = bytearray(size)
        self.readinto(buffer)
        return buffer

    def write(self, data):
        """Write."""
        block, start = divmod(self._at, BLOCK)
        if block not in self._blocks:
            whole = bytearray(BLOCK)
            self._below.seek(block * BLOCK)
            self._below.readinto(whole)
            self._blocks[block] = whole
        self._blocks[block][start : start + len(data)] = data


def cuts(flash, blocks, made, how, look):
    """Call `look(store, operations)` on what a cut at each operation of a recorded flash leaves; return how many.

    The first `made` operations are passed over. `how`: "every" cuts at all of them in three ways, "some" leaves out
    most of those that leave no more than the one before. `operations` were done in full. The last look is at the whole.
    """
    store = io.BytesIO(b"\xff" * (blocks * BLOCK))
    now = Flash(store, blocks)
    count = 0
    for n, (at, data) in enumerate(flash.log):
        erase = data is None
        data = data or b"\xff" * BLOCK
        if n >= made:
            # Between two programs of one block that follow each other a cut leaves no more than in the first of them.
            plain = how == "some" and not erase and n % 16 and flash.log[n - 1][0] == at - len(data)
            for torn in ("none",) if plain and not n % 4 else () if plain else ("none", "half", "noise"):
                copy = Copy(store)
                Flash(copy, blocks).tear(at, data, erase, torn)
                count += 1
                try:
                    look(copy, n)
                except BaseException:
                    print("cut at operation", n, "of", len(flash.log), torn, "erase" if erase else "program")
                    raise
        now.apply(at, data, erase)
    look(Copy(store), len(flash.log))
    return count

"""A flash that remembers what was done to it, and copies of what it held at any moment. Runs on MicroPython.

`flash_block` (hil/flash) is to be on the path.
"""

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

"""The files of the journal: append-only segments of frames (`frames.py`), bounded by the room on the flash.

A frame holds the number of a boot and one or more events of it as JSON. A segment's name tells the seq of its first
event, and thereby where the one before it ends: what a failed write has left there is passed over.
"""

import json
import os

from firmware.core.flash import frames

BLOCK = 4_088  # bytes of a file that fit into one block of littlefs, which takes a few for its pointers
SEGMENT = 2 * BLOCK  # bytes at most, unless one frame is larger
SPARE = 32_768  # bytes of flash that stay free for everything else that is written
ENOSPC = 28


class Segments:
    """The segments in `folder`, which is made; they take at most `limit` bytes of flash."""

    def __init__(self, folder: str, limit: int):
        self._folder = folder
        self._most = limit
        self._list = []  # [first seq, bytes], oldest first
        for name in frames.listing(folder):
            if name[0] == "j":
                self._list.append([int(name[1:]), os.stat(folder + "/" + name)[6]])
        self._whole = False  # whether the newest ends in a sound frame, so that the next may follow
        self.limit = limit
        self._look()

    def __len__(self):
        return len(self._list)

    @property
    def used(self) -> int:
        """Bytes of flash that all take, whole blocks."""
        return sum(_flash(segment[1]) for segment in self._list)

    def lo(self, otherwise: int) -> int:
        """The first seq of the oldest, `otherwise` where there is none."""
        return self._list[0][0] if self._list else otherwise

    def last(self):
        """(seq of the last sound event, its boot), (0, 0) for none; from now on the next frame may follow it."""
        for i in range(len(self._list) - 1, -1, -1):
            found = None
            for found in self.frames(i):  # noqa: B007  only the last matters
                pass
            if found is not None:
                boot, rows, _, end = found
                self._whole = i == len(self._list) - 1 and end == self._list[i][1]
                return rows[-1][0], boot
        return 0, 0

    def end(self) -> None:
        """The next frame begins a segment."""
        self._whole = False

    def append(self, first: int, payload: bytes, reserve: int) -> None:
        """Make a frame durable whose first event is `first`, leaving `reserve` bytes of flash for others.

        Raises OSError: no room (ENOSPC), or the flash fails. What was there before is there still.
        """
        size = frames.HEAD + len(payload)
        segment = self._list[-1] if self._whole else None
        if segment is None or segment[1] + size > SEGMENT:
            segment = [first, 0]
            self._look()
        if self.used + _flash(segment[1] + size) - _flash(segment[1]) + reserve > self.limit:
            raise OSError(ENOSPC)
        try:
            with open(self._name(segment), "ab" if segment[1] else "wb") as file:
                file.write(frames.head(payload))
                file.write(payload)
        except OSError:
            self._whole = False  # what a failed write left must not be appended to
            raise
        if segment[1] == 0:
            if self._list and self._list[-1][0] == first:
                self._list.pop()  # nothing in it was sound, and it is overwritten now
            self._list.append(segment)
        segment[1] += size
        self._whole = True

    def drop(self, done: int) -> None:
        """Remove those whose events are all up to `done`, but for the newest."""
        while len(self._list) > 1 and self._list[1][0] <= done + 1:
            os.remove(self._name(self._list[0]))
            self._list.pop(0)

    def index(self, seq: int) -> int:
        """Which is the first that may hold an event after `seq`."""
        i = len(self._list) - 1
        while i > 0 and self._list[i][0] > seq + 1:
            i -= 1
        return max(i, 0)

    def first(self, i: int) -> int:
        """The first seq of segment `i`."""
        return self._list[i][0]

    def frames(self, i: int, offset: int = 0):
        """Yield (boot, events, start, end) of the frames of segment `i` from `offset` on, up to one that is torn."""
        after = self._list[i + 1][0] if i + 1 < len(self._list) else None
        size = self._list[i][1]
        with open(self._name(self._list[i]), "rb") as file:
            file.seek(offset)
            while offset < size:
                payload = frames.read(file, size - offset)
                if payload is None:
                    return
                rows = json.loads(payload)
                boot = rows.pop(0)
                if after is not None and rows[-1][0] >= after:
                    return
                start, offset = offset, offset + frames.HEAD + len(payload)
                yield boot, rows, start, offset

    def _look(self):
        """See how much the flash has room for: others write to it too."""
        self.limit = min(self._most, self.used + frames.free(self._folder) - SPARE)

    def _name(self, segment):
        return "%s/j%012d" % (self._folder, segment[0])


def _flash(size: int) -> int:
    """Bytes of flash that a file of `size` bytes takes."""
    return (size + BLOCK - 1) // BLOCK * 4_096

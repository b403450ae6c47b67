"""The device's event log, and the memory of the hall's leader: survives a power cut at any write.

Events given together are all there or none. A segment (`segments.py`) goes when all its events are acknowledged and a
snapshot stands for them; the newest stays, so that `seq` goes on. What was returned from `append` is on flash.
"""

import binascii
import json
import os

from firmware.core.flash import frames
from firmware.core.flash.segments import Segments

LIMIT = 344_064  # bytes of flash that all segments may take: beside two slots on a board of 4 MB
NEAR = 50  # percent of the limit from which on somebody should look; new tickets stop only later
RESERVE = 4_096  # bytes that new tickets leave for what becomes of the old ones
LARGEST = 3_800  # bytes of one event as JSON: it must fit into a message
LEAP = 1_000_000  # an ack further ahead than this is no ack


class Journal:
    """Opening it counts a boot. `remembers`: segments wait for a snapshot (a leader), not for the ack alone."""

    def __init__(self, folder: str, clock, limit: int = LIMIT, remembers: bool = True):
        self._folder = folder
        self._clock = clock
        self._remembers = remembers
        self._segments = Segments(folder, limit)
        snapshot = self._snapshot()
        self.acked = snapshot["acked"] if snapshot else 0
        self._kept = snapshot["seq"] if snapshot else 0  # events up to here stand in the snapshot
        last, boot = self._segments.last()
        begun = self._segments.first(-1) - 1 if len(self._segments) else 0
        self.seq = max(last, begun, self._kept)  # of the last event
        if self.seq > last:
            self._segments.end()
        self.acked = max(min(self.acked, self.seq), self.lo - 1)  # what is gone was acknowledged
        self.t = 0  # of the last event
        self._open_log(boot)
        self._at = None  # (segment's first seq, offset) of the first frame that is not acknowledged
        self._ends = []  # the same after each event of the batch given out last, with its seq

    # Writing.

    def append(self, kind: str, data, reserve: int = 0) -> int:
        """Make one event durable; return its seq. Raises as `append_many`."""
        return self.append_many([(kind, data)], reserve)

    def append_many(self, events, reserve: int = 0) -> int:
        """Make events [(kind, data), ...] durable together; return the last seq. `reserve`: bytes to leave free.

        Raises OSError where there is no room (ENOSPC) or the flash fails, ValueError for an event that is too large;
        the seq is then that of the next event.
        """
        t, q = self._clock.now()
        up = self._clock.up()
        rows = [self.boot]
        seq = self.seq
        for kind, data in events:
            seq += 1
            row = [seq, t, q, up, kind, data]
            if len(_text(row)) > LARGEST:
                raise ValueError("an event is too large")
            rows.append(row)
        self._segments.append(self.seq + 1, _text(rows).encode(), reserve)
        self.seq, self.t = seq, t
        return seq

    def snapshot(self, value) -> None:
        """Keep `value` as what all events so far amount to; segments before it may go once they are acknowledged.

        Raises OSError where the flash is full or fails; the one before is still there then.
        """
        frames.save(self._path("snapshot"), _text({"seq": self.seq, "acked": self.acked, "value": value}).encode())
        self._kept = self.seq
        self._clean()

    def ack(self, seq: int) -> None:
        """Hear that every event up to `seq` is committed elsewhere."""
        if self.seq < seq <= self.seq + LEAP:
            # The flash was put back to an older state: numbers known elsewhere must not be given out again.
            self.seq = seq
            self._segments.end()
        if self.acked < seq <= self.seq:
            self.acked = seq
            for end, place in self._ends:
                if end == seq:
                    self._at = place
            self._clean()

    def rewind(self, seq: int) -> None:
        """Hear at a birth that only events up to `seq` are committed: what is still held is sent again."""
        if seq < self.acked:
            self.acked = max(seq, self.lo - 1)
            self._at = None
            self._ends = []

    # Reading.

    @property
    def backlog(self) -> int:
        """Events that are not acknowledged."""
        return self.seq - self.acked

    @property
    def used(self) -> int:
        """Bytes of flash that all segments take."""
        return self._segments.used

    @property
    def limit(self) -> int:
        """Bytes of flash that they may take."""
        return self._segments.limit

    @property
    def near(self) -> bool:
        """Whether the journal is nearly full."""
        return self._segments.used * 100 >= self._segments.limit * NEAR

    @property
    def lo(self) -> int:
        """The oldest seq that is still held."""
        return self._segments.lo(self.seq + 1)

    def recover(self):
        """(value of the newest snapshot or None, iterator of the events after it)."""
        snapshot = self._snapshot()
        if snapshot is None:
            return None, self.after(0)
        return snapshot["value"], self.after(snapshot["seq"])

    def after(self, seq: int):
        """Yield the events after `seq` that are still held."""
        for i in range(self._segments.index(seq), len(self._segments)):
            for _, events, _, _ in self._segments.frames(i):
                for event in events:
                    if event[0] > seq:
                        yield event

    def pending(self, size: int = 3_900):
        """(boot, lo, events) of the next batch: those after the last ack, of one boot, at most `size` bytes as JSON.

        An event larger than `size` goes alone. None where everything is acknowledged.
        """
        self._ends = []
        for i in range(self._segments.index(self.acked), len(self._segments)):
            boot, events = self._batch(i, size)
            if events:
                lo = self.lo if events[0][0] == self.acked + 1 else events[0][0]  # a hole: never wait for what is lost
                return boot, lo, events
        return None

    def _batch(self, i, size):
        events = []
        boot = 0
        first = self._segments.first(i)
        offset = self._at[1] if self._at and self._at[0] == first else 0
        for of, rows, start, end in self._segments.frames(i, offset):
            if events and of != boot:
                break
            boot = of
            for row in rows:
                if row[0] > self.acked:
                    size -= len(_text(row)) + 1
                    if events and size < 0:
                        return boot, events
                    events.append(row)
                    self._ends.append((row[0], (first, end if row is rows[-1] else start)))
        return boot, events

    # The folder.

    def _open_log(self, boot):
        """The log's id, made once, and this boot's number, counted before any event of it is written."""
        kept = frames.load(self._path("log"))
        found = json.loads(kept) if kept else {"log": binascii.hexlify(os.urandom(8)).decode(), "boot": 0}
        self.log, self.boot = found["log"], max(found["boot"], boot) + 1
        try:
            frames.save(self._path("log"), _text({"log": self.log, "boot": self.boot}).encode())
        except OSError:
            if not kept:
                raise
            # A full flash must not keep the hall closed; the events of this boot, if there are any, count it.

    def _snapshot(self):
        kept = frames.load(self._path("snapshot"))
        return json.loads(kept) if kept else None

    def _clean(self):
        self._segments.drop(min(self.acked, self._kept) if self._remembers else self.acked)

    def _path(self, name):
        return self._folder + "/" + name


def _text(value) -> str:
    """JSON without spaces, which on flash would cost a day of every week."""
    return json.dumps(value, separators=(",", ":"))

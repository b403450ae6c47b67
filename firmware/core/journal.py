"""The device's event log, and the memory of the hall's leader: survives a power cut at any write.

A folder of append-only segments, each of one boot, of frames (`frames.py`) that hold one or more events as JSON. Events
given together lie in one frame: all of them are there or none. A segment goes when all its events are acknowledged
and a snapshot stands for them; the newest stays, so that `seq` goes on. What was returned from `append` is on flash.
"""

import binascii
import json
import os

from firmware.core import frames

SEGMENT = 8_192  # bytes at which a new segment is begun
LIMIT = 393_216  # bytes that all segments may take
NEAR = 80  # percent of it from which on somebody should look
RESERVE = 4_096  # bytes that new tickets leave for what becomes of the old ones
ENOSPC = 28


class Journal:
    """Opening it counts a boot. `remembers`: segments wait for a snapshot (a leader), not for the ack alone."""

    def __init__(self, folder: str, clock, limit: int = LIMIT, remembers: bool = True):
        self._folder = folder
        self._clock = clock
        self._limit = limit
        self._remembers = remembers
        names = frames.listing(folder)
        self._open_log()
        self.seq = 0  # of the last event
        self.t = 0  # its time
        self._segments = []  # [first seq, boot, bytes], oldest first
        for name in names:
            if name[0] == "j":
                self._segments.append([int(name[1:11]), int(name[12:]), os.stat(self._path(name))[6]])
        snapshot = self._snapshot()
        self.acked = snapshot["acked"] if snapshot else 0
        self._kept = snapshot["seq"] if snapshot else 0  # events up to here stand in the snapshot
        if self._segments:
            self.seq = self._segments[-1][0] - 1
            for event in self._events(len(self._segments) - 1):
                self.seq = event[0]
        self.acked = min(self.acked, self.seq)
        self._new = True  # the next event begins a segment
        self._at = None  # (segment's first seq, offset) of the first frame that is not acknowledged
        self._ends = []  # the same after each frame of the batch given out last, with its last seq

    # Writing.

    def append(self, kind: str, data, reserve: int = 0) -> int:
        """Make one event durable; return its seq. Raises OSError (ENOSPC) where there is no room."""
        return self.append_many([(kind, data)], reserve)

    def append_many(self, events, reserve: int = 0) -> int:
        """Make events [(kind, data), ...] durable together; return the last seq. `reserve`: bytes to leave free."""
        t, q = self._clock.now()
        up = self._clock.up()
        rows = []
        seq = self.seq
        for kind, data in events:
            seq += 1
            rows.append([seq, t, q, up, kind, data])
        frame = frames.frame(json.dumps(rows).encode())
        if self.used + len(frame) + reserve > self._limit:
            raise OSError(ENOSPC)
        if self._new or self._segments[-1][2] >= SEGMENT:
            segment = [self.seq + 1, self.boot, 0]
        else:
            segment = self._segments[-1]
        try:
            with open(self._name(segment), "ab" if segment[2] else "wb") as file:
                file.write(frame)
        except OSError:
            self._new = True  # what a failed write left must not be appended to
            raise
        if segment[2] == 0:
            self._drop_namesake(segment)
            self._segments.append(segment)
        segment[2] += len(frame)
        self._new = False
        self.seq, self.t = seq, t
        return seq

    def snapshot(self, value) -> None:
        """Keep `value` as what all events so far amount to; segments before it may go once they are acknowledged."""
        frames.save(self._path("snapshot"), json.dumps({"seq": self.seq, "acked": self.acked, "value": value}).encode())
        self._kept = self.seq
        self._clean()

    def ack(self, seq: int) -> None:
        """Hear that every event up to `seq` is committed elsewhere."""
        if not self.acked < seq <= self.seq:
            return
        self.acked = seq
        self._at = None
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
        """Bytes of all segments."""
        return sum(segment[2] for segment in self._segments)

    @property
    def near(self) -> bool:
        """Whether the journal is nearly full."""
        return self.used * 100 >= self._limit * NEAR

    @property
    def lo(self) -> int:
        """The oldest seq that is still held."""
        return self._segments[0][0] if self._segments else self.seq + 1

    def recover(self):
        """(value of the newest snapshot or None, iterator of the events after it)."""
        snapshot = self._snapshot()
        if snapshot is None:
            return None, self._after(0)
        return snapshot["value"], self._after(snapshot["seq"])

    def pending(self, size: int = 3_900):
        """(boot, lo, events) of the next batch: those after the last ack, of one boot, at most `size` bytes as JSON.

        None where everything is acknowledged.
        """
        self._ends = []
        for i, segment in enumerate(self._segments):
            if i + 1 < len(self._segments) and self._segments[i + 1][0] <= self.acked + 1:
                continue
            events = self._batch(segment, size)
            if events:
                lo = self.lo if events[0][0] == self.acked + 1 else events[0][0]  # a hole: never wait for what is lost
                return segment[1], lo, events
        return None

    def _batch(self, segment, size):
        events = []
        offset = self._at[1] if self._at and self._at[0] == segment[0] else 0
        with open(self._name(segment), "rb") as file:
            file.seek(offset)
            while offset < segment[2]:
                payload = frames.read(file)
                if payload is None:
                    break
                offset += frames.HEAD + len(payload)
                if events and size < len(payload):
                    break
                for event in json.loads(payload):
                    if event[0] > self.acked:
                        events.append(event)
                if events:
                    size -= len(payload)
                    self._ends.append((events[-1][0], (segment[0], offset)))
        return events

    def _after(self, seq):
        for i in range(len(self._segments)):
            for event in self._events(i):
                if event[0] > seq:
                    yield event

    def _events(self, i):
        """Yield the events of segment `i` up to the first frame that is not sound."""
        with open(self._name(self._segments[i]), "rb") as file:
            while True:
                payload = frames.read(file)
                if payload is None:
                    return
                for event in json.loads(payload):
                    yield event

    # The folder.

    def _open_log(self):
        """The log's id, made once, and this boot's number, counted before any event of it is written."""
        kept = frames.load(self._path("log"))
        if kept:
            found = json.loads(kept)
            self.log, self.boot = found["log"], found["boot"] + 1
        else:
            self.log, self.boot = binascii.hexlify(os.urandom(8)).decode(), 1
        frames.save(self._path("log"), json.dumps({"log": self.log, "boot": self.boot}).encode())

    def _snapshot(self):
        kept = frames.load(self._path("snapshot"))
        return json.loads(kept) if kept else None

    def _clean(self):
        done = min(self.acked, self._kept) if self._remembers else self.acked
        while len(self._segments) > 1 and self._segments[1][0] <= done + 1:
            os.remove(self._name(self._segments[0]))
            self._segments.pop(0)

    def _drop_namesake(self, segment):
        """Forget an earlier segment in which no event was sound: it began with the same seq."""
        while self._segments and self._segments[-1][0] == segment[0]:
            os.remove(self._name(self._segments[-1]))
            self._segments.pop()

    def _path(self, name):
        return self._folder + "/" + name

    def _name(self, segment):
        return self._path("j%010d.%d" % (segment[0], segment[1]))

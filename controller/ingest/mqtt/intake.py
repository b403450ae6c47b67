"""From the lane into the store and back: nothing is acknowledged before it is committed.

While a group is being stored the next one is read: the database's work needs no interpreter, reading does.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future

from controller.db import Busy, DiskFull
from controller.ingest.alarms import now_ms
from controller.ingest.check import Said
from controller.ingest.mqtt.lane import Lane, Message
from controller.ingest.store import Safe, Store, Stored

log = logging.getLogger(__name__)

GROUP_BYTES = 1 << 20  # of messages that share one commit: some 6,000 events, a quarter of a second
RETRY_S = 1.0
IDLE_S = 1.0


class Intake:
    """Stores what comes in, then acknowledges it twice: to the broker, and to each device how far its log is safe.

    For use by one thread only.

    Args:
        store: the event store.
        rate: events per second that a device may send while it drains its backlog, 0 for no limit.
    """

    def __init__(self, store: Store, rate: int = 0) -> None:
        self._store = store
        self._rate = rate
        self._lane: Lane | None = None
        self._storing: Future[Stored[Safe]] | None = None  # what becomes of the lane's first messages
        self._said: list[Said] = []  # what is being stored
        self._next: list[Said] = []  # the messages after them, as far as they have been read
        self._not_before = 0.0

    def take(self, lane: Lane, wake: Callable[[object], None]) -> float:
        """Do what there is to do for the lane's messages; return after how many seconds to come again.

        `wake` is called, on another thread, when there is something to do before that. Where the disk is full the
        messages stay in the lane, unacknowledged, and are tried again: the broker holds back what exceeds the receive
        maximum, and devices keep what is not acknowledged.
        """
        if lane is not self._lane:
            self._begin(lane)
        if self._storing is not None and self._storing.done():
            self._finish(lane, self._storing)
        if self._storing is None:
            pause = self._not_before - time.monotonic()
            if pause > 0:
                return pause
            self._read(lane)
            if not self._next:
                return IDLE_S
            self._said, self._next = self._next, []
            self._storing = self._store.submit(self._said)
            self._storing.add_done_callback(wake)
        self._read(lane)
        return IDLE_S

    def _begin(self, lane: Lane) -> None:
        """A new session: what the old one had sent will be sent again, or was; it is not to be acknowledged here."""
        if self._storing is not None:
            self._storing.exception()  # waits: groups are stored one after the other
        self._lane, self._storing, self._said, self._next = lane, None, [], []

    def _read(self, lane: Lane) -> None:
        """Read the messages after those that are being stored, as many as may share a commit."""
        begin = end = len(self._said) + len(self._next)
        size = sum(len(one.payload) for one in self._next)
        messages = lane.messages
        while end < len(messages) and size < GROUP_BYTES:
            size += len(messages[end].body)
            end += 1
        if end > begin:
            self._next += self._store.read(messages[begin:end])

    def _finish(self, lane: Lane, stored: "Future[Stored[Safe]]") -> None:
        """Acknowledge the group that has been stored, or have it tried again."""
        said, self._said, self._storing = self._said, [], None
        try:
            safe: Safe = self._store.settle(said, stored)
        except (DiskFull, Busy) as error:
            kind = "disk_full" if isinstance(error, DiskFull) else "database_busy"
            if self._store.alarms.hold(kind, str(error)):
                log.error("events are not stored and not acknowledged: %s", error)
            self._next = []
            self._not_before = time.monotonic() + RETRY_S
            return
        self._store.alarms.release()
        group: list[Message] = lane.messages[: len(said)]
        del lane.messages[: len(said)]
        lane.ack([message.mid for message in group if message.mid])
        tail = b'","now":%d,"rate":%d,"seq":' % (now_ms(), self._rate)
        lane.publish(
            {_ack_topic(topic): b'{"log":"%b%b%d}' % (name.encode(), tail, seq) for topic, (name, seq) in safe.items()}
        )


def _ack_topic(topic: bytes) -> bytes:
    """Return `.../down/ack` for a device's `.../up/event`."""
    return topic[: -len(b"up/event")] + b"down/ack"

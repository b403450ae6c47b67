"""From the lane into the store and back: nothing is acknowledged before it is committed."""

import logging

from controller.db import Busy, DiskFull
from controller.ingest.alarms import now_ms
from controller.ingest.mqtt.lane import Lane
from controller.ingest.store import Store

log = logging.getLogger(__name__)

GROUP = 1000  # messages that share one commit
RETRY_S = 1.0
IDLE_S = 1.0


class Intake:
    """Stores what comes in, then acknowledges it twice: to the broker, and to each device how far its log is safe.

    Args:
        store: the event store.
        rate: events per second that a device may send while it drains its backlog, 0 for no limit.
    """

    def __init__(self, store: Store, rate: int = 0) -> None:
        self._store = store
        self._rate = rate

    def take(self, lane: Lane) -> float:
        """Store a group of the lane's messages; return after how many seconds there is more to do.

        Where the disk is full the messages stay in the lane, unacknowledged, and are tried again: the broker holds back
        what exceeds the receive maximum, and devices keep what is not acknowledged.
        """
        group = lane.messages[:GROUP]
        try:
            safe = self._store.ingest(group)
        except (DiskFull, Busy) as error:
            kind = "disk_full" if isinstance(error, DiskFull) else "database_busy"
            if self._store.alarms.hold(kind, str(error)):
                log.error("events are not stored and not acknowledged: %s", error)
            return RETRY_S
        self._store.alarms.release()
        del lane.messages[: len(group)]
        lane.ack([message.mid for message in group if message.mid])
        tail = b'","now":%d,"rate":%d,"seq":' % (now_ms(), self._rate)
        lane.publish(
            {_ack_topic(topic): b'{"log":"%b%b%d}' % (name.encode(), tail, seq) for topic, (name, seq) in safe.items()}
        )
        return 0.0 if lane.messages else IDLE_S


def _ack_topic(topic: bytes) -> bytes:
    """Return `.../down/ack` for a device's `.../up/event`."""
    return topic[: -len(b"up/event")] + b"down/ack"

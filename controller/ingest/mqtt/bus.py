"""The controller's end of the contract's topics.

Two sessions with the broker: one for events alone, so that back-pressure there (a full disk) holds up neither the
replies and requests of devices nor the controller's presence; and one for everything else.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable

import paho.mqtt.client as paho

from controller.ingest import check
from controller.ingest.alarms import now_ms
from controller.ingest.mqtt.connection import Broker, Connection, Will
from controller.ingest.mqtt.intake import Intake
from controller.ingest.refusals import Unusable
from controller.ingest.store import Store
from protocol import topics

log = logging.getLogger(__name__)

Handler = Callable[[str, dict[str, object]], None]

EVENTS_AHEAD = 8000  # messages that the broker may send ahead of our commits: the back-pressure


class Bus:
    """Publishes to devices and hands what they say to those who asked for it.

    Args:
        broker: where the broker is.
        store: who stores events.
        share: the name of a shared subscription for events, where several controllers divide them; "" for none.
    """

    def __init__(self, broker: Broker, store: Store, share: str = "") -> None:
        self.sid = ""  # of the controller's presence, new at each session for events: devices send again
        self._store = store
        self._handlers: dict[str, list[Handler]] = {}
        self._connected: list[Callable[[], None]] = []
        self._both = threading.Lock()
        every = topics.up("+", "event")
        self._intake = Connection(
            broker,
            "balai-events",
            [f"$share/{share}/{every}" if share else every],
            messages=Intake(store).take,
            receive_maximum=EVENTS_AHEAD,
            will=self._will,
            ready=self._ready,
        )
        self._rest = Connection(
            broker,
            "balai",
            [topics.up("+", what) for what in ("state", "reply", "request", "reading")],
            message=self._message,
            ready=self._ready,
        )

    def start(self) -> None:
        """Begin to connect, the handlers being registered; returns at once."""
        self._rest.start()
        self._intake.start()

    def stop(self) -> None:
        """Tell the devices that the controller goes, and end both sessions."""
        self._intake.stop()
        self._rest.stop()

    @property
    def connected(self) -> bool:
        """Whether both sessions stand."""
        return self._rest.connected.is_set() and self._intake.connected.is_set()

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until both sessions stand; return whether they do."""
        end = time.monotonic() + timeout
        return all(session.connected.wait(max(0.0, end - time.monotonic())) for session in (self._rest, self._intake))

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> bool:
        """Publish from any thread. Without a session nothing is kept for later and the answer is False."""
        return self._rest.publish(topic, payload, qos, retain)

    def on(self, what: str, handler: Callable[[str, dict[str, object]], None]) -> None:
        """Have `handler(device, body)` called with each message on a device's `up/{what}`.

        `what` is "state", "reply", "request" or "reading". Handlers run on the bus's thread and must be quick. Retained
        replies and requests are refused: they would be carried out again at each start.
        """
        self._handlers.setdefault(what, []).append(handler)

    def on_connect(self, callback: Callable[[], None]) -> None:
        """Have `callback()` called on a bus thread whenever both sessions stand anew: retained topics are to be
        published again, for the broker may have lost them."""
        self._connected.append(callback)

    def _will(self) -> Will:
        self.sid = secrets.token_hex(8)
        state = b'{"online":%d,"sid":"' + self.sid.encode() + b'"}'
        return Will(topics.CONTROLLER_STATE, state % 0, state % 1)

    def _ready(self) -> None:
        with self._both:
            if self.connected:
                for callback in self._connected:
                    try:
                        callback()
                    except Exception:
                        log.exception("a callback of the broker's session failed")

    def _message(self, message: paho.MQTTMessage) -> None:
        try:
            device, what = check.sender(message.topic)
        except (Unusable, UnicodeDecodeError) as error:
            self._store.refusals.count("", "bad_topic", str(error))
            return
        try:
            body = check.body(bytes(message.payload), message.retain and what in ("reply", "request"))
        except Unusable as error:
            self._store.refusals.count(device, error.reason, str(error))
            return
        if what == "state" and not message.retain:
            self._started(device, body)
        for handler in self._handlers.get(what, ()):
            try:
                handler(device, body)
            except Exception:
                log.exception("a handler of %s failed on a message of %s", what, device)

    def _started(self, device: str, body: dict[str, object]) -> None:
        """Learn from a live state when the device's boot began."""
        boot, uptime = body.get("boots"), body.get("uptime")
        if type(boot) is int and type(uptime) is int and 0 <= uptime < 1 << 31:
            self._store.heard(device, boot, now_ms() - uptime * 1000)

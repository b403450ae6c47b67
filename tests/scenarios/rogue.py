"""A client that says over real MQTT whatever it is told to say, and hears what is said to it."""

import json

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from hil.device import HANGS
from hil.light.device import Json, Light
from protocol import topics

NOON = 1_764_046_800_000  # Unix ms


class Rogue:
    """Uses the account of `kiosk`, which must not be running, or a `secret` that is none."""

    def __init__(self, kiosk: Light, secret: str = "") -> None:
        self.device = kiosk.device
        self.log = kiosk.log
        self.acks: list[tuple[str, int]] = []
        self.heard: list[tuple[str, bytes]] = []
        self.refused: list[str] = []  # why it was not let in, or what it was not let read
        self._subscribed = 0
        self._client = paho.Client(CallbackAPIVersion.VERSION2, kiosk.device)
        self._client.username_pw_set(kiosk.username, secret or kiosk.secret)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._answered
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", kiosk.port)
        self._client.subscribe(topics.down(self.device, "+"), 1)
        self._client.loop_start()

    def say(self, what: str, body: object, *, of: str = "", retain: bool = False) -> None:
        """Publish on its own topic, or on that of the device `of`; bytes as they are, the rest as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._client.publish(topics.up(of or self.device, what), data, 1, retain).wait_for_publish(HANGS)

    def listen(self, topic: str) -> None:
        """Subscribe."""
        self._client.subscribe(topic, 1)

    def stop(self) -> None:
        """Go."""
        self._client.disconnect()
        self._client.loop_stop()

    def event(self, seq: int, **change: object) -> list[object]:
        """Return a good event, or one that is changed in `seq`, `t`, `q`, `up`, `kind` or `data`."""
        data = {"no": seq, "score": 3, "rev": seq, "term": 1}
        made = {"seq": seq, "t": NOON + seq, "q": 3, "up": seq, "kind": "ticket.rated", "data": data, **change}
        return list(made.values())

    def batch(self, *events: list[object], **change: object) -> Json:
        """Return the envelope of `events`, or one that is changed."""
        return {"v": 1, "log": self.log, "boot": 1, "lo": 1, "e": events, **change}

    def _connected(
        self, _client: paho.Client, _data: object, _flags: paho.ConnectFlags, reason: ReasonCode, _: Properties | None
    ) -> None:
        if reason.is_failure:
            self.refused.append(str(reason))

    def _answered(
        self, _client: paho.Client, _data: object, _mid: int, reasons: list[ReasonCode], _: Properties | None
    ) -> None:
        self.refused += [str(reason) for reason in reasons if reason.is_failure]

    def _hear(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self.heard.append((message.topic, message.payload))
        if message.topic.endswith("/ack"):
            body = json.loads(message.payload)
            self.acks.append((body["log"], body["seq"]))

"""One MQTT 5 session with the broker, kept up by a thread of its own.

paho keeps the session (CONNECT, subscriptions, pings, publishes); the loop around it is ours, for paho's own uses
select(), which fails in a process with more than 1,024 files open. A session that ends is followed by a fresh one,
clean, with nothing left over from before: what must not be lost is sent again by whoever wants it done.
"""

import logging
import random
import secrets
import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from controller.ingest.mqtt.lane import Lane

log = logging.getLogger(__name__)

KEEPALIVE_S = 20
BACKOFF_S = 8.0
LARGEST_PACKET = 1 << 20  # the broker keeps larger ones from us (MQTT 5.0, 3.1.2.11.4)


@dataclass(frozen=True)
class Broker:
    """Where the broker is and who we are to it."""

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ca: Path | None = None  # CA certificate; None trusts those of the system

    @classmethod
    def of(cls, url: str, username: str = "", password: str = "", ca: Path | None = None) -> "Broker":
        """Return the broker at `mqtt://[user:password@]host[:port]`, or `mqtts://` for TLS.

        Raises ValueError, without the URL in it, where it is no such address.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError("a broker's address is mqtt://host:port or mqtts://host:port")
        tls = parts.scheme == "mqtts"
        return cls(
            parts.hostname,
            parts.port or (8883 if tls else 1883),
            username or unquote(parts.username or ""),
            password or unquote(parts.password or ""),
            tls,
            ca,
        )


@dataclass(frozen=True)
class Will:
    """What the broker says for us, retained, when we are gone, and what we say while we are here."""

    topic: str
    gone: bytes
    here: bytes


class _Client(paho.Client):
    """paho with a Lane for its socket."""

    lane: Lane | None = None
    fast = False

    def _create_socket(self) -> "paho.SocketLike":
        sock = cast(socket.socket, super()._create_socket())
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # an answer must not wait for the other end's ack
        self.lane = Lane(sock, self.fast)
        return cast("paho.SocketLike", self.lane)


class Connection:
    """Keeps one session up: connects, subscribes, reads, and starts again with back-off when it ends.

    Args:
        broker: where to.
        name: the start of the client id; the rest is random, so that two controllers do not throw each other out.
        topics: what to subscribe to, at QoS 1.
        message: takes each message (acknowledged when it returns).
        messages: instead, takes what is in the lane and acknowledges it there, at once or later; returns after how
            many seconds it wants to be called again, and calls what it is given where that is sooner.
        receive_maximum: how many messages the broker may send ahead of our acknowledgements.
        will: makes the will of each session.
        ready: called when a session's subscriptions stand.
    """

    def __init__(
        self,
        broker: Broker,
        name: str,
        topics: list[str],
        *,
        message: Callable[[paho.MQTTMessage], None] | None = None,
        messages: Callable[[Lane, Callable[[object], None]], float] | None = None,
        receive_maximum: int = 1000,
        will: Callable[[], Will] | None = None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self.connected = threading.Event()
        self.sessions = 0
        self._broker, self._name, self._topics = broker, name, topics
        self._message, self._messages = message, messages
        self._receive_maximum, self._will_of, self._ready = receive_maximum, will, ready
        self._client: _Client | None = None
        self._will: Will | None = None
        self._jitter = random.Random()  # noqa: S311 - its own, so that who seeds the global one finds it untouched
        self._stopping = threading.Event()
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        self._thread = threading.Thread(target=self._run, name=f"mqtt-{name}", daemon=True)

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Say good-bye to the broker, letting the will be published, and end the thread."""
        self._stopping.set()
        self._wake()
        if self._thread.is_alive():
            self._thread.join()
        self._wake_read.close()
        self._wake_write.close()

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> bool:
        """Publish from any thread; return False, and do nothing, while there is no session."""
        client = self._client
        if client is None or not self.connected.is_set():
            return False
        return client.publish(topic, payload, qos, retain).rc == paho.MQTT_ERR_SUCCESS

    def _wake(self, *_: object) -> None:
        with suppress(OSError):  # it is awake already, or gone
            self._wake_write.send(b"\0")

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = self.sessions
            try:
                self._session()
            except Exception as error:
                log.warning("broker session %s ended: %s", self._name, _words(error))
            finally:
                self.connected.clear()
                self._client = None
            failures = 0 if self.sessions > began else failures + 1
            self._stopping.wait(self._jitter.uniform(0.05, min(BACKOFF_S, 0.25 * 2**failures)))

    def _session(self) -> None:
        client = self._make()
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = self._receive_maximum
        properties.MaximumPacketSize = LARGEST_PACKET
        client.connect(self._broker.host, self._broker.port, KEEPALIVE_S, clean_start=True, properties=properties)
        lane = client.lane
        assert lane is not None
        self._client = client
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_read, selectors.EVENT_READ)
            selector.register(lane.fileno(), selectors.EVENT_READ)
            try:
                while not self._stopping.is_set():
                    self._turn(client, lane, selector)
                client.disconnect(ReasonCode(PacketTypes.DISCONNECT, "Disconnect with will message"))
                client.loop_write()
            finally:
                lane.close()

    def _turn(self, client: _Client, lane: Lane, selector: selectors.BaseSelector) -> None:
        """Wait until there is something to do, and do it. Raises OSError when the session has ended."""
        pause = 1.0
        if lane.messages and self._messages:
            pause = self._messages(lane, self._wake)
        if len(lane.messages) > self._receive_maximum:
            self._rest(pause)  # no room: what comes waits in the socket
        else:
            mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if lane.full else 0)
            selector.modify(lane.fileno(), mask)
            if any(key.fileobj is self._wake_read for key, _ in selector.select(pause)):
                self._wake_read.recv(4096)
            lane.fill(self._receive_maximum + 1)
        while lane.for_paho:
            _check(client.loop_read())
        if client.want_write():
            _check(client.loop_write())
        lane.flush()
        _check(client.loop_misc())

    def _rest(self, seconds: float) -> None:
        """Wait for `seconds`, or until somebody wakes us."""
        self._wake_read.settimeout(seconds)
        with suppress(TimeoutError):
            self._wake_read.recv(4096)
        self._wake_read.setblocking(False)

    def _make(self) -> _Client:
        client = _Client(
            CallbackAPIVersion.VERSION2,
            f"{self._name}-{secrets.token_hex(8)}",
            protocol=paho.MQTTv5,
        )
        client.fast = self._messages is not None
        client.max_queued_messages_set(10_000)
        client.on_socket_register_write = self._wake
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        if self._message is not None:
            receive = self._message
            client.on_message = lambda _client, _data, message: receive(message)
        if self._broker.username:
            client.username_pw_set(self._broker.username, self._broker.password)
        if self._broker.tls:
            client.tls_set(str(self._broker.ca) if self._broker.ca else None)
        self._will = self._will_of() if self._will_of else None
        if self._will:
            client.will_set(self._will.topic, self._will.gone, qos=1, retain=True)
        return client

    def _on_connect(
        self,
        client: paho.Client,
        _data: object,
        _flags: paho.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            raise ConnectionRefusedError(f"the broker refuses us: {reason}")
        if isinstance(client, _Client) and client.lane is not None:
            client.lane.window = max(1, getattr(properties, "ReceiveMaximum", 0xFFFF) // 2)  # the rest is paho's
        client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._topics])

    def _on_subscribe(
        self, client: paho.Client, _data: object, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if refused := [reason for reason in reasons if reason.is_failure]:
            raise PermissionError(f"the broker refuses a subscription: {refused[0]}")
        self.sessions += 1
        self.connected.set()
        if self._will:
            client.publish(self._will.topic, self._will.here, qos=1, retain=True)
        self._ready()


def _check(code: MQTTErrorCode) -> None:
    if code != paho.MQTT_ERR_SUCCESS:
        raise ConnectionError(paho.error_string(code))


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"

"""What the broker's tests share: our own Mosquitto with two devices, and a client that says what became of it."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from controller.broker.mosquitto import Credentials, Mosquitto
from controller.broker.security import KEEPER, Account
from controller.folder import Folder
from controller.ingest import Broker
from controller.settings import Settings

HANGS = 30
KIOSK = Account("02ba1a100001", 2, "genteng", "a-secret-of-the-kiosk")
DISPLAY = Account("02ba1a100002", 1, "genteng", "a-secret-of-the-display")


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def trusts(pem: str, port: int) -> bool:
    """Whether a client that trusts `pem` and nothing else gets through the handshake."""
    context = ssl.create_default_context(cadata=pem)
    if hasattr(ssl, "VERIFY_X509_STRICT"):
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    try:
        with (
            socket.create_connection(("127.0.0.1", port)) as raw,
            context.wrap_socket(raw, server_hostname="127.0.0.1"),
        ):
            return True
    except ssl.SSLCertVerificationError:
        return False


class OwnBroker:
    """Our own broker as a process."""

    def __init__(self, root: Path) -> None:
        self.folder = Folder(root)
        self.folder.make()
        self.settings = Settings(
            data=root,
            broker_port=free_port(),
            broker_tls=True,
            broker_tls_host="127.0.0.1",
            broker_tls_port=free_port(),
        )
        self.mosquitto = Mosquitto(self.settings, self.folder)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *accounts: Account) -> None:
        """Start it; where accounts are given, they are written first."""
        if accounts:
            self.mosquitto.write_accounts(accounts)
        self.process = subprocess.Popen(self.mosquitto.prepare(), stderr=subprocess.DEVNULL)
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.settings.broker_port)).close()
            except ConnectionRefusedError:
                time.sleep(0.02)
            else:
                return
        pytest.fail("the broker does not start")

    def stop(self) -> None:
        """Kill it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def keeper(self) -> Broker:
        """Return the address and account of the keeper of accounts."""
        return Broker("127.0.0.1", self.settings.broker_port, KEEPER, Credentials.of(self.folder).keeper)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnBroker]:
    one = OwnBroker(tmp_path_factory.mktemp("broker"))
    one.start(KIOSK, DISPLAY)
    yield one
    one.stop()


class Client:
    """A session with the broker that answers with what became of each try: "" for yes, else the reason."""

    def __init__(
        self, port: int, username: str | None, password: str | None, client_id: str, ca: Path | None = None
    ) -> None:
        self.refused = ""
        self.came: list[tuple[str, bytes]] = []
        self.arrived = threading.Condition()
        self._done: dict[int, str] = {}
        self._connected, self._ended, self._answered = threading.Event(), threading.Event(), threading.Condition()
        self._paho = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5)
        self._paho.on_connect = self._on_connect
        self._paho.on_disconnect = lambda *_: self._ended.set()
        self._paho.on_subscribe = lambda _c, _d, mid, reasons, _p: self._note(mid, reasons[0])
        self._paho.on_publish = lambda _c, _d, mid, reason, _p: self._note(mid, reason)
        self._paho.on_message = self._on_message
        if username is not None:
            self._paho.username_pw_set(username, password)
        if ca is not None:
            self._paho.tls_set_context(ssl.create_default_context(cafile=str(ca)))
        self._paho.connect("127.0.0.1", port)
        self._paho.loop_start()
        assert self._connected.wait(HANGS)

    def subscribe(self, topic: str) -> str:
        """Return "" where the subscription is allowed."""
        return self._wait(self._paho.subscribe(topic, options=SubscribeOptions(qos=1))[1] or 0)

    def publish(self, topic: str, payload: bytes = b"{}", retain: bool = False) -> str:
        """Return "" where the message was allowed."""
        return self._wait(self._paho.publish(topic, payload, qos=1, retain=retain).mid)

    def ended(self) -> bool:
        """Wait until the broker has ended the session."""
        return self._ended.wait(HANGS)

    def received(self, topic: str) -> bytes:
        """Wait for a message on `topic`."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: any(topic == one for one, _ in self.came), HANGS)
            return next(payload for one, payload in self.came if topic == one)

    def close(self) -> None:
        """End."""
        self._paho.disconnect()
        self._paho.loop_stop()

    def _on_connect(self, _client, _data, _flags, reason, _properties) -> None:
        self.refused = str(reason) if reason.is_failure else ""
        self._connected.set()

    def _on_message(self, _client, _data, message) -> None:
        with self.arrived:
            self.came.append((message.topic, message.payload))
            self.arrived.notify_all()

    def _note(self, mid, reason) -> None:
        with self._answered:
            self._done[mid] = str(reason) if reason.is_failure else ""
            self._answered.notify_all()

    def _wait(self, mid: int) -> str:
        with self._answered:
            assert self._answered.wait_for(lambda: mid in self._done, HANGS)
            return self._done[mid]


@pytest.fixture
def connect(broker: OwnBroker) -> Iterator[Callable[..., Client]]:
    """Open sessions with the broker; an account, or a username, password and client id."""
    opened: list[Client] = []

    def one(
        account: Account | None = None,
        username: str | None = None,
        password: str | None = None,
        client_id: str = "",
        tls: bool = False,
    ) -> Client:
        if account is not None:
            username, password = username or account.username, password or account.secret
            client_id = client_id or account.device
        port = broker.settings.broker_tls_port if tls else broker.settings.broker_port
        opened.append(Client(port, username, password, client_id, broker.folder.ca / "ca.pem" if tls else None))
        return opened[-1]

    yield one
    for client in opened:
        client.close()

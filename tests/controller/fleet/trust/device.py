"""A device that keeps to the contract as far as trust goes: it connects with what it has, is born, and hears."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path

from protocol import topics
from protocol.canonical import encode
from tests.controller.broker.conftest import HANGS, Client

Json = dict[str, object]


class Device:
    """One device with its identity. `broker`: the port; with `tls` its CA is that of the identity."""

    def __init__(self, identity: Json, folder: Path) -> None:
        self.identity = identity
        self.name = str(identity["device"])
        self.generation, self.secret = identity["generation"], str(identity["secret"])
        self.role, self.conn, self.bad = identity["role"], "", ""
        brokers = identity["brokers"]
        assert isinstance(brokers, list)
        self.broker = brokers[0]
        self.ca = folder / f"{self.name}.pem"
        self.ca.write_text(str(identity["ca"]))
        self.client: Client | None = None
        self._seen = 0

    def connect(self, generation: object = None, secret: str = "") -> str:
        """Open a session; return why the broker refuses it, "" where it does not."""
        self.close()
        username = f"{self.name}.{generation or self.generation}"
        ca = self.ca if self.broker["tls"] else None
        self.client = Client(self.broker["port"], username, secret or self.secret, self.name, ca)
        self._seen = 0
        if not self.client.refused:
            assert self.client.subscribe(topics.down(self.name, "+")) == ""
        return self.client.refused

    def born(self, **more: object) -> Json:
        """Say the state and return the controller's ack."""
        texts = dict.fromkeys(("config", "rejected", "code"), "")
        numbers = dict.fromkeys(("uptime", "heap", "rssi", "clock", "backlog"), 0)
        own = {"sid": secrets.token_hex(8), "online": 1, "role": self.role, "fw": "0.1.0", "reset": "power", "boots": 1}
        trust = {"gen": self.generation, "conn": self.conn, "bad_conn": self.bad}
        assert self.say("state", {**own, **texts, **numbers, **trust, **more}) == ""
        return self.hear("ack")

    def say(self, what: str, body: Json) -> str:
        """Publish; return why that is refused, "" where it is not."""
        assert self.client is not None
        return self.client.publish(topics.up(self.name, what), encode(body))

    def hear(self, what: str, wanted: Callable[[Json], object] = lambda _body: True) -> Json:
        """Return the next message of a kind that is `wanted`; what comes before it is passed over."""
        client = self.client
        assert client is not None
        topic = topics.down(self.name, what)
        found: list[Json] = []

        def look() -> bool:
            while self._seen < len(client.came) and not found:
                came, payload = client.came[self._seen]
                self._seen += 1
                if came == topic and wanted(body := json.loads(payload)):
                    found.append(body)
            return bool(found)

        with client.arrived:
            assert client.arrived.wait_for(look, HANGS), f"{self.name} hears no {what}"
        return found[0]

    def heard(self, what: str) -> list[Json]:
        """Return all messages of a kind that have come in this session."""
        assert self.client is not None
        return [json.loads(body) for topic, body in self.client.came if topic == topics.down(self.name, what)]

    def thrown_out(self) -> bool:
        """Wait until the broker has ended the session."""
        assert self.client is not None
        return self.client.ended()

    def close(self) -> None:
        """End the session."""
        if self.client is not None:
            self.client.close()
            self.client = None

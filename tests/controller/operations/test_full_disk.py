"""A full disk: nothing is acknowledged that is not stored, the pages go on, people are told, and nothing is lost."""

import json
import resource
import selectors
import socket
from collections.abc import Iterator
from itertools import count

import httpx
import pytest

from bench.load import connect, publish
from protocol.canonical import encode
from tests.controller.conftest import Serving
from tests.controller.waiting import until

KIOSK, SITE, LOG = "02ba1a700001", "genteng", "fedcba9876543210"
SERVICES = [{"id": "adm", "letter": "A", "name": "Administrasi"}]
BATCH = 20
NOON = 1_764_046_800_000


class Sender:
    """A kiosk that sends its journal batch by batch, each when the one before is acknowledged, as devices do."""

    def __init__(self, port: int, username: str, secret: str) -> None:
        self._sock: socket.socket = connect(port, KIOSK, username, secret)
        self._mids = count(2)
        self._heard = b""
        self.acked = 0

    def send(self) -> None:
        """Send the batch after what is acknowledged, again where it was sent before."""
        first = self.acked + 1
        rows = [
            [seq, NOON + seq, 3, seq, "ticket.rated", {"no": seq % 900 + 1, "score": 3, "rev": seq, "term": 1}]
            for seq in range(first, first + BATCH)
        ]
        body = encode({"v": 1, "log": LOG, "boot": 1, "lo": 1, "e": rows})
        self._sock.sendall(publish(f"balai/1/{KIOSK}/up/event".encode(), next(self._mids) % 60_000 + 1, body))

    def hear(self, seconds: float) -> int:
        """Take in what has come within `seconds`; return how far the log is acknowledged."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, selectors.EVENT_READ)
            if selector.select(seconds):
                self._heard += self._sock.recv(65536)
        *whole, self._heard = self._heard.split(b"}")
        for part in whole:
            told = json.loads(part[part.index(b"{") :] + b"}") if b"{" in part else {}
            if told.get("log") == LOG:
                self.acked = max(self.acked, told["seq"])
        return self.acked

    def deliver(self, last: int) -> bool:
        """Send until all up to `last` is acknowledged, or an ack does not come; return whether it is."""
        while self.acked < last:
            before = self.acked
            self.send()
            for _ in range(40):
                if self.hear(0.05) > before:
                    break
            else:
                return False
        return True

    def close(self) -> None:
        """End, as by a power cut."""
        self._sock.close()


@pytest.fixture
def running(serve) -> Serving:
    return serve()


@pytest.fixture
def admin(running: Serving) -> Iterator[httpx.Client]:
    with running.client() as client:
        answer = client.post("/api/v1/session", json={"name": "admin", "password": running.password})
        client.headers["X-CSRF"] = answer.json()["csrf"]
        client.base_url = f"{running.address}/api/v1"
        client.post("/sites", json={"id": SITE, "name": "Desa", "services": SERVICES})
        yield client


@pytest.fixture
def kiosk(running: Serving, admin: httpx.Client) -> Iterator[Sender]:
    position = {"site": SITE, "id": "kiosk-1", "role": "kiosk", "name": "Anjungan", "leads": True}
    assert admin.post("/positions", json=position).status_code == 201
    identity = admin.post("/devices/claims", json={"device": KIOSK, "site": SITE, "position": "kiosk-1"}).json()
    one = Sender(running.broker, identity["username"], identity["secret"])
    yield one
    one.close()


def limit(running: Serving, room: int | None) -> None:
    """Let no file of the application grow by more than `room` bytes (None: as it likes), as on a full disk."""
    sizes = [path.stat().st_size for path in running.data.glob("balai.db*")]
    most = resource.RLIM_INFINITY if room is None else max(sizes) + room
    pid = running.children()["application"].pid
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def kinds(admin: httpx.Client) -> list[str]:
    return [one["kind"] for one in admin.get("/alarms").json()]


def test_nothing_is_lost_on_a_full_disk_and_the_pages_go_on(running: Serving, admin: httpx.Client, kiosk: Sender):
    assert kiosk.deliver(5 * BATCH)
    limit(running, 100_000)
    assert not kiosk.deliver(2_000 * BATCH), "the disk never fills"
    safe = kiosk.acked
    until(lambda: "disk_full" in kinds(admin), "nobody is told")

    with running.client() as anybody:
        ready = anybody.get("/readyz")
        assert (ready.status_code, ready.json()["database"]) == (503, False)
        for path in ("/healthz", "/board", "/console", "/signin", "/metrics", f"/api/v1/sites/{SITE}/board"):
            assert anybody.get(path).status_code == 200, path
        assert 'balai_alarms_open{kind="disk_full"} 1.0' in anybody.get("/metrics").text
    assert admin.get("/sites").status_code == 200
    limit(running, 0)  # until here a row might have found room where a batch found none
    refused = admin.post("/sites", json={"id": "other", "name": "Lain", "services": SERVICES})
    assert refused.status_code == 507
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["title"] == "Penyimpanan pengendali penuh: hubungi admin"
    assert admin.get("/sites/other").status_code == 404
    assert running.log.read_text().count("events are not stored and not acknowledged") == 1

    limit(running, None)
    end = safe + 50 * BATCH
    until(lambda: kiosk.deliver(end), "it does not go on when there is room")
    until(lambda: "disk_full" not in kinds(admin), "the alarm stays")
    until(running.is_ready, "it does not get ready again")
    assert admin.post("/sites", json={"id": "other", "name": "Lain", "services": SERVICES}).status_code == 201

    found, after = [], 0
    while page := admin.get("/events", params={"site": SITE, "device": KIOSK, "after": after, "limit": 1000}).json():
        if not page["events"]:
            break
        found += [one["seq"] for one in page["events"]]
        after = page["next"]
    assert found == list(range(1, end + 1)), "each event once, in order"


def test_what_was_acknowledged_before_a_crash_on_a_full_disk_is_there_after_it(
    running: Serving, admin: httpx.Client, kiosk: Sender
):
    limit(running, 60_000)
    assert not kiosk.deliver(2_000 * BATCH)
    safe = kiosk.acked
    running.children()["application"].kill()
    until(running.is_ready, "it does not come back")
    stored = admin.get("/events", params={"site": SITE, "device": KIOSK, "after": 0, "limit": 1000}).json()["events"]
    assert [one["seq"] for one in stored][:safe] == list(range(1, min(safe, 1000) + 1))
    until(lambda: kiosk.deliver(safe + BATCH), "it does not go on")

"""What the tests of the queue share: the ways in which a controller can be started, and a hall that it leads."""

import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from bench.broker import Mosquitto
from tests.controller.conftest import Serving
from tests.controller.waiting import HANGS

MODES = (
    "own broker, sqlite",
    pytest.param("own broker with tls, https", marks=pytest.mark.soak),
    pytest.param("outside broker, sqlite", marks=pytest.mark.soak),
    "outside broker, postgresql",
)


class Hall:
    """A signed-in admin at a controller, and a hall without a kiosk."""

    def __init__(self, serving: Serving, broker: int) -> None:
        self.serving = serving
        self.broker = broker  # its port without TLS
        certificate = serving.data.parent / "cert.pem"
        verify = ssl.create_default_context(cafile=certificate) if certificate.exists() else True
        limits = httpx.Limits(max_connections=40, max_keepalive_connections=40)
        self.http = serving.client(verify=verify, limits=limits)
        answer = self.http.post("/api/v1/session", json={"name": "admin", "password": serving.password})
        self.http.headers["X-CSRF"] = answer.json()["csrf"]

    def post(self, path: str, body: dict[str, object], **headers: str) -> dict:
        """POST below /api/v1 and return the answer, which must not be a problem."""
        answer = self.http.post(f"/api/v1{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    def make(self, site: str, kiosk: bool = False) -> None:
        """Make a site with three services and four counters; with a kiosk that leads, or led by the controller."""
        services = [
            {"id": name, "letter": letter, "name": name, "need": "", "mins": 5}
            for name, letter in (("adm", "A"), ("kk", "B"), ("skck", "C"))
        ]
        counters = [{"id": str(number), "name": f"Loket {number}", "services": []} for number in range(1, 17)]
        self.post("/sites", {"id": site, "name": site, "kind": "village", "services": services, "counters": counters})
        if kiosk:
            body = {"site": site, "id": "kiosk-1", "role": "kiosk", "name": "Anjungan", "leads": True}
            self.post("/positions", body)

    def command(self, site: str, key: str, **command: object) -> dict:
        """Give a command until its outcome is known."""
        while True:
            outcome = self.post(f"/sites/{site}/queue/commands", command, **{"Idempotency-Key": key})
            if outcome["outcome"] != "unknown":
                return outcome


@pytest.fixture(params=MODES)
def hall(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    serve: Callable[..., Serving],
    postgres: Callable[[], str],
) -> Iterator[Hall]:
    """A hall in every way in which a controller can be started."""
    mode, options = request.param, []
    outside: Mosquitto | None = None
    if "outside" in mode:
        outside = Mosquitto(tmp_path)
        outside.start()
        options += ["--broker-url", f"mqtt://127.0.0.1:{outside.port}", "--no-broker-dynsec"]
    if "postgresql" in mode:
        options += ["--database-url", postgres()]
    if "tls" in mode:
        options += ["--broker-tls", "--broker-tls-host", "127.0.0.1", "--broker-tls-port", "0"]
    if "https" in mode:
        make_certificate(tmp_path)
        options += ["--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem")]
    serving = serve(*options)
    made = Hall(serving, outside.port if outside else serving.broker)
    yield made
    made.http.close()
    made.serving.stop()
    if outside is not None:
        outside.stop()


def make_certificate(folder: Path) -> None:
    """Write a self-signed certificate for 127.0.0.1."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True, timeout=HANGS,
    )  # fmt: skip

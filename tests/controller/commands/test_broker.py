"""`balai broker`: accounts made right again, and a Mosquitto elsewhere that starts from what was written for it."""

import json
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.broker.certificates import Authority
from controller.broker.mosquitto import Mosquitto
from controller.broker.security import Account
from controller.broker.vault import Vault
from controller.debian import ensure
from controller.folder import Folder
from controller.settings import Settings
from protocol import topics
from tests.controller.broker.conftest import Client, free_port
from tests.controller.commands.conftest import run
from tests.controller.conftest import Serving
from tests.controller.fleet.trust.device import Device
from tests.controller.inside import Inside

REFUSED = "Not authorized"


class Signed:
    """An admin at a controller."""

    def __init__(self, serving: Serving) -> None:
        self.http = serving.client()
        answer = self.http.post("/api/v1/session", json={"name": "admin", "password": serving.password})
        self.http.headers["X-CSRF"] = answer.json()["csrf"]

    def spare(self, number: int, folder: Path) -> Device:
        """Claim a spare."""
        body = {"device": f"02ba1a4400{number:02x}", "role": "kiosk"}
        answer = self.http.post("/api/v1/devices/claims", json=body)
        assert answer.status_code == 201, answer.text
        return Device(answer.json(), folder)


def test_the_file_of_a_broker_that_does_not_run_is_written_whole(tmp_path: Path, balai):
    alone = Inside(tmp_path / "data")
    names = [f"02ba1a44{number:04x}" for number in range(3)]
    for name in names:
        alone.born(alone.reserve(device=name, role="kiosk"))
    alone.stop()
    done = balai("broker", "sync", "--data", str(tmp_path / "data"))
    assert done.returncode == 0, done.stderr
    assert f"added        3  {' '.join(f'{name}.1' for name in names)}" in done.stdout
    mosquitto = Mosquitto(Settings(data=tmp_path / "data"), Folder(tmp_path / "data"))
    assert mosquitto.usernames() == {f"{name}.1" for name in names}
    assert stat.S_IMODE(mosquitto.accounts.stat().st_mode) == 0o600
    assert "added        0" in balai("broker", "sync", "--data", str(tmp_path / "data")).stdout
    mosquitto.accounts.unlink()
    assert "added        3" in balai("broker", "sync", "--data", str(tmp_path / "data")).stdout


def test_three_hundred_accounts_are_written_in_less_than_a_second(tmp_path: Path):
    folder = Folder(tmp_path)
    folder.make()
    vault = Vault(folder.keys / "secrets.key")
    sealed = {f"02ba1a45{number:04x}": vault.seal(f"secret-{number}", str(number)) for number in range(300)}
    mosquitto = Mosquitto(Settings(data=tmp_path), folder)
    began = time.perf_counter()
    opened = (vault.open(text, str(number)) for number, text in enumerate(sealed.values()))
    mosquitto.write_accounts(Account(name, 1, "genteng", secret) for name, secret in zip(sealed, opened, strict=True))
    assert time.perf_counter() - began < 1
    assert len(mosquitto.usernames()) == 300


def test_a_running_broker_is_told_what_it_lacks_and_what_it_should_not_have(
    serve: Callable[..., Serving], tmp_path: Path, balai
):
    serving = serve()
    admin = Signed(serving)
    device = admin.spare(1, tmp_path)
    assert device.connect() == ""
    device.born()
    done = balai("broker", "sync", "--data", str(serving.data))
    assert done.returncode == 0, done.stderr
    assert "added        0" in done.stdout
    assert "removed      0" in done.stdout
    assert "mended       0" in done.stdout
    done = balai("broker", "sync", "--anew", "--data", str(serving.data))
    assert f"mended       1  {device.name}.1" in done.stdout
    assert device.thrown_out()
    assert device.connect() == ""
    device.close()
    admin.http.close()


def test_a_broker_whose_accounts_are_lost_has_them_again(serve: Callable[..., Serving], tmp_path: Path, balai, until):
    serving = serve()
    admin = Signed(serving)
    device = admin.spare(2, tmp_path)
    (serving.data / "broker" / "dynamic-security.json").unlink()
    serving.children()["broker"].send_signal(signal.SIGKILL)

    until(lambda: _connects(device) == REFUSED, "the broker is not started again")  # it knows nobody
    done = balai("broker", "sync", "--data", str(serving.data))
    assert done.returncode == 0, done.stderr
    assert "added        1" in done.stdout
    until(lambda: _connects(device) == "", "the accounts do not come back")
    assert device.connect(secret="a-wrong-secret") == REFUSED
    until(lambda: serving.is_ready(), "the application does not find its broker again")
    device.close()
    admin.http.close()


def test_without_a_controller_there_is_nothing_to_make_right(tmp_path: Path, balai):
    done = balai("broker", "sync", "--data", str(tmp_path / "nowhere"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    done = balai("broker", "config", "--out", str(tmp_path / "out"), "--data", str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert "--broker-names" in done.stderr


class Elsewhere:
    """A Mosquitto that is started with what `balai broker config` wrote, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told = dict(line.split("=", 1) for line in (folder / "controller.env").read_text().splitlines())
        self.port = int(self.told["BALAI_BROKER_URL"].rpartition(":")[2])
        self.log = (folder / "log").open("wb")
        self.start()

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.process = subprocess.Popen([ensure("mosquitto"), "-c", self.folder / "mosquitto.conf"], stderr=self.log)
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except ConnectionRefusedError:
                time.sleep(0.02)
            else:
                return
        pytest.fail((self.folder / "log").read_text())

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Elsewhere]]:
    """A controller's data folder with a known device, and an outside broker that knows it too."""
    folder = tmp_path_factory.mktemp("outside")
    alone = Inside(folder / "data")
    identity = alone.reserve(device="02ba1a440100", role="kiosk")
    alone.born(identity)
    alone.stop()
    options = ["--out", str(folder / "broker"), "--port", str(free_port()), "--host", "127.0.0.1"]
    done = run("broker", "config", *options, "--broker-names", "localhost,127.0.0.1", "--data", str(folder / "data"))
    assert done.returncode == 0, done.stderr
    (folder / "identity.json").write_text(json.dumps(identity))
    one = Elsewhere(folder / "broker")
    yield folder, one
    one.stop()
    one.log.close()


def test_a_mosquitto_elsewhere_lets_in_whom_it_should_and_nobody_else(made, tmp_path: Path):
    folder, broker = made
    for name in ("dynamic-security.json", "server.key", "controller.env", "mosquitto.conf"):
        assert stat.S_IMODE((folder / "broker" / name).stat().st_mode) == 0o600
    identity = json.loads((folder / "identity.json").read_text())
    name, ca = str(identity["device"]), folder / "broker" / "ca.crt"

    def session(username: str | None, password: str | None, client: str = name) -> Client:
        return Client(broker.port, username, password, client, ca)

    device = session(f"{name}.1", identity["secret"])
    assert device.refused == ""
    assert device.publish(topics.up(name, "event")) == ""
    for topic in (topics.up("02ba1a4401ff", "event"), topics.down(name, "command"), "$CONTROL/dynamic-security/v1"):
        assert device.publish(topic) == REFUSED
    for topic in ("#", "$SYS/#", "$CONTROL/#", topics.down("02ba1a4401ff", "command"), topics.board("genteng")):
        assert device.subscribe(topic) == REFUSED
    device.close()
    for username, password in (
        (None, None),
        (f"{name}.1", "a-wrong-secret"),
        (f"{name}.2", identity["secret"]),
        ("balai", "a-wrong-password"),
        ("admin", "admin"),
    ):
        one = session(username, password)
        assert one.refused == REFUSED, username
        one.close()
    large = session(f"{name}.1", identity["secret"])
    large._paho.publish(topics.up(name, "event"), b"x" * 40_000, qos=1)
    assert large.ended(), "a packet that no device makes ends its session"
    large.close()


def test_the_controller_works_with_it_and_devices_come_in_while_it_does_not(made, tmp_path: Path, until):
    folder, broker = made
    options = [
        word
        for name in ("url", "names", "username", "ca")
        for word in (f"--broker-{name}", broker.told[f"BALAI_BROKER_{name.upper()}"])
    ]
    secret = {"BALAI_BROKER_PASSWORD": broker.told["BALAI_BROKER_PASSWORD"]}  # not in the list of processes
    serving = Serving(folder / "data", *options, **secret).wait()
    try:
        until(serving.is_ready, "the controller does not find the broker")
        admin = serving.client()
        password = _admin(folder / "data")
        answer = admin.post("/api/v1/session", json={"name": "boss", "password": password})
        admin.headers["X-CSRF"] = answer.json()["csrf"]
        body = {"device": "02ba1a440102", "role": "display"}
        identity = admin.post("/api/v1/devices/claims", json=body).json()
        assert [one["tls"] for one in identity["brokers"]] == [True, True]
        device = Device(identity, tmp_path)
        assert device.connect() == "", "the account is there at once"
        device.born()
        admin.post(f"/api/v1/devices/{device.name}/revocation")
        assert device.thrown_out()
        assert device.connect() == REFUSED
        device.close()
        admin.close()
    finally:
        serving.stop()
    broker.stop()
    broker.start()
    known = Device(json.loads((folder / "identity.json").read_text()), tmp_path)
    known.broker, known.ca = {"port": broker.port, "tls": True}, folder / "broker" / "ca.crt"
    assert known.connect() == ""
    assert device.connect() == REFUSED, "what was changed is kept"
    known.close()
    device.close()


def test_written_again_it_keeps_our_password_and_takes_the_ca_that_signs_now(made, balai):
    folder, broker = made
    data, out = folder / "data", folder / "broker"
    before = (out / "server.crt").read_bytes()
    options = ["--out", str(out), "--port", str(broker.port), "--host", "127.0.0.1"]
    options += ["--broker-names", "localhost,127.0.0.1", "--data", str(data)]
    assert balai("broker", "config", *options).returncode == 0
    assert (out / "server.crt").read_bytes() == before
    authority = Authority(Folder(data))
    authority.renew()
    authority.finish()
    assert balai("broker", "config", *options).returncode == 0
    assert (out / "server.crt").read_bytes() != before
    assert (out / "ca.crt").read_text() == authority.pem
    again = dict(line.split("=", 1) for line in (out / "controller.env").read_text().splitlines())
    assert again == broker.told


def _connects(device: Device) -> str:
    """Try to connect while the broker may not be there."""
    try:
        return device.connect()
    except OSError:
        return "nobody listens"


def _admin(data: Path) -> str:
    """Make an admin in a database and return the password."""
    done = run("user", "add", "boss", "--role", "admin", "--data", str(data))
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[2]

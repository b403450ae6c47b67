"""`balai ca`: made, shown, renewed while devices are in use, and nobody cut off by it."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.broker.certificates import Authority
from controller.folder import Folder
from tests.controller.broker.conftest import trusts
from tests.controller.conftest import Serving
from tests.controller.fleet.trust.device import Device
from tests.controller.fleet.trust.test_identities import Centre

TLS = ("--broker-tls", "--broker-tls-host", "127.0.0.1", "--broker-tls-port", "0")


def test_a_ca_is_made_once_and_shown(tmp_path: Path, balai):
    data = ["--data", str(tmp_path / "data")]
    assert balai("ca", "show", *data).returncode == 1
    made = balai("ca", "init", *data)
    assert made.returncode == 0, made.stderr
    assert "SHA-256" in made.stdout
    again = balai("ca", "init", *data)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    pem = balai("ca", "show", "--pem", *data).stdout
    assert pem == Authority(Folder(tmp_path / "data")).pem
    ssl.create_default_context(cadata=pem)
    for option in ("--finish", "--drop", "--force"):
        assert balai("ca", "renew", option, *data).returncode == 1, option
    assert Authority(Folder(tmp_path / "data")).pem == pem


def test_a_ca_is_renewed_while_devices_are_in_use(serve: Callable[..., Serving], tmp_path: Path, balai, until):
    centre = Centre(serve(*TLS), tmp_path)
    data = ["--data", str(centre.serving.data)]
    device = centre.placed("layar")
    asleep = centre.claim("kiosk-1")  # flashed, and still in its box
    assert balai("ca", "renew", *data).returncode == 0

    shown = balai("ca", "show", *data).stdout
    assert "2 devices have not said that they know the new CA" in shown
    refused = balai("ca", "renew", "--finish", *data)
    assert refused.returncode == 1
    assert f"{device.name}  genteng/layar" in refused.stdout
    assert f"{asleep.name}  genteng/kiosk-1" in refused.stdout
    assert refused.stderr.count("\n") == 1

    assert device.connect() == ""
    device.born()
    command = device.hear("command", lambda body: body["op"] == "connect")
    assert set(command["args"]["doc"]) == {"v", "ca"}
    device.conn = command["args"]["hash"]
    device.ca.write_text(Authority(Folder(centre.serving.data)).pem)
    assert device.connect() == ""
    device.born()
    until(lambda: "1 devices have not" in balai("ca", "show", *data).stdout, "nobody takes note of it")
    centre.ask("DELETE", f"/devices/claims/{asleep.name}")

    assert device.connect() == ""
    finished = balai("ca", "renew", "--finish", *data)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    until(lambda: not _lets_in(asleep), "the broker's certificate is still by the old CA")
    assert device.say("reply", {"id": "x", "outcome": "done"}) == "", "its session stands"
    assert device.connect() == "", "and it comes back"
    device.born()
    assert balai("ca", "renew", "--drop", *data).returncode == 0
    assert device.connect() == ""
    device.born()
    doc = device.hear("command", lambda body: body["op"] == "connect")["args"]["doc"]
    assert len(doc["ca"]) == 1, "the old one is not trusted any more"
    fresh = centre.claim("kiosk-1")
    assert fresh.connect() == ""
    for one in centre.opened:
        one.close()
    centre.http.close()


def test_who_is_in_a_hurry_can_cut_devices_off(serve: Callable[..., Serving], tmp_path: Path, balai, until):
    centre = Centre(serve(*TLS), tmp_path)
    data = ["--data", str(centre.serving.data)]
    device = centre.placed("layar")
    assert balai("ca", "renew", *data).returncode == 0
    assert balai("ca", "renew", "--finish", *data).returncode == 1
    assert _lets_in(device)
    assert balai("ca", "renew", "--finish", "--force", *data).returncode == 0
    until(lambda: not _lets_in(device), "it is not cut off")
    device.close()
    centre.http.close()


def _lets_in(device: Device) -> bool:
    """Whether a device believes the broker."""
    return trusts(device.ca.read_text(), device.broker["port"])


@pytest.mark.parametrize("option", ["--finish", "--drop"])
def test_a_step_that_comes_too_early_says_what_goes_before(tmp_path: Path, balai, option: str):
    data = ["--data", str(tmp_path / "data")]
    balai("ca", "init", *data)
    done = balai("ca", "renew", option, *data)
    assert done.returncode == 1
    assert "balai ca renew" in done.stderr

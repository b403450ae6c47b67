"""Trust from end to end: HTTP, the database, a real broker with TLS, and devices that connect with what they have."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.broker.certificates import Authority
from controller.folder import Folder
from protocol import topics
from tests.controller.conftest import Serving
from tests.controller.fleet.trust.device import Device
from tests.controller.inside import COUNTERS, SERVICES, Inside
from tests.controller.waiting import until

REFUSED = "Not authorized"
names = iter(range(1, 1000))


class Centre:
    """A controller with a broker of its own that listens by TLS, and a hall with a kiosk's and a display's place."""

    def __init__(self, serving: Serving, folder: Path) -> None:
        self.serving, self.folder = serving, folder
        self.http = serving.client()
        answer = self.http.post("/api/v1/session", json={"name": "admin", "password": serving.password})
        self.http.headers["X-CSRF"] = answer.json()["csrf"]
        self.opened: list[Device] = []
        self.ask("POST", "/sites", {"id": "genteng", "name": "Genteng", "services": SERVICES, "counters": COUNTERS})
        for name, role in (("kiosk-1", "kiosk"), ("kiosk-2", "kiosk"), ("layar", "display")):
            body = {"site": "genteng", "id": name, "role": role, "name": name, "leads": role == "kiosk"}
            self.ask("POST", "/positions", body)

    def ask(self, method: str, path: str, body: object = None, status: tuple[int, ...] = (200, 201, 202, 204)):
        """Ask below /api/v1 and return the answer."""
        answer = self.http.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code in status, answer.text
        return answer.json() if answer.content else None

    def claim(self, position: str = "", role: str = "", device: str = "") -> Device:
        """Claim a device, or a spare of a role."""
        place = {"site": "genteng", "position": position} if position else {"role": role}
        body = {"device": device or f"02ba1a43{next(names):04x}", **place}
        made = Device(self.ask("POST", "/devices/claims", body), self.folder)
        self.opened.append(made)
        return made

    def placed(self, position: str) -> Device:
        """Claim a device for a position and have it there."""
        made = self.claim(position)
        assert made.connect() == ""
        made.born()
        return made

    def device(self, device: Device) -> dict:
        """Return a device as the controller has it."""
        return self.ask("GET", f"/devices/{device.name}")


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    folder = tmp_path_factory.mktemp("trust")
    options = ["--broker-tls", "--broker-tls-host", "127.0.0.1", "--broker-tls-port", "0"]
    options += ["--hotspot-ssid", "teknisi-balai"]
    serving = Serving(folder / "data", *options).wait()
    made = Centre(serving, folder)
    yield made
    for device in made.opened:
        device.close()
    made.http.close()
    serving.stop()


def test_a_claimed_device_comes_in_at_once_and_stands_when_it_is_born(centre: Centre):
    device = centre.claim("kiosk-1")
    assert device.identity["networks"] == [["teknisi-balai", ""]]
    assert centre.device(device)["status"] == "claimed"
    assert device.connect(secret="a-wrong-secret") == REFUSED
    assert device.connect() == ""
    assert device.born()["seq"] == 0
    assert device.hear("config")["doc"]["position"]["id"] == "kiosk-1"
    until(lambda: centre.device(device)["online"], "the device is not there")
    assert centre.device(device)["status"] == "in_use"
    assert device.heard("command") == [] or all(one["op"] != "connect" for one in device.heard("command"))


def test_a_device_claimed_anew_goes_on_until_it_is_born_anew(centre: Centre):
    device = centre.placed("kiosk-1")
    again = centre.claim("kiosk-2", device=device.name)
    assert device.say("reply", {"id": "x", "outcome": "done"}) == "", "its session stands"
    assert device.connect() == "", "and it may come back"
    device.born()
    assert centre.device(device)["position"] == "kiosk-1"
    assert again.connect() == "", "both overlap"
    again.born()
    assert centre.device(device)["position"] == "kiosk-2"
    until(lambda: device.connect() == REFUSED, "the old secret is not over")
    assert again.connect() == ""


def test_who_stood_there_is_thrown_out_when_another_is_born(centre: Centre):
    old = centre.placed("kiosk-1")
    new = centre.claim("kiosk-1")
    assert old.say("reply", {"id": "x", "outcome": "done"}) == ""
    assert new.connect() == ""
    new.born()
    assert old.thrown_out()
    assert old.connect() == REFUSED
    shown = centre.device(old)
    assert (shown["status"], shown["online"]) == ("out_of_use", False)


def test_a_cancelled_claim_opens_no_door(centre: Centre):
    device = centre.claim("kiosk-1")
    assert device.connect() == ""
    centre.ask("DELETE", f"/devices/claims/{device.name}")
    assert device.thrown_out()
    assert device.connect() == REFUSED
    centre.ask("GET", f"/devices/{device.name}", status=(404,))


def test_a_revoked_device_is_thrown_out_at_once_and_stays_out(centre: Centre):
    device = centre.placed("layar")
    centre.ask("POST", f"/devices/{device.name}/revocation")
    assert device.thrown_out()
    assert device.connect() == REFUSED
    shown = centre.device(device)
    assert (shown["status"], shown["online"]) == ("out_of_use", False)


def test_a_spare_is_heard_loses_nothing_and_takes_a_place(centre: Centre):
    old = centre.placed("kiosk-1")
    spare = centre.claim(role="kiosk")
    assert spare.connect() == ""
    spare.born()
    assert spare.client.subscribe(topics.board("genteng")) == REFUSED
    event = [1, 0, 0, 5, "device.booted", {"fw": "0.1.0", "reset": "power", "boots": 1}]
    assert spare.say("event", {"v": 1, "log": "5a" * 8, "boot": 1, "lo": 1, "e": [event]}) == ""
    assert spare.hear("ack", lambda ack: ack["log"])["seq"] == 1, "what it tells is stored"
    assert centre.device(spare)["status"] == "spare"
    assert spare.heard("config") == []
    centre.ask("POST", "/devices/swaps", {"old": old.name, "new": spare.name})
    assert old.thrown_out()
    assert old.connect() == REFUSED
    assert spare.thrown_out(), "it comes back with its new rights"
    assert spare.connect() == ""
    assert spare.client.subscribe(topics.board("genteng")) == ""
    spare.born()
    doc = spare.hear("config")["doc"]
    assert (doc["site"]["id"], doc["position"]["id"]) == ("genteng", "kiosk-1")
    events = centre.ask("GET", f"/events?site=&device={spare.name}")["events"]
    assert [one["kind"] for one in events] == ["device.booted"]


def test_a_new_secret_is_sent_tried_and_only_then_is_the_old_one_over(centre: Centre):
    device = centre.placed("layar")
    centre.ask("POST", f"/devices/{device.name}/secret")
    command = device.hear("command", lambda body: body["op"] == "connect")
    doc = command["args"]["doc"]
    assert set(doc) == {"v", "gen", "secret"}
    assert (doc["gen"], centre.device(device)["next"]) == (2, 2)
    device.say("reply", {"id": command["id"], "outcome": "done"})
    assert device.connect() == "", "the old one works until the new one has been seen"
    device.born()
    old = device.secret
    device.generation, device.secret, device.conn = doc["gen"], doc["secret"], command["args"]["hash"]
    assert device.connect() == ""
    device.born()
    until(lambda: device.connect(1, old) == REFUSED, "the old secret is not over")
    shown = centre.device(device)
    assert (shown["generation"], shown["next"], shown["position"]) == (2, 0, "layar")
    assert device.connect() == ""
    device.born()
    assert all(one["op"] != "connect" for one in device.heard("command")), "it has what it should"


def test_a_secret_that_a_device_cannot_use_is_taken_back_and_somebody_hears_of_it(centre: Centre):
    device = centre.placed("layar")
    centre.ask("POST", f"/devices/{device.name}/secret")
    command = device.hear("command", lambda body: body["op"] == "connect")
    assert device.connect() == ""
    device.bad = command["args"]["hash"]
    device.born()
    until(lambda: centre.device(device)["next"] == 0, "the new secret is not taken back")
    assert device.connect(2, command["args"]["doc"]["secret"]) == REFUSED
    assert [one["kind"] for one in centre.ask("GET", "/alarms?site=genteng") if one["device"] == device.name] == [
        "secret"
    ]
    assert device.connect() == ""
    device.born()
    assert centre.device(device)["generation"] == 1
    centre.ask("POST", f"/devices/{device.name}/secret")
    assert device.hear("command", lambda body: body["op"] == "connect")["args"]["doc"]["gen"] == 3, "another one"


def test_a_halls_wifi_is_sent_to_its_devices_and_never_shown(centre: Centre):
    device = centre.placed("layar")
    wanted = [{"ssid": "Balai Desa", "password": "rahasia-balai"}, {"ssid": "cadangan", "password": ""}]
    assert centre.ask("PUT", "/sites/genteng/networks", wanted) == [
        {"ssid": "Balai Desa", "locked": True},
        {"ssid": "cadangan", "locked": False},
    ]
    command = device.hear("command", lambda body: body["op"] == "connect")
    assert command["args"]["doc"] == {
        "v": 1,
        "networks": [["Balai Desa", "rahasia-balai"], ["cadangan", ""], ["teknisi-balai", ""]],
    }
    assert "rahasia-balai" not in str(centre.ask("GET", "/sites/genteng/networks"))
    assert "rahasia-balai" not in str(centre.ask("GET", "/audit?limit=1000"))
    centre.ask("PUT", "/sites/genteng/networks", [{"ssid": "Balai Desa"}])
    doc = device.hear("command", lambda body: body["op"] == "connect")["args"]["doc"]
    assert doc["networks"][0] == ["Balai Desa", "rahasia-balai"], "a password that is not named stays"
    fresh = centre.claim("layar")
    assert fresh.identity["networks"] == [["Balai Desa", "rahasia-balai"], ["teknisi-balai", ""]]
    assert fresh.connect() == ""
    fresh.born()
    assert all(one["op"] != "connect" for one in fresh.heard("command")), "it was flashed with that"
    centre.ask("PUT", "/sites/genteng/networks", [])


def test_what_does_not_connect_is_not_sent_again(centre: Centre):
    device = centre.placed("layar")
    centre.ask("PUT", "/sites/genteng/networks", [{"ssid": "salah", "password": "salah-ketik"}])
    device.bad = device.hear("command", lambda body: body["op"] == "connect")["args"]["hash"]
    assert device.connect() == ""
    device.born()
    device.born()
    assert all(one["op"] != "connect" for one in device.heard("command"))
    centre.ask("PUT", "/sites/genteng/networks", [])


def test_a_device_with_firmware_before_connections_is_sent_none(centre: Centre):
    device = centre.claim("layar")
    assert device.connect() == ""
    texts = dict.fromkeys(("config", "rejected", "code"), "")
    numbers = dict.fromkeys(("uptime", "heap", "rssi", "clock", "backlog"), 0)
    own = {"sid": "0123456789abcdef", "online": 1, "role": "display", "fw": "0.0.9", "reset": "power", "boots": 1}
    assert device.say("state", {**own, **texts, **numbers}) == ""
    device.hear("ack")
    centre.ask("PUT", "/sites/genteng/networks", [{"ssid": "baru", "password": "rahasia-baru"}])
    centre.ask("POST", f"/devices/{device.name}/secret", status=(409,))
    assert device.heard("command") == []
    centre.ask("PUT", "/sites/genteng/networks", [])


def test_the_second_ca_reaches_every_device_with_nothing_else(centre: Centre):
    device = centre.placed("layar")
    folder = Folder(centre.serving.data)
    Authority(folder).renew()
    assert device.connect() == ""
    device.born()
    doc = device.hear("command", lambda body: body["op"] == "connect")["args"]["doc"]
    assert set(doc) == {"v", "ca"}
    assert len(doc["ca"]) == 2
    assert str(centre.claim("layar").identity["ca"]).count("BEGIN CERTIFICATE") == 2


def test_known_devices_come_back_while_the_application_is_down(centre: Centre):
    device = centre.placed("layar")
    application = centre.serving.children()["application"]
    application.send_signal(signal.SIGSTOP)
    try:
        assert device.connect() == ""
        assert device.client.subscribe(topics.board("genteng")) == ""
        assert device.connect(secret="a-wrong-secret") == REFUSED
    finally:
        application.send_signal(signal.SIGCONT)
    assert device.connect() == ""
    device.born()


def test_where_a_secret_could_be_read_on_its_way_none_is_sent(serve: Callable[..., Serving], tmp_path: Path):
    made = Centre(serve("--broker-host", "0.0.0.0"), tmp_path)
    device = made.placed("layar")
    try:
        made.ask("POST", f"/devices/{device.name}/secret", status=(409,))
        made.ask("PUT", "/sites/genteng/networks", [{"ssid": "Balai Desa", "password": "rahasia-balai"}])
        device.born()
        assert device.heard("command") == []
    finally:
        device.close()
        made.http.close()


def test_a_claim_is_made_where_the_broker_is_away_and_a_revocation_says_that_it_waits(tmp_path: Path):
    alone = Inside(tmp_path / "data", accounts=True)
    try:
        alone.site("genteng")
        alone.position("genteng", "kiosk-1", leads=True)
        identity = alone.reserve(device="02ba1a43ffff", site="genteng", position="kiosk-1")
        alone.born(identity)
        answer = alone.admin.post("/devices/02ba1a43ffff/revocation")
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert alone.admin.get("/devices/02ba1a43ffff").json()["status"] == "out_of_use"
        assert list(alone.parts.roster.accounts()) == [], "it will be told when it is back"
    finally:
        alone.stop()

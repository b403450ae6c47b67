"""The audit log: every change is in it, once, with who made it; nobody changes it. No secret is in it or elsewhere."""

import json
import logging

import pytest

from controller.log import hide
from tests.controller.inside import SERVICES, Inside, Someone

NEW = {"id": "tegal", "name": "Desa Tegal", "services": SERVICES}
KIOSK = {"site": "tegal", "id": "kiosk-1", "role": "kiosk", "name": "K", "leads": True}
DISPLAY = {"site": "tegal", "id": "layar", "role": "display", "name": "L"}
CLERK = {"name": "wati", "role": "clerk", "password": "sandi-yang-panjang", "sites": ["tegal"]}
DEVICE, SEEN, SPARE = "02ba1a300001", "02ba1a300003", "02ba1a300004"
ANY = "*"
ELSEWHERE = ("/api/v1/releases", "/api/v1/rollouts", "/api/v1/configuration")  # tested beside the features

# Every change that can be made over HTTP, in an order in which it can be made; what the audit log says of it.
CHANGES = [
    ("POST", "/sites", {**NEW}, "site.add", "tegal"),
    ("PATCH", "/sites/tegal", {"name": "Desa Tegalharjo"}, "site.change", "tegal"),
    ("POST", "/positions", KIOSK, "position.add", "tegal/kiosk-1"),
    ("POST", "/positions", DISPLAY, "position.add", "tegal/layar"),
    ("POST", "/devices/claims", {"device": DEVICE, "site": "tegal", "position": "layar"}, "device.claim", DEVICE),
    ("POST", "/devices/claims", {"device": DEVICE, "site": "tegal", "position": "kiosk-1"}, "device.claim", DEVICE),
    ("DELETE", f"/devices/claims/{DEVICE}", None, "device.claim.cancel", DEVICE),
    ("POST", "/devices/claims/tokens", {"site": "tegal"}, "device.claim.token", ANY),
    ("PUT", "/sites/tegal/networks", [{"ssid": "balai", "password": "rahasia-wifi"}], "site.networks", "tegal"),
    ("POST", f"/devices/{SEEN}/secret", None, "device.secret", SEEN),
    ("POST", "/devices/swaps", {"old": SEEN, "new": SPARE}, "device.swap", "tegal/kiosk-1"),
    ("POST", "/devices/claims", {"device": DEVICE, "role": "kiosk"}, "device.claim", DEVICE),
    ("POST", f"/devices/{DEVICE}/revocation", None, "device.revoke", DEVICE),
    ("POST", "/sites/tegal/leader", {"leader": "controller"}, "lead.change", "tegal"),
    ("POST", "/users", CLERK, "user.add", "wati"),
    ("DELETE", "/users/wati", None, "user.remove", "wati"),
    ("POST", "/tokens", {"name": "sync", "role": "viewer"}, "token.add", "boss/sync"),
    ("DELETE", "/tokens/boss/sync", None, "token.remove", "boss/sync"),
    ("POST", "/sites", {**NEW, "id": "salah"}, "site.add", "salah"),
    ("DELETE", "/sites/salah", None, "site.remove", "salah"),
]  # fmt: skip


@pytest.fixture(scope="module")
def boss(inside: Inside) -> Someone:
    return inside.person("boss", "admin")


def test_every_change_is_written_down_once_with_who_made_it(inside: Inside, boss: Someone):
    for method, path, body, what, target in CHANGES:
        if path == f"/devices/{SEEN}/secret":
            inside.claim(SEEN, "tegal", "kiosk-1")
            inside.born(inside.reserve(device=SPARE, role="kiosk"))
        before = inside.audit()
        answer = boss.request(method, path, json=body)
        assert answer.is_success, (method, path, answer.text)
        added = inside.audit()[len(before) :]
        told = [(one["who"], one["what"], ANY if target == ANY else one["target"]) for one in added]
        assert told == [("boss", what, target)], path
        assert added[0]["at"] > 1_700_000_000_000
        for side in ("before", "after"):
            assert isinstance(json.loads(added[0][side] or "null"), dict | None)
    change = next(one for one in inside.audit() if one["what"] == "site.change")
    assert json.loads(change["before"])["name"] == "Desa Tegal"
    assert json.loads(change["after"])["name"] == "Desa Tegalharjo"


def test_the_table_of_changes_is_whole(inside: Inside):
    paths = inside.admin.get("/openapi.json").json()["paths"]
    changing = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in paths.items()
        for method in methods
        if method != "get" and not path.startswith(ELSEWHERE)
    }
    made = {(method, path) for method, path, *_ in CHANGES}
    no_change = {("POST", "/session"), ("DELETE", "/session"), ("POST", "/sites/{site}/queue/commands")}
    shapes = {
        "/sites/{site}": "/sites/tegal",
        "/users/{name}": "/users/wati",
        "/sites/{site}/leader": "/sites/tegal/leader",
    }
    shapes |= {
        "/tokens/{user}/{name}": "/tokens/boss/sync",
        "/devices/claims/{device}": f"/devices/claims/{DEVICE}",
        "/devices/{device}/secret": f"/devices/{SEEN}/secret",
        "/devices/{device}/revocation": f"/devices/{DEVICE}/revocation",
        "/sites/{site}/networks": "/sites/tegal/networks",
    }
    no_change |= {("POST", "/session/factor"), ("POST", "/devices/bulk/previews")}
    elsewhere = {  # in test_factor.py, tests/controller/incidents, tests/controller/fleet
        ("PUT", "/session/factor"),
        ("POST", "/session/factor/removal"),
        ("DELETE", "/users/{name}/factor"),
        ("DELETE", "/sessions/{id}"),
        ("PUT", "/hours"),
        ("POST", "/incidents/{id}/acknowledge"),
        ("POST", "/incidents/{id}/comments"),
        ("POST", "/devices/commands"),
        ("POST", "/devices/{device}/commands"),
        ("PUT", "/devices/{device}/tags"),
        ("POST", "/devices/bulk"),
        ("POST", "/views"),
        ("PUT", "/views/{id}"),
        ("DELETE", "/views/{id}"),
    }
    missing = {(method, path) for method, path in changing - no_change if (method, shapes.get(path, path)) not in made}
    assert missing - elsewhere - {("DELETE", "/sites/{site}"), ("DELETE", "/alarms/{id}")} == set()


def test_closing_an_alarm_is_written_down(inside: Inside, boss: Someone):
    inside.parts.db.write(
        lambda session: inside.parts.store.alarms.raise_in(session, "tegal", DEVICE, "gap", "events 1 to 2 are lost", 1)
    )
    alarm = next(one for one in boss.get("/alarms").json() if one["device"] == DEVICE)
    assert boss.delete(f"/alarms/{alarm['id']}").status_code == 204
    last = inside.audit()[-1]
    assert (last["who"], last["what"], last["target"]) == ("boss", "alarm.close", f"tegal/{DEVICE}")


def test_a_refused_change_is_not_written_down(inside: Inside, boss: Someone):
    before = len(inside.audit())
    for method, path, body in (
        ("POST", "/sites", {**NEW}),
        ("POST", "/positions", DISPLAY),
        ("POST", "/positions", {"site": "nowhere", "id": "layar", "role": "display", "name": "L"}),
        ("POST", "/users", {"name": "boss", "role": "clerk", "password": "sandi-yang-panjang"}),
        ("DELETE", "/users/nobody", None),
        ("DELETE", "/sites/tegal", None),
        ("POST", "/devices/claims", {"device": DEVICE, "site": "tegal", "position": "nowhere"}),
        ("PATCH", "/sites/nowhere", {"name": "x"}),
        ("POST", "/sites/tegal/leader", {"leader": "nobody"}),
    ):
        assert boss.request(method, path, json=body).status_code in (404, 409), path
    assert len(inside.audit()) == before


def test_the_log_can_be_read_in_pages_and_not_changed(inside: Inside, boss: Someone):
    whole = inside.audit()
    assert [one["id"] for one in whole] == sorted({one["id"] for one in whole})
    page = boss.get("/audit", params={"after": whole[2]["id"], "limit": 2}).json()
    assert page == whole[3:5]
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert boss.request(method, "/audit", json={}).status_code == 405
        assert boss.request(method, f"/audit/{whole[0]['id']}", json={}).status_code == 404
    assert inside.audit() == whole


def test_no_secret_is_in_any_answer_or_in_the_log(inside: Inside, caplog):
    """Of everything that is secret, each place that may show it shows it once, to whom it belongs."""
    with caplog.at_level(logging.DEBUG):
        inside.site("diam")
        inside.position("diam", "kiosk-1", leads=True)
        person = inside.person("diam", "admin")
        token = person.post("/tokens", json={"name": "diam", "role": "admin"}).json()["token"]
        identity = inside.claim("02ba1a300002", "diam", "kiosk-1")
        secrets = {
            "password": "kata-sandi-diam",
            "cookie": person.cookies["balai_session"],
            "token": token,
            "device secret": identity["secret"],
            "key": inside.parts.vault._path.read_bytes().hex(),
        }
        program = inside.someone(Authorization=f"Bearer {token}")
        for sender in (person, program):
            sender.post("/session", json={"name": "diam", "password": secrets["password"], "x": secrets["token"]})
            sender.post("/users", json={"name": "x", "role": "clerk", "password": [secrets["password"]]})
            sender.get("/devices/02ba1a300002", headers={"Authorization": f"Bearer {token}x"})
        seen = ""
        for path in inside.admin.get("/openapi.json").json()["paths"]:
            if path.endswith("stream"):
                continue
            url = inside.address + path.format(
                site="diam", device="02ba1a300002", name="diam", user="diam", id=1, rel="0" * 64, command="0" * 16,
                kind="village", position="kiosk-1",
            )  # fmt: skip
            answer = person.get(url, params={"site": "diam", "limit": 1000})
            seen += answer.text.replace(f'"csrf":"{person.headers["X-CSRF"]}"', "")
        for path in ("/metrics", "/readyz", "/healthz", "/", "/signin", "/board", "/console"):
            seen += person.get(inside.address + path).text
    log = "\n".join(caplog.handler.format(one) for one in caplog.records if not one.name.startswith("http"))
    for name, secret in secrets.items():
        assert secret not in seen, f"the {name} is in an answer"
        assert secret not in log, f"the {name} is in the log"
    assert person.headers["X-CSRF"] not in seen + log
    assert "$argon2" not in seen + log


def test_what_a_statement_was_given_is_not_logged():
    """A driver's error carries the statement's values, among them hashes and sealed secrets."""
    text = "(x) UNIQUE failed\n[SQL: INSERT INTO t VALUES (?)]\n[parameters: ('hash', 'sealed\nsecret')]\n(Background)"
    shown = hide(logging.getLogger(), "error", {"event": "failed", "exception": f"Traceback\n{text}\nmore"})
    assert "hash" not in shown["exception"]
    assert "sealed" not in shown["exception"]
    assert "INSERT INTO t" in shown["exception"]
    assert "more" in shown["exception"]

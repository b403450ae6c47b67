"""Commands to devices: who may, when they go, that they go once, and what is known of them afterwards."""

import json
import secrets
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import delete, select

from controller.fleet.orders import book
from controller.fleet.orders.book import Asked
from controller.fleet.orders.models import Command
from tests.controller.inside import Inside, Someone
from tests.controller.waiting import until

MACS = {"utara": ["02ba1a300001", "02ba1a300002"], "selatan": ["02ba1a300003", "02ba1a300004"]}
NOBODY = "02ba1a3000ff"


@pytest.fixture(scope="module")
def two(inside: Inside) -> dict[str, Someone]:
    """Two halls with two devices each, and people of one, of the other, and of both."""
    for site, macs in MACS.items():
        inside.site(site)
        for n, mac in enumerate(macs, start=1):
            inside.position(site, f"kiosk-{n}")
            inside.claim(mac, site, f"kiosk-{n}")
    return {
        "utara": inside.person("teknisi-utara", "technician", "utara"),
        "selatan": inside.person("teknisi-selatan", "technician", "selatan"),
        "both": inside.person("teknisi", "technician"),
        "clerk": inside.person("petugas", "clerk", "utara"),
    }


@pytest.fixture
def wire(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> "Wire":
    """What is published to devices, in the place of a broker, which is out of reach."""
    one = Wire(inside)
    monkeypatch.setattr(inside.parts.bus, "publish", one.publish)
    return one


class Wire:
    """Hears what goes to devices, and is the devices' own word."""

    def __init__(self, inside: Inside) -> None:
        self._link = inside.parts.link
        self.sent: list[tuple[str, dict[str, object]]] = []

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> bool:
        assert not (retain and "/down/command" in topic), "a command is never retained"
        if topic.endswith("/down/command"):
            self.sent.append((topic.split("/")[2], json.loads(payload)))
        return True

    def born(self, device: str, sid: str = "") -> str:
        """A device says its state in a session."""
        sid = sid or secrets.token_hex(8)
        texts = dict.fromkeys(("config", "rejected", "code"), "")
        numbers = dict.fromkeys(("boots", "uptime", "heap", "rssi", "clock", "backlog"), 0)
        state = {"sid": sid, "online": 1, "role": "kiosk", "fw": "0.1.0", "reset": "power", **texts, **numbers}
        self._link._state(device, state)
        return sid

    def reply(self, device: str, ident: object, outcome: str = "done", **more: object) -> None:
        self._link._reply(device, {"id": ident, "outcome": outcome, **more})

    def gone(self, ident: str) -> list[dict[str, object]]:
        return [body for _, body in self.sent if body["id"] == ident]


def order(who: Someone, device: str, op: str = "identify", key: str = "", **more: object):
    headers = {"Idempotency-Key": key or secrets.token_hex(8)}
    return who.post(f"/devices/{device}/commands", json={"op": op, **more}, headers=headers)


def state(who: Someone, device: str, ident: str) -> str:
    return who.get(f"/devices/{device}/commands/{ident}").json()["state"]


@pytest.fixture(autouse=True)
def clean(inside: Inside, two) -> None:
    """No command is open from the test before."""
    inside.parts.db.write(lambda session: session.exec(delete(Command)) and None)


def test_a_command_waits_for_its_device_goes_once_a_session_and_is_done_by_its_answer(inside, two, wire):
    [device, _] = MACS["utara"]
    made = order(two["utara"], device)
    assert made.status_code == 202
    ident = made.json()["id"]
    assert made.json()["state"] == "pending"
    sid = wire.born(device)
    until(lambda: wire.gone(ident), "the command does not go at the birth")
    assert state(two["utara"], device, ident) == "sent"
    wire.born(device, sid)
    wire.born(device)
    until(lambda: len(wire.gone(ident)) == 2, "it goes again at the next birth, and at no state between")
    [first, again] = wire.gone(ident)
    assert first == again, "the same id and the same expiry"
    assert (first["op"], first["args"]) == ("identify", {})
    wire.reply(device, ident)
    until(lambda: state(two["utara"], device, ident) == "done", "the answer is not written down")
    wire.born(device)
    wire.reply(device, ident, "failed", reason="late")
    order(two["utara"], device, key="mark")
    until(lambda: len({body["id"] for _, body in wire.sent}) == 2, "the next goes")
    assert len(wire.gone(ident)) == 2, "what is done does not go again"
    assert state(two["utara"], device, ident) == "done"


@pytest.mark.parametrize(("outcome", "reason"), [("refused", "no_part"), ("failed", "cut_off")])
def test_a_reason_is_told(inside, two, wire, outcome, reason):
    [device, _] = MACS["utara"]
    ident = order(two["utara"], device, "test_speaker").json()["id"]
    wire.born(device)
    until(lambda: wire.gone(ident), "it goes")
    wire.reply(MACS["selatan"][0], ident, "done")  # of another device: none of its business
    wire.reply(device, ident, outcome, reason=reason)
    until(lambda: state(two["utara"], device, ident) == outcome, "the answer is not written down")
    assert two["utara"].get(f"/devices/{device}/commands/{ident}").json()["reason"] == reason


def test_without_an_answer_it_is_unknown_and_without_its_device_expired(inside, two, wire):
    def aged(session, state: str) -> str:
        made = book.add(session, MACS["utara"][1], Asked("reboot", {}, 60, secrets.token_hex(8)), "teknisi-utara")
        made.state, made.expires = state, int(time.time() * 1000) - 1
        session.add(made)
        return made.id

    for kept, shown in (("sent", "unknown"), ("pending", "expired")):
        ident = inside.parts.db.write(lambda session, kept=kept: aged(session, kept))
        assert state(two["utara"], MACS["utara"][1], ident) == shown
        wire.born(MACS["utara"][1])
        fresh = order(two["utara"], MACS["utara"][1]).json()["id"]
        until(lambda fresh=fresh: wire.gone(fresh), "a fresh one goes")
        assert wire.gone(ident) == [], "one whose time is over does not"


def test_the_same_key_is_the_same_command_and_is_written_down_once(inside, two, wire):
    [device, _] = MACS["utara"]
    before = len(inside.audit())
    one, two_ = order(two["utara"], device, key="k"), order(two["utara"], device, key="k")
    assert one.json()["id"] == two_.json()["id"]
    assert order(two["utara"], device, "reboot", key="k").status_code == 409
    assert order(two["both"], device, key="k").json()["id"] != one.json()["id"], "another's key is another key"
    entries = [one for one in inside.audit()[before:] if one["what"] == "device.identify"]
    assert [one["who"] for one in entries] == ["teknisi-utara", "teknisi"]
    assert all(one["target"] == device for one in entries)


def test_more_than_a_device_remembers_are_not_given_at_a_time(inside, two, wire):
    [_, device] = MACS["utara"]
    answers = [order(two["utara"], device).status_code for _ in range(book.AT_ONCE + 1)]
    assert answers == [202] * book.AT_ONCE + [409]


def test_logs_come_in_pieces_in_any_order_and_are_read_as_one(inside, two, wire):
    [device, _] = MACS["utara"]
    ident = order(two["utara"], device, "send_logs").json()["id"]
    wire.born(device)
    until(lambda: wire.gone(ident), "it goes")
    wire.reply(device, ident, result={"part": 2, "parts": 3, "log": "two\n"})
    wire.reply(device, ident, result={"part": 2, "parts": 3, "log": "two\n"})
    wire.reply(device, ident, result={"part": 1, "parts": 3, "log": "one\0\n", "crash": "it fell"})
    wire.reply(device, ident, result={"part": "x"})
    wire.reply(device, ident, result=[])
    assert state(two["utara"], device, ident) == "sent"
    wire.reply(device, ident, result={"part": 3, "parts": 3, "log": "three\n"})
    until(lambda: state(two["utara"], device, ident) == "done", "the last piece makes it whole")
    [found] = [one for one in two["utara"].get(f"/devices/{device}/logs").json() if one["command"] == ident]
    assert (found["log"], found["crash"]) == ("one?\ntwo\nthree\n", "it fell")
    assert two["selatan"].get(f"/devices/{device}/logs").status_code == 404


BAD = [{"op": "fly"}, {"op": "birth"}, {"op": "update"}, {"op": "connect"}, {}, {"op": "log_level"},
       {"op": "log_level", "args": {"level": 4}}, {"op": "log_level", "args": {"level": True}},
       {"op": "identify", "args": {"level": 1}}, {"op": "reboot", "args": {"force": 1}},
       {"op": "factory_reset", "args": {"force": 2}}, {"op": "identify", "args": {"x": 1}},
       {"op": "identify", "expires_s": 1}, {"op": "identify", "expires_s": 9_999_999}]  # fmt: skip


@pytest.mark.parametrize("body", BAD)
def test_what_is_no_command_is_refused(inside, two, body):
    device = MACS["utara"][0]
    assert two["both"].post(f"/devices/{device}/commands", json=body).status_code == 422
    assert two["both"].post("/devices/commands", json={**body, "devices": [device]}).status_code == 422


@given(st.data())
@settings(max_examples=25)
def test_whoever_gives_a_command_to_many_gives_it_to_those_that_are_theirs_and_to_no_other(inside, two, data):
    """Two scopes: each target is looked at by itself, and whoever asks one by one is told the same."""
    everybody = [*MACS["utara"], *MACS["selatan"], NOBODY]
    name = data.draw(st.sampled_from(["utara", "selatan", "both", "clerk"]))
    targets = data.draw(st.lists(st.sampled_from(everybody), min_size=1, max_size=6))
    key = secrets.token_hex(8)
    who, body = two[name], {"op": "identify", "devices": targets}

    def clear(session) -> None:
        session.exec(delete(Command))

    inside.parts.db.write(clear)
    answer = who.post("/devices/commands", json=body, headers={"Idempotency-Key": key})
    theirs = {mac for site, macs in MACS.items() for mac in macs if name in (site, "both")}
    with inside.parts.db.read() as session:
        written = {one.device for one in session.exec(select(Command))}
    if name == "clerk":
        assert answer.status_code == 403
        assert written == set()
        return
    assert answer.status_code == 202
    assert [one["device"] for one in answer.json()] == list(dict.fromkeys(targets))
    assert {one["device"] for one in answer.json() if one["id"]} == written == theirs & set(targets)
    for one in answer.json():
        alone = order(who, one["device"], key=key)
        assert alone.status_code == (202 if one["id"] else 404)
        assert alone.json().get("id", "") == one["id"]
        seen = who.get(f"/devices/{one['device']}/commands")
        assert seen.status_code == (200 if one["id"] else 404)

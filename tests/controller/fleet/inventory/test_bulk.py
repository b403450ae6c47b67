"""Changes to many devices: shown first, made as they were shown, and never beyond the scope of who makes them."""

import json
import secrets

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import delete, select

from controller.fleet.inventory import bulk
from controller.fleet.inventory.models import DeviceTag, Preview
from controller.fleet.orders.models import Command
from controller.fleet.search.terms import written
from controller.ingest.alarms import now_ms
from tests.controller.fleet.inventory.fleet import HALLS, SECRET, SPARE, Fleet
from tests.controller.fleet.search.filters import NODES

PREVIEWS, BULK = "/devices/bulk/previews", "/devices/bulk"
IDENTIFY = {"kind": "command", "op": "identify"}


@pytest.fixture(autouse=True)
def clean(fleet: Fleet) -> None:
    """Nothing is left of the test before."""

    def fn(session):
        for table in (Command, DeviceTag, Preview):
            session.exec(delete(table))

    fleet.inside.parts.db.write(fn)


def shown(who, action=IDENTIFY, **which):
    answer = who.post(PREVIEWS, json={"action": action, **which})
    assert answer.status_code == 201, answer.text
    return answer.json()


def made(who, preview):
    answer = who.post(BULK, json={"preview": preview["id"]})
    assert answer.status_code == 202, answer.text
    return answer.json()


def ordered(fleet: Fleet) -> list[str]:
    """Return the devices that have been given a command."""
    with fleet.inside.parts.db.read() as session:
        return sorted(session.exec(select(Command.device)))


def test_what_is_shown_says_of_each_device_what_would_happen_and_changes_nothing(fleet: Fleet):
    here, away = fleet.devices["genteng-kulon", "kiosk-1"], fleet.devices["genteng-wetan", "kiosk-1"]
    display = fleet.devices["genteng-kulon", "layar"]
    fleet.says(here, at=now_ms())
    before = len(fleet.inside.audit())
    action = {"kind": "command", "op": "test_print"}
    preview = shown(fleet.near, action, devices=[here, away, display, "02ba1affffff"])
    assert {one["device"]: one["outcome"] for one in preview["targets"]} == {
        here: "does", away: "waits", display: "refused", "02ba1affffff": "refused"
    }  # fmt: skip
    assert preview["counts"] == {"does": 1, "waits": 1, "refused": 2}
    reasons = [one["reason"] for one in preview["targets"] if one["reason"]]
    assert reasons == ["Perangkat dengan peran ini tidak punya komponen untuk itu", "Perangkat itu tidak ada"]
    assert (ordered(fleet), len(fleet.inside.audit())) == ([], before)
    done = made(fleet.near, preview)
    assert {one["device"] for one in done if one["done"]} == {here, away}
    assert ordered(fleet) == sorted([here, away])


def test_what_was_shown_is_what_is_done_once_however_often_it_is_asked(fleet: Fleet):
    preview = shown(fleet.near, filter="role:kiosk -status:spare")
    fleet.inside.position("genteng-kulon", f"kiosk-{secrets.token_hex(3)}")
    latest = f"02ba1a51{secrets.token_hex(2)}"
    fleet.inside.born(fleet.inside.reserve(device=latest, role="kiosk"))
    first, again = made(fleet.near, preview), made(fleet.near, preview)
    assert first == again
    assert ordered(fleet) == sorted(
        mac for (hall, at), mac in fleet.devices.items() if at == "kiosk-1" and HALLS[hall] == "genteng"
    )
    told = [one for one in fleet.inside.audit() if one["what"] == "devices.bulk"]
    assert json.loads(told[-1]["after"])["done"] == 2
    fleet.inside.admin.post(f"/devices/{latest}/revocation")


def test_tags_are_added_and_taken_off_and_what_is_so_already_is_said(fleet: Fleet):
    one, other = fleet.devices["genteng-kulon", "kiosk-1"], fleet.devices["genteng-kulon", "layar"]
    fleet.near.put(f"/devices/{one}/tags", json={"tags": ["baru", "lama"]})
    action = {"kind": "tags", "add": ["baru"], "remove": ["lama"]}
    preview = shown(fleet.near, action, devices=[one, other])
    assert preview["counts"] == {"does": 2}
    made(fleet.near, preview)
    assert {mac: fleet.near.get(f"/devices/{mac}").json()["tags"] for mac in (one, other)} == {
        one: ["baru"],
        other: ["baru"],
    }
    assert shown(fleet.near, action, devices=[one, other])["counts"] == {"same": 2}
    for wrong in ({"kind": "tags"}, {"kind": "tags", "add": ["a"], "remove": ["a"]}, {"kind": "revoke"}):
        assert fleet.near.post(PREVIEWS, json={"action": wrong, "devices": [one]}).status_code == 422
    for which in ({}, {"devices": [one], "filter": ""}):
        assert fleet.near.post(PREVIEWS, json={"action": IDENTIFY, **which}).status_code == 422


def test_a_change_is_made_by_whom_it_was_shown_to_and_in_its_time(fleet: Fleet, monkeypatch):
    preview = shown(fleet.near, filter="")
    assert fleet.far.post(BULK, json={"preview": preview["id"]}).status_code == 404
    assert fleet.viewer.post(BULK, json={"preview": preview["id"]}).status_code == 403
    assert fleet.viewer.post(PREVIEWS, json={"action": IDENTIFY, "filter": ""}).status_code == 403
    fleet.inside.parts.db.write(lambda session: session.merge(_over(session.get(Preview, preview["id"]))) and None)
    assert fleet.near.post(BULK, json={"preview": preview["id"]}).status_code == 404
    assert ordered(fleet) == []


def _over(preview: Preview) -> Preview:
    preview.expires = 1
    return preview


def test_a_device_that_left_the_scope_between_is_left_alone(fleet: Fleet):
    preview = shown(fleet.near, filter="site:genteng-wetan")
    mac = fleet.devices["genteng-wetan", "kiosk-1"]
    fleet.inside.admin.patch("/sites/genteng-wetan", json={"district": "srono"})
    try:
        outcome = {one["device"]: one for one in made(fleet.near, preview)}
        assert (outcome[mac]["done"], outcome[mac]["reason"]) == (False, "Perangkat itu tidak ada")
        assert ordered(fleet) == []
    finally:
        fleet.inside.admin.patch("/sites/genteng-wetan", json={"district": "genteng"})


def test_one_change_is_for_so_many_devices_and_no_more(fleet: Fleet, monkeypatch):
    monkeypatch.setattr(bulk, "MOST", 3)
    answer = fleet.all.post(PREVIEWS, json={"action": IDENTIFY, "filter": ""})
    assert answer.status_code == 409
    assert "2.500" in answer.json()["detail"]


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
def test_whatever_somebody_asks_nothing_beyond_their_scope_is_read_counted_changed_or_told(fleet: Fleet, data):
    """The same requests by two people with scopes of their own: neither touches, or learns of, what is the other's."""
    who, own = data.draw(st.sampled_from([(fleet.near, "genteng"), (fleet.far, "srono")]))
    theirs = fleet.of(own) | {SPARE}
    others = fleet.of("srono" if own == "genteng" else "genteng")
    filter_ = data.draw(
        NODES.map(written).filter(lambda text: len(text) < 900)
        | st.sampled_from(
            ["", f"site:{next(iter(HALLS))}", "district:srono or district:genteng", "-site:srono", SECRET, "online:no"]
        )
    )
    macs = data.draw(st.lists(st.sampled_from(sorted([*theirs, *others, "02ba1affff00"])), min_size=1, max_size=6))
    by_filter = data.draw(st.booleans())
    which = {"filter": filter_} if by_filter else {"devices": macs}
    action = data.draw(st.sampled_from([IDENTIFY, {"kind": "tags", "add": ["baru"]}]))
    listed = who.get("/devices", params={"filter": filter_})
    exported = who.get("/devices/export", params={"filter": filter_})
    asked = who.post(PREVIEWS, json={"action": action, **which})
    done = who.post(BULK, json={"preview": asked.json().get("id", "0" * 16)})
    for answer in (listed, exported, asked, done, who.get("/tags")):
        assert answer.status_code < 500
        for mac in others - ({*macs} if not by_filter else set()):
            assert mac not in answer.text
        if own == "genteng":
            assert SECRET not in answer.text.replace(filter_, "")
    if listed.status_code == 200:
        assert others.isdisjoint(one["id"] for one in listed.json())
        assert int(listed.headers["X-Total-Count"]) == len(listed.json())
    if asked.status_code == 201:
        told = {one["device"]: one for one in asked.json()["targets"]}
        if by_filter:
            assert others.isdisjoint(told)
        nobody = {"site": "", "position": "", "outcome": "refused"}
        for mac in others.intersection(told):
            assert {name: told[mac][name] for name in nobody} == nobody, "another's device is as one that is not there"
        assert len({told[mac]["reason"] for mac in others.intersection(told)}) <= 1
        assert others.isdisjoint(one["device"] for one in done.json())
    with fleet.inside.parts.db.read() as session:
        touched = {*session.exec(select(Command.device)), *session.exec(select(DeviceTag.device))}
    assert others.isdisjoint(touched)
    fleet.inside.parts.db.write(
        lambda session: [session.exec(delete(table)) for table in (Command, DeviceTag)] and None
    )

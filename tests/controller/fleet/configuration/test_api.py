"""Layers over HTTP: tried before they are saved, saved where nobody was quicker, looked back at, restored."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from protocol.canonical import encode
from tests.controller.inside import COUNTERS, SERVICES, Inside, Someone

names = (f"balai-{number}" for number in itertools.count())
macs = (f"02ba1ac0{number:04x}" for number in itertools.count())
FLEET = "/configuration/fleet"


class Hall(NamedTuple):
    site: str
    kiosk: str
    display: str


@pytest.fixture
def hall(inside: Inside) -> Hall:
    """A hall with a kiosk and a display, which says by itself only what it offers; above it nothing is said."""
    for path in (FLEET, "/configuration/kind/village", "/configuration/kind/office"):
        if inside.admin.get(path).json()["patch"]:
            assert put(inside.admin, path, {}).status_code == 200
    site = next(names)
    made = Hall(site, next(macs), next(macs))
    inside.site(site)
    inside.position(site, "kiosk-1", leads=True)
    inside.position(site, "layar-1", "display")
    inside.claim(made.kiosk, site, "kiosk-1")
    inside.claim(made.display, site, "layar-1")
    return made


def put(who: Someone, path: str, patch: object, tag: str | None = None, **more: object):
    """Save a layer as one who has just looked at it."""
    seen = tag or who.get(path).headers.get("ETag", "")
    return who.put(path, json={"patch": patch, **more}, headers={"If-Match": seen})


def configuration(inside: Inside, device: str) -> dict:
    return inside.admin.get(f"/devices/{device}/configuration").json()


def test_a_value_falls_through_the_layers_and_is_known_whence_it_came(inside: Inside, hall: Hall):
    whole = configuration(inside, hall.display)
    assert (whole["document"]["lang"], whole["origins"]["/lang"]) == ("id", "defaults")
    assert whole["origins"]["/services"] == f"site/{hall.site}"
    assert whole["origins"]["/position/role"] == "place"
    layers = [FLEET, "/configuration/kind/village", f"/configuration/site/{hall.site}"]
    for volume, layer in enumerate([*layers, f"/configuration/position/{hall.site}/layar-1"], 10):
        assert put(inside.admin, layer, {"volume": volume, "lang": "en"} | offered(inside, layer)).status_code == 200
        whole = configuration(inside, hall.display)
        assert whole["document"]["volume"] == volume
        assert whole["origins"]["/volume"] == whole["origins"]["/lang"] == layer.removeprefix("/configuration/")
    assert put(inside.admin, f"/configuration/position/{hall.site}/layar-1", {"volume": None}).status_code == 200
    whole = configuration(inside, hall.display)
    assert "volume" not in whole["document"], "as the speaker is made, whatever stands below"
    assert whole["origins"]["/lang"] == f"site/{hall.site}"
    assert "volume" not in configuration(inside, hall.kiosk)["document"], "a kiosk has no speaker"
    assert whole["hash"] == inside.admin.get(f"/devices/{hall.display}").json()["desired"]


def offered(inside: Inside, layer: str) -> dict:
    """What a layer says already of what a hall offers."""
    return {name: value for name, value in inside.admin.get(layer).json()["patch"].items() if name in OFFERED}


OFFERED = ("services", "counters")


def test_what_a_site_is_made_or_changed_with_is_its_layer(inside: Inside, hall: Hall):
    layer = f"/configuration/site/{hall.site}"
    assert inside.admin.get(layer).json()["patch"] == {"services": SERVICES, "counters": COUNTERS}
    assert put(inside.admin, FLEET, {"share": 5, "paper": 0}).status_code == 200
    shown = inside.admin.get(f"/sites/{hall.site}").json()
    assert (shown["share"], shown["paper"]) == (5, 0), "boards and queue go on reading the site"
    changed = inside.admin.patch(f"/sites/{hall.site}", json={"share": 2, "name": "Balai"}).json()
    assert (changed["share"], changed["paper"]) == (2, 0)
    assert inside.admin.get(layer).json()["patch"]["share"] == 2
    assert put(inside.admin, FLEET, {"share": 7}).status_code == 200
    assert inside.admin.get(f"/sites/{hall.site}").json()["share"] == 2, "its own goes before"
    again = inside.admin.patch(f"/sites/{hall.site}", json={"share": None, "lang": None}).json()
    assert (again["share"], again["paper"], again["lang"]) == (7, 1, "id"), "null: what the layers above say"
    assert "share" not in inside.admin.get(layer).json()["patch"]
    moved = inside.admin.patch(f"/sites/{hall.site}", json={"kind": "office"}).json()
    assert moved["share"] == 7
    assert put(inside.admin, "/configuration/kind/office", {"share": 9}).status_code == 200
    assert inside.admin.get(f"/sites/{hall.site}").json()["share"] == 9
    assert inside.admin.patch(f"/sites/{hall.site}", json={"kind": "village"}).json()["share"] == 7


def test_a_hall_offers_something_by_itself_or_by_its_kind(inside: Inside, hall: Hall):
    site = next(names)
    bare = {"id": site, "name": "Kantor", "kind": "office"}
    assert inside.admin.post("/sites", json=bare).status_code == 422
    assert put(inside.admin, "/configuration/kind/office", {"services": SERVICES}).status_code == 200
    made = inside.admin.post("/sites", json=bare)
    assert (made.status_code, made.json()["services"]) == (201, SERVICES)
    refused = put(inside.admin, "/configuration/kind/office", {})
    assert refused.status_code == 422
    assert [one["site"] for one in refused.json()["refused"]] == [site]
    assert inside.admin.get(f"/sites/{site}").json()["services"] == SERVICES
    assert inside.admin.delete(f"/sites/{site}").status_code == 204
    assert inside.admin.get(f"/configuration/site/{site}").status_code == 404


def test_a_preview_tells_what_saving_then_does_and_saves_nothing(inside: Inside, hall: Hall):
    before = inside.admin.get("/configuration").json(), len(inside.audit()), configuration(inside, hall.display)
    told = inside.admin.post(f"{FLEET}/preview", json={"patch": {"volume": 5}}).json()
    assert (
        inside.admin.get("/configuration").json(),
        len(inside.audit()),
        configuration(inside, hall.display),
    ) == before
    mine = {"site": hall.site, "position": "layar-1", "device": hall.display, "online": False}
    assert mine in told["affected"]
    assert told["positions"] == len(told["affected"]) == told["devices"] == told["sites"]
    assert told["refused"] == []
    assert told["differences"] == [{"path": "/volume", "op": "add", "before": None, "after": 5}]
    (change,) = told["changes"]
    assert change["positions"] == told["positions"]
    assert {**change["before"], "volume": 5} == change["after"]
    assert put(inside.admin, FLEET, {"volume": 5}).status_code == 200
    assert configuration(inside, hall.display)["document"]["volume"] == 5
    same = inside.admin.post(f"{FLEET}/preview", json={"patch": {"volume": 5}}).json()
    assert (same["positions"], same["changes"], same["differences"]) == (0, [], [])


def test_what_would_break_a_position_is_refused_and_says_which_and_how(inside: Inside, hall: Hall):
    inside.position(hall.site, "pad-2", "counter", counter="2")
    layer = f"/configuration/site/{hall.site}"
    before = inside.admin.get(layer).json(), inside.admin.get(f"/sites/{hall.site}").json(), len(inside.audit())
    long = [{**SERVICES[0], "id": f"s{n}", "letter": chr(65 + n), "name": "x" * 48, "need": "y" * 96} for n in range(8)]
    many = [{"id": f"c{n}", "name": "z" * 48, "services": [f"s{m}" for m in range(8)]} for n in range(16)]
    for patch, position, why in (
        ({"services": SERVICES, "counters": COUNTERS[:1]}, "pad-2", "loket"),
        ({"services": long, "counters": many}, "kiosk-1", "3072"),
        ({"services": SERVICES[:1], "counters": COUNTERS}, "", "counter 2 serves"),
        ({}, "", "services"),
    ):
        told = inside.admin.post(f"{layer}/preview", json={"patch": patch}).json()["refused"]
        refused = put(inside.admin, layer, patch)
        assert refused.status_code == 422
        assert refused.json()["refused"] == told
        assert position in [one["position"] for one in told]
        assert any(why.casefold() in one["why"].casefold() for one in told), told
    assert (
        inside.admin.get(layer).json(),
        inside.admin.get(f"/sites/{hall.site}").json(),
        len(inside.audit()),
    ) == before


@pytest.mark.parametrize(
    "patch",
    [
        {"v": 2}, {"site": {"tz": 0}}, {"position": {"role": "kiosk"}}, {"bands": {}}, {"lang": "jv"}, {"lang": None},
        {"share": 1}, {"share": 101}, {"share": True}, {"share": "3"}, {"paper": 2}, {"services": []},
        {"services": None}, {"services": [{**SERVICES[0], "letter": "a"}]}, {"services": [SERVICES[0]] * 9},
        {"counters": None}, {"volume": 31}, {"volume": -1}, {"volume": 1.5}, {"brightness": 8}, {"shown": 0},
        {"shown": 31}, {"tunables": {}}, [], "x", None, 1,
    ],
)  # fmt: skip
def test_what_is_no_configuration_is_refused(inside: Inside, hall: Hall, patch):
    for layer in (FLEET, "/configuration/kind/office", f"/configuration/site/{hall.site}"):
        assert put(inside.admin, layer, patch).status_code == 422
        assert inside.admin.post(f"{layer}/preview", json={"patch": patch}).status_code == 422


@pytest.mark.parametrize("patch", [{"services": SERVICES}, {"counters": []}, {"share": 3}, {"name": "x"}])
def test_what_is_the_whole_halls_is_no_positions_to_change(inside: Inside, hall: Hall, patch):
    assert put(inside.admin, f"/configuration/position/{hall.site}/kiosk-1", patch).status_code == 422


def test_there_are_no_other_layers(inside: Inside, hall: Hall):
    for path in ("kind/palace", "site/nowhere", f"position/{hall.site}/nowhere", "position/nowhere/kiosk-1", "x"):
        assert inside.admin.get(f"/configuration/{path}").status_code == 404
        assert put(inside.admin, f"/configuration/{path}", {}, '"0"').status_code in (404, 405)
    assert inside.admin.get(f"/devices/{next(macs)}/configuration").status_code == 404


def test_who_changes_says_what_they_have_seen(inside: Inside, hall: Hall):
    body = {"patch": {"volume": 3}}
    tag = inside.admin.get(FLEET).headers["ETag"]
    assert inside.admin.put(FLEET, json=body).status_code == 428
    for stale in ('"999999"', tag.strip('"'), f"W/{tag}", '""', "x"):
        assert inside.admin.put(FLEET, json=body, headers={"If-Match": stale}).status_code == 412
    assert inside.admin.get(FLEET).headers["ETag"] == tag
    saved = inside.admin.put(FLEET, json=body, headers={"If-Match": f'"999999", {tag}'})
    assert (saved.status_code, saved.headers["ETag"]) == (200, inside.admin.get(FLEET).headers["ETag"])
    assert saved.headers["ETag"] != tag
    assert inside.admin.post(f"{FLEET}/restore", json={"rev": 1}).status_code == 428
    assert inside.admin.post(f"{FLEET}/restore", json={"rev": 1}, headers={"If-Match": tag}).status_code == 412


def test_of_two_editors_one_wins(inside: Inside, hall: Hall):
    tag = inside.admin.get(FLEET).headers["ETag"]
    with ThreadPoolExecutor(8) as several:
        answers = list(several.map(lambda volume: put(inside.admin, FLEET, {"volume": volume}, tag), range(8)))
    assert sorted(one.status_code for one in answers) == [200] + [412] * 7
    (winner,) = [one.json() for one in answers if one.status_code == 200]
    assert inside.admin.get(FLEET).json() == winner
    assert configuration(inside, hall.display)["document"]["volume"] == winner["patch"]["volume"]


def test_the_history_is_whole_and_an_old_revision_is_a_new_one(inside: Inside, hall: Hall):
    layer = f"/configuration/position/{hall.site}/layar-1"
    assert inside.admin.get(layer).json() == {
        "layer": f"position/{hall.site}/layar-1", "rev": 0, "patch": {}, "who": "", "at": 0
    }  # fmt: skip
    patches = [{"volume": 1}, {"volume": 2, "lang": "en"}, {}]
    for number, patch in enumerate(patches):
        assert put(inside.admin, layer, patch, note=f"yang ke-{number}").status_code == 200
    first = inside.admin.get(f"{layer}/history", params={"limit": 2}).json()
    rest = inside.admin.get(f"{layer}/history", params={"before": first["next"]}).json()
    whole = [*first["revisions"], *rest["revisions"]]
    assert rest["next"] == 0
    assert [one["patch"] for one in whole] == patches[::-1]
    assert [(one["rev"], one["note"], one["who"]) for one in whole] == [
        (number + 1, f"yang ke-{number}", "admin") for number in (2, 1, 0)
    ]
    assert inside.admin.get(f"{layer}/diff", params={"old": 1, "new": 2}).json() == [
        {"path": "/lang", "op": "add", "before": None, "after": "en"},
        {"path": "/volume", "op": "replace", "before": 1, "after": 2},
    ]
    assert inside.admin.get(f"{layer}/diff", params={"old": 1, "new": 9}).status_code == 404
    tag = inside.admin.get(layer).headers["ETag"]
    restored = inside.admin.post(f"{layer}/restore", json={"rev": 2, "note": "kembali"}, headers={"If-Match": tag})
    assert (restored.json()["rev"], restored.json()["patch"]) == (4, patches[1])
    assert configuration(inside, hall.display)["document"]["lang"] == "en"
    assert len(inside.admin.get(f"{layer}/history").json()["revisions"]) == 4, "nothing of it is lost"
    entry = inside.audit()[-1]
    assert (entry["what"], entry["target"]) == ("configuration.change", f"position/{hall.site}/layar-1")
    assert (json.loads(str(entry["before"])), json.loads(str(entry["after"]))) == ({}, patches[1])


def test_a_restore_is_looked_at_like_any_change(inside: Inside, hall: Hall):
    layer = f"/configuration/site/{hall.site}"
    fewer = {"services": SERVICES, "counters": COUNTERS[:1]}
    assert put(inside.admin, layer, fewer).status_code == 200
    assert put(inside.admin, layer, {"services": SERVICES, "counters": COUNTERS}).status_code == 200
    inside.position(hall.site, "pad-2", "counter", counter="2")
    tag = inside.admin.get(layer).headers["ETag"]
    refused = inside.admin.post(f"{layer}/restore", json={"rev": 2}, headers={"If-Match": tag})
    assert (refused.status_code, refused.json()["refused"][0]["position"]) == (422, "pad-2")
    assert inside.admin.get(layer).headers["ETag"] == tag


def test_who_is_bound_to_a_site_sees_and_changes_its_layers_and_no_other(inside: Inside, hall: Hall):
    other = next(names)
    inside.site(other)
    inside.position(other, "layar-1", "display")
    other_device = next(macs)
    inside.claim(other_device, other, "layar-1")
    mine = inside.person(f"kades-{hall.site}", "admin", hall.site)
    seen = {one["layer"] for one in mine.get("/configuration").json()}
    assert {"fleet", "kind/village", f"site/{hall.site}"} <= seen
    assert not [one for one in seen if other in one]
    assert put(mine, f"/configuration/position/{hall.site}/layar-1", {"volume": 8}).status_code == 200
    for path in (FLEET, "/configuration/kind/village"):
        assert mine.get(path).status_code == 200
        assert put(mine, path, {}).status_code == 403
    for path in (f"/configuration/site/{other}", f"/configuration/position/{other}/layar-1"):
        assert mine.get(path).status_code == 403
        assert put(mine, path, {}, '"1"').status_code == 403
        assert mine.post(f"{path}/preview", json={"patch": {}}).status_code == 403
    assert mine.get(f"/devices/{other_device}/configuration").status_code == 404
    states = mine.get("/configuration/states").json()
    assert {one["site"] for one in states["devices"]} == {hall.site}
    assert sum(states["counts"].values()) == 2


def test_every_document_is_one_that_a_device_can_hold(inside: Inside, hall: Hall):
    assert put(inside.admin, FLEET, {"volume": 30, "shown": 30, "brightness": 0, "lang": "en"}).status_code == 200
    for device in (hall.kiosk, hall.display):
        whole = configuration(inside, device)
        assert len(encode({"rev": 1 << 53, "hash": whole["hash"], "doc": whole["document"]})) <= 4096
        desired = inside.parts.roster.desired(device)
        assert desired is not None
        assert (desired.hash, desired.doc) == (whole["hash"], whole["document"])

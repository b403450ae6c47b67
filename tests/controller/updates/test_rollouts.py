"""Rollouts over HTTP: planned, begun, paused, resumed, cancelled, tried again; no device is in reach here."""

import itertools

import pytest

from controller.fleet.models import Device
from tests.controller.inside import Inside
from tests.controller.updates.bundles import bundle, rel

RAW = {"content-type": "application/octet-stream"}
ROLES = ("kiosk", "display", "counter", "sensor")
NUMBERS = itertools.count(0x10)
STATE = {"fw": "0.1.0", "role": "kiosk", "rel": "", "bad_rel": ""}


def problem(answer, status: int) -> str:
    assert answer.status_code == status, answer.text
    return answer.json()["detail"]


@pytest.fixture(scope="module")
def release(inside: Inside) -> str:
    """A release that is kept, by its name."""
    data = bundle("2.0.0")
    assert inside.admin.post("/releases", content=data, headers=RAW).status_code == 201
    return rel(data)


def hall(inside: Inside, site: str, *roles: str, **state: object) -> list[str]:
    """A hall with a device of each role, which have said their state."""
    inside.site(site)
    made = []
    for role in roles or ROLES:
        device = f"02ba1a{next(NUMBERS):06x}"
        inside.position(site, f"{role}-1", role)
        inside.claim(device, site, f"{role}-1")

        def says(session, device=device, role=role) -> None:
            found = session.get(Device, device)
            found.state, found.seen = {**STATE, "role": role, **state}, 1 << 60
            session.add(found)

        inside.parts.db.write(says)
        made.append(device)
    return made


@pytest.fixture
def begun(inside: Inside, release: str):
    """Begin rollouts; they are cancelled with the test."""
    made: list[int] = []

    def begin(*sites: str, **more: object) -> dict:
        answer = inside.admin.post("/rollouts", json={"rel": release, "sites": list(sites), **more})
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["id"])
        return answer.json()

    yield begin
    for one in made:
        inside.admin.post(f"/rollouts/{one}/cancel")


def test_a_plan_says_who_is_when_and_who_is_left_out_and_changes_nothing(inside: Inside, release: str):
    hall(inside, "rencana-1")
    hall(inside, "rencana-2", "kiosk", "display", rel=release)
    old = hall(inside, "rencana-3", "kiosk")[0]

    def older(session) -> None:
        found = session.get(Device, old)
        found.state = {"fw": "0.0.9"}
        session.add(found)

    inside.parts.db.write(older)
    sites = ["rencana-1", "rencana-2", "rencana-3"]
    body = {"rel": release, "sites": sites, "rings": [["rencana-1"], 100], "parallel": 2, "rate": 10_000}
    answer = inside.admin.post("/rollouts?dry=1", json=body)
    assert answer.status_code == 200, answer.text
    plan = answer.json()
    assert (plan["id"], plan["state"], plan["pace"]) == (0, "planned", 717)
    assert [ring["sites"] for ring in plan["rings"]] == [["rencana-1"], ["rencana-2", "rencana-3"]]
    found = {(one["site"], one["role"]): (one["ring"], one["state"], one["why"]) for one in plan["devices"]}
    assert found["rencana-1", "kiosk"] == (1, "pending", "")
    assert found["rencana-1", "sensor"] == (1, "skipped", "role")
    assert found["rencana-2", "kiosk"] == (2, "skipped", "runs")
    assert found["rencana-3", "kiosk"] == (2, "skipped", "too_old")
    assert plan["counts"] == {"pending": 3, "skipped": 4}
    assert [one["id"] for one in inside.admin.get("/rollouts").json()] == []


def test_a_rollout_goes_its_way(inside: Inside, release: str, begun):
    hall(inside, "jalan", "kiosk", "display")
    made = begun("jalan", note="Perbaikan printer", budget=1_000_000)
    path = f"/rollouts/{made['id']}"
    assert (made["state"], made["counts"], made["note"]) == ("running", {"pending": 2}, "Perbaikan printer")
    assert made["deadline_s"] == {"taken": 300, "ready": 7200, "done": 43200}
    assert inside.admin.get(path).json() == made
    assert inside.admin.get("/rollouts").json()[0] == {k: v for k, v in made.items() if k != "devices"}
    assert "uses this release" in problem(
        inside.admin.delete(f"/releases/{release}", headers={"accept-language": "en"}), 409
    )
    assert inside.admin.post(f"{path}/pause").json()["state"] == "paused"
    problem(inside.admin.post(f"{path}/pause"), 409)
    assert inside.admin.post(f"{path}/resume").json()["state"] == "running"
    problem(inside.admin.post(f"{path}/resume"), 409)
    assert inside.admin.post(f"{path}/retry").json()["state"] == "running"
    ended = inside.admin.post(f"{path}/cancel").json()
    assert (ended["state"], ended["counts"]) == ("cancelled", {"cancelled": 2})
    assert ended["ended"] > 0
    for action in ("pause", "resume", "cancel", "retry"):
        problem(inside.admin.post(f"{path}/{action}"), 409)
    told = [one["what"] for one in inside.audit() if one["target"] == str(made["id"])]
    assert told == [f"rollout.{what}" for what in ("add", "pause", "resume", "retry", "cancel")]


def test_one_goes_after_the_other(inside: Inside, begun, release: str):
    hall(inside, "satu", "kiosk")
    begun("satu")
    body = {"rel": release, "sites": ["satu"]}
    assert "cancel it first" in problem(
        inside.admin.post("/rollouts", json=body, headers={"accept-language": "en"}), 409
    )
    assert inside.admin.post("/rollouts?dry=1", json=body).status_code == 200


def test_what_makes_no_sense_is_refused(inside: Inside, release: str):
    hall(inside, "aneh", "kiosk")
    hall(inside, "aneh-lain", "kiosk", rel=release)
    good = {"rel": release, "sites": ["aneh"]}
    size = inside.admin.get(f"/releases/{release}").json()["size"]
    wrong: list[dict[str, object]] = [
        {"sites": []},
        {"all": True},
        {"sites": ["tidak-ada"]},
        {"rings": []},
        {"rings": [0]},
        {"rings": [101]},
        {"rings": [10, 10]},
        {"rings": [100, 10]},
        {"rings": [["aneh"], ["aneh"]]},
        {"rings": [["tidak-ada"]]},
        {"parallel": 0},
        {"stop_share": 0},
        {"retries": -1},
        {"budget": size - 1},
        {"rate": 1},
        {"deadline_s": 0},
        {"deadline_s": {"taken": 1, "never": 2}},
        {"more": 1},
        {"sites": ["aneh-lain"]},
    ]
    for more in wrong:
        problem(inside.admin.post("/rollouts", json={**good, **more}), 422)
    problem(inside.admin.post("/rollouts", json={**good, "rel": "0" * 64}), 404)
    for path in ("/rollouts/0", "/rollouts/x", "/rollouts/123456"):
        problem(inside.admin.get(path), 404)
    problem(inside.admin.post("/rollouts/123456/pause"), 404)
    assert inside.admin.post("/rollouts?dry=1", json={**good, "deadline_s": 60}).json()["deadline_s"]["done"] == 60


def test_only_an_admin_of_the_whole_fleet_may(inside: Inside, release: str):
    hall(inside, "hak", "kiosk")
    for person in (inside.person("tono", "technician"), inside.person("siti", "admin", "hak")):
        problem(person.post("/rollouts", json={"rel": release, "sites": ["hak"]}), 403)
        problem(person.get("/rollouts"), 403)
        problem(person.get("/rollouts/1"), 403)
        problem(person.post("/rollouts/1/cancel"), 403)


def test_percentages_are_of_sites_and_every_site_is_in_one_ring(inside: Inside, release: str):
    for number in range(20):
        hall(inside, f"persen-{number:02}", "kiosk")
    sites = [f"persen-{number:02}" for number in range(20)]
    body = {"rel": release, "sites": sites, "rings": [["persen-07"], 10, 50, 100]}
    rings = [ring["sites"] for ring in inside.admin.post("/rollouts?dry=1", json=body).json()["rings"]]
    assert [len(ring) for ring in rings] == [1, 1, 8, 10]
    assert sorted(itertools.chain(*rings)) == sites
    part = inside.admin.post("/rollouts?dry=1", json={**body, "rings": [10]}).json()
    assert part["counts"] == {"pending": 2, "skipped": 18}

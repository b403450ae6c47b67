"""A spare takes the place of another device; a device is trusted no more."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from controller.fleet.models import Grant
from controller.fleet.roster import Roster
from tests.controller.inside import Inside

OLD, SPARE = "02ba1a420001", "02ba1a420002"


@pytest.fixture(scope="module")
def hall(inside: Inside) -> Inside:
    inside.site("tukar")
    inside.position("tukar", "kiosk-1", leads=True)
    inside.position("tukar", "kiosk-2", leads=True)
    inside.position("tukar", "layar", "display")
    return inside


def spare(hall: Inside, device: str, role: str = "kiosk") -> str:
    """Return a spare that has been seen."""
    hall.born(hall.reserve(device=device, role=role))
    return device


def swap(hall: Inside, old: str, new: str):
    return hall.admin.post("/devices/swaps", json={"old": old, "new": new})


def grant(hall: Inside) -> tuple[int, str]:
    with hall.parts.db.read() as session:
        found = session.get(Grant, "tukar")
        assert found is not None
        return found.term, found.leader


def usernames(hall: Inside, device: str) -> list[str]:
    assert isinstance(hall.parts.roster, Roster)
    return [one.username for one in hall.parts.roster.accounts(device)]


def test_a_spare_takes_place_configuration_and_lead_and_the_old_secret_is_over(hall: Inside):
    hall.claim(OLD, "tukar", "kiosk-1")
    configured = hall.admin.get(f"/devices/{OLD}").json()["desired"]
    spare(hall, SPARE)
    term, leader = grant(hall)
    assert leader == "kiosk-1"
    answer = swap(hall, OLD, SPARE)
    assert answer.json() == {"site": "tukar", "position": "kiosk-1", "role": "kiosk", "old": OLD, "new": SPARE}
    new, old = (hall.admin.get(f"/devices/{one}").json() for one in (SPARE, OLD))
    assert (new["status"], new["site"], new["position"], new["desired"]) == ("in_use", "tukar", "kiosk-1", configured)
    assert (old["status"], old["site"], old["position"]) == ("out_of_use", "", "")
    assert (usernames(hall, OLD), usernames(hall, SPARE)) == ([], [f"{SPARE}.1"])
    assert hall.parts.roster.place(SPARE) == ("tukar", "kiosk-1")
    assert hall.parts.roster.place(OLD) is None
    assert grant(hall) == (term + 1, "kiosk-1"), "it goes on with the queue"
    last = hall.audit()[-1]
    assert (last["who"], last["what"], last["target"]) == ("admin", "device.swap", "tukar/kiosk-1")
    before = len(hall.audit())
    assert swap(hall, OLD, SPARE).json() == answer.json(), "asked again, its answer may have been lost"
    assert len(hall.audit()) == before
    assert grant(hall) == (term + 1, "kiosk-1")


def test_a_swap_that_cannot_be_is_refused_with_a_sentence_and_changes_nothing(hall: Inside):
    hall.claim("02ba1a420011", "tukar", "kiosk-2")
    hall.claim("02ba1a420012", "tukar", "layar")
    spare(hall, "02ba1a420013", "display")
    spare(hall, "02ba1a420014")
    hall.reserve(device="02ba1a420015", role="kiosk")
    hall.born(hall.reserve(device="02ba1a420016", role="kiosk"))
    hall.admin.post("/devices/02ba1a420016/revocation")
    before = [hall.admin.get(f"/devices?site={site}").text for site in ("tukar",)], len(hall.audit())
    for old, new, status, words in (
        ("02ba1a4200ff", "02ba1a420014", 404, "Perangkat itu tidak ada"),
        ("02ba1a420011", "02ba1a420013", 409, "Peran cadangan berbeda"),
        ("02ba1a420011", "02ba1a420012", 409, "sudah ditempatkan"),
        ("02ba1a420011", "02ba1a420011", 409, "perangkat yang sama"),
        ("02ba1a420011", "02ba1a420015", 409, "belum pernah tersambung"),
        ("02ba1a420011", "02ba1a420016", 409, "belum dipercaya"),
        ("02ba1a420011", "02ba1a4200fe", 404, "belum dipercaya"),
        ("02ba1a420014", "02ba1a420013", 409, "tidak berada di mana pun"),
    ):
        answer = swap(hall, old, new)
        assert (answer.status_code, words in answer.json()["detail"]) == (status, True), (old, new, answer.text)
    assert ([hall.admin.get("/devices?site=tukar").text], len(hall.audit())) == before


def test_a_technician_swaps_in_the_own_hall_only(hall: Inside):
    hall.site("jauh")
    hall.position("jauh", "kiosk-1", leads=True)
    hall.claim("02ba1a420021", "jauh", "kiosk-1")
    spare(hall, "02ba1a420022")
    technician = hall.person("teknisi-tukar", "technician", "tukar")
    assert technician.get("/devices/02ba1a420022").status_code == 200, "spares are everybody's"
    body = {"old": "02ba1a420021", "new": "02ba1a420022"}
    assert technician.post("/devices/swaps", json=body).status_code == 404
    assert hall.person("petugas-tukar", "clerk").post("/devices/swaps", json=body).status_code == 403
    assert hall.person("teknisi-jauh", "technician", "jauh").post("/devices/swaps", json=body).status_code == 200


def test_a_revoked_device_has_no_place_no_secret_and_no_claim(hall: Inside):
    device = "02ba1a420031"
    hall.claim(device, "tukar", "layar")
    hall.admin.post(f"/devices/{device}/secret")
    hall.reserve(device=device, site="tukar", position="layar")
    assert len(usernames(hall, device)) == 3
    assert hall.admin.post(f"/devices/{device}/revocation").status_code == 204
    assert usernames(hall, device) == []
    shown = hall.admin.get(f"/devices/{device}").json()
    assert (shown["status"], shown["site"], shown["next"], shown["pending"]) == ("out_of_use", "", 0, None)
    assert hall.admin.post(f"/devices/{device}/revocation").status_code == 204, "asked again"
    assert hall.admin.post(f"/devices/{device}/secret").status_code == 409
    assert hall.admin.post("/devices/02ba1a4200fd/revocation").status_code == 404


def test_a_revoked_leader_leads_no_more(hall: Inside):
    hall.claim("02ba1a420041", "tukar", "kiosk-1")
    hall.claim("02ba1a420042", "tukar", "kiosk-2")
    assert grant(hall)[1] == "kiosk-1"
    hall.admin.post("/devices/02ba1a420041/revocation")
    assert grant(hall)[1] == "kiosk-2"
    hall.admin.post("/devices/02ba1a420042/revocation")
    assert grant(hall)[1] == "controller"


def test_what_a_spare_tells_is_stored_beside_the_sites(hall: Inside):
    device = spare(hall, "02ba1a420051")
    place = hall.parts.roster.place(device)
    assert place == ("", "")
    hall.parts.store.append_own("", [("paper.ok", {})])
    found = hall.admin.get("/events", params={"site": ""}).json()["events"]
    assert [one["kind"] for one in found] == ["paper.ok"]
    bound = hall.person("teknisi-suku-cadang", "technician", "tukar")
    assert bound.get("/events", params={"site": ""}).status_code == 403


def test_two_swaps_with_one_spare_at_once_are_one_swap(hall: Inside):
    for device, position in (("02ba1a420061", "kiosk-1"), ("02ba1a420062", "kiosk-2")):
        hall.claim(device, "tukar", position)
    spare(hall, "02ba1a420063")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda old: swap(hall, old, "02ba1a420063"), ("02ba1a420061", "02ba1a420062")))
    assert sorted(one.status_code for one in answers) == [200, 409]
    shown = [hall.admin.get(f"/devices/02ba1a42006{number}").json()["status"] for number in (1, 2, 3)]
    assert sorted(shown) == ["in_use", "in_use", "out_of_use"]

"""A claim token: leave for one claim, for a time, for what it is bound to; once more where the answer was lost."""

import re

import pytest
from sqlmodel import Session, select

from controller.accounts.models import User
from controller.fleet.trust.models import ClaimToken
from controller.ingest.alarms import now_ms
from tests.controller.inside import Inside, Someone

DEVICE, OTHER = "02ba1a410001", "02ba1a410002"
TOKENS = "/devices/claims/tokens"


@pytest.fixture(scope="module")
def hall(inside: Inside) -> Inside:
    inside.site("token")
    inside.position("token", "kiosk-1", leads=True)
    inside.position("token", "layar", "display")
    inside.site("lain")
    inside.position("lain", "kiosk-1", leads=True)
    return inside


def holder(hall: Inside, **body: object) -> Someone:
    """Return somebody who holds a new token."""
    answer = hall.admin.post(TOKENS, json={"minutes": 10, **body})
    assert answer.status_code == 201, answer.text
    return hall.someone(Authorization=f"Bearer {answer.json()['token']}")


def claim(person: Someone, device: str = DEVICE, **body: object):
    return person.post("/devices/claims", json={"device": device, **body})


def test_a_token_claims_one_device_and_no_other(hall: Inside):
    person = holder(hall, site="token", position="kiosk-1")
    made = claim(person)
    assert made.status_code == 201, made.text
    identity = made.json()
    assert (identity["site"], identity["position"], identity["role"]) == ("token", "kiosk-1", "kiosk")
    other = claim(person, OTHER)
    assert other.status_code == 409
    assert other.headers["content-type"] == "application/problem+json"
    assert other.json()["detail"] == "Token klaim ini sudah dipakai: minta yang lain"
    assert hall.admin.get(f"/devices/{OTHER}").status_code == 404
    hall.born(identity)
    assert claim(person).status_code == 409, "its device has been seen: the token is used up"


def test_whoever_holds_a_token_is_told_whether_the_device_was_seen_and_of_no_other(hall: Inside):
    person = holder(hall, role="kiosk")
    mac = "02ba1a410009"
    assert person.get(f"/devices/claims/{mac}").status_code == 401, "nothing is claimed yet"
    identity = claim(person, mac).json()
    before = person.get(f"/devices/claims/{mac}").json()
    assert before == {"device": mac, "online": False, "generation": 0, "pending": identity["generation"], "seen": 0}
    hall.born(identity)
    after = person.get(f"/devices/claims/{mac}").json()
    assert (after["generation"], after["pending"]) == (identity["generation"], 0)
    assert person.get(f"/devices/claims/{DEVICE}").status_code == 401
    assert person.get(f"/devices/{mac}").status_code == 401
    assert hall.admin.get(f"/devices/claims/{mac}").json() == after
    assert hall.admin.get("/devices/claims/02ba1a41ffff").status_code == 404


def test_where_the_answer_was_lost_the_same_claim_is_made_again_and_the_lost_secret_is_over(hall: Inside):
    person = holder(hall, role="kiosk")
    lost, kept = claim(person, "02ba1a410003").json(), claim(person, "02ba1a410003").json()
    assert kept["generation"] == lost["generation"] + 1
    assert kept["secret"] != lost["secret"]
    assert [one.username for one in hall.parts.roster.accounts("02ba1a410003")] == [kept["username"]]
    hall.born(lost)
    assert hall.admin.get("/devices/02ba1a410003").json()["status"] == "claimed"
    hall.born(kept)
    assert hall.admin.get("/devices/02ba1a410003").json()["status"] == "spare"


def test_an_expired_token_says_so(hall: Inside):
    person = holder(hall, site="token", position="kiosk-1")

    def late(session: Session) -> None:
        for token in session.exec(select(ClaimToken).where(ClaimToken.device == "")):
            token.expires = now_ms()
            session.add(token)

    hall.parts.db.write(late)
    answer = claim(person, OTHER)
    assert (answer.status_code, answer.json()["detail"]) == (401, "Token klaim ini sudah kedaluwarsa: minta yang lain")


def test_an_unknown_token_says_so(hall: Inside):
    answer = claim(hall.someone(Authorization="Bearer claim_nobody"))
    assert (answer.status_code, answer.json()["detail"]) == (401, "Token klaim ini tidak dikenal")


@pytest.mark.parametrize(
    "body",
    [
        {"site": "lain", "position": "kiosk-1"},
        {"site": "token", "position": "layar"},
        {"site": "token", "position": "kiosk-1", "role": "display"},
    ],
)
def test_a_token_for_one_place_is_for_no_other(hall: Inside, body):
    person = holder(hall, site="token", position="kiosk-1", role="kiosk")
    assert claim(person, OTHER, **body).status_code == 403
    assert hall.admin.get(f"/devices/{OTHER}").status_code == 404
    assert claim(person, "02ba1a410004").status_code == 201, "nothing was used by that"


def test_a_technicians_token_reaches_no_further_than_the_technician(hall: Inside):
    technician = hall.person("teknisi-token", "technician", "token")
    assert technician.post(TOKENS, json={"site": "lain", "position": "kiosk-1"}).status_code == 403
    made = technician.post(TOKENS, json={}).json()
    person = hall.someone(Authorization=f"Bearer {made['token']}")
    assert claim(person, OTHER, site="lain", position="kiosk-1").status_code == 403
    assert claim(person, OTHER, site="token", position="layar").status_code == 201
    assert person.delete(f"/devices/claims/{OTHER}").status_code == 204, "its own claim it may take back"


def test_the_token_of_somebody_who_may_not_claim_any_more_is_worth_nothing(hall: Inside):
    technician = hall.person("teknisi-lama", "technician")
    made = technician.post(TOKENS, json={"role": "kiosk"}).json()
    person = hall.someone(Authorization=f"Bearer {made['token']}")

    def demoted(session: Session) -> None:
        user = session.get(User, "teknisi-lama")
        assert user is not None
        user.role = "clerk"
        session.add(user)

    hall.parts.db.write(demoted)
    assert claim(person, OTHER).status_code == 401


def test_a_token_does_nothing_but_claim(hall: Inside):
    person = holder(hall)
    for method, path in (
        ("GET", "/devices"),
        ("GET", "/sites"),
        ("POST", TOKENS),
        ("GET", "/devices/claims"),
        ("DELETE", f"/devices/claims/{DEVICE}"),
        ("POST", f"/devices/{DEVICE}/revocation"),
        ("GET", "/session"),
    ):
        assert person.request(method, path, json={} if method == "POST" else None).status_code == 401, (method, path)


def test_a_token_is_kept_as_a_hash_only_and_its_link_does_not_reach_a_servers_log(hall: Inside):
    made = hall.admin.post(TOKENS, json={"role": "display"}).json()
    assert re.fullmatch(rf"{re.escape(hall.address)}/claim#{re.escape(made['token'])}", made["link"])
    with hall.parts.db.read() as session:
        rows = [str(one.model_dump()) for one in session.exec(select(ClaimToken))]
    assert not [row for row in rows if made["token"] in row or made["token"].removeprefix("claim_") in row]
    assert made["token"] not in str(hall.audit())

"""Hours and holidays over HTTP: the fleet's, and those of a hall that go before them."""

import json

import pytest

from controller.fleet.hours.models import calendars
from tests.controller.fleet.hours.test_calendar import at
from tests.controller.inside import Inside

WEEK = {str(day): [["07:00", "14:00"]] for day in range(5)}


def test_the_fleets_hours_hold_until_a_hall_has_its_own(inside: Inside):
    inside.site("hours-fleet")
    inside.site("hours-own", tz=540, hours={"6": [["18:00", "21:00"]]}, holidays={"2026-12-25": [["08:00", "10:00"]]})
    body = {"hours": WEEK, "holidays": {"2026-12-25": []}}
    assert inside.admin.put("/hours", json=body).json() == body
    assert inside.admin.get("/hours").json() == body
    with inside.parts.db.read() as session:
        found = calendars(session)
    assert found["hours-fleet"].is_open(at(420, "2026-11-24T13:59:00"))
    assert not found["hours-fleet"].is_open(at(420, "2026-12-25T09:00:00"))
    assert not found["hours-own"].is_open(at(540, "2026-11-24T09:00:00"))
    assert found["hours-own"].is_open(at(540, "2026-11-29T20:00:00"))
    assert found["hours-own"].is_open(at(540, "2026-12-25T09:00:00"))
    changed = inside.admin.patch("/sites/hours-own", json={"hours": {}}).json()
    assert changed["hours"] == {}
    assert changed["holidays"] == {"2026-12-25": [["08:00", "10:00"]]}, "what is not named stays"
    entry = next(one for one in inside.audit() if one["what"] == "hours.change")
    assert json.loads(str(entry["after"])) == body


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": {"7": []}},
        {"hours": {"0": [["14:00", "07:00"]]}},
        {"hours": {"0": [["07:00", "12:00"], ["11:00", "14:00"]]}},
        {"holidays": {"2026-02-29": []}},
        {"holidays": {"25-12-2026": []}},
        {"holidays": {"2026-12-25": [["07:00", "24:00"]]}},
        {"holidays": {f"2026-{1 + n // 28:02}-{1 + n % 28:02}": [] for n in range(65)}},
        {"closed": True},
    ],
)
def test_hours_that_no_calendar_has_are_refused(inside: Inside, wrong):
    assert inside.admin.put("/hours", json=wrong).status_code == 422
    if "closed" not in wrong:
        body = {"id": "hours-wrong", "name": "Desa", "services": [{"id": "a", "letter": "A", "name": "A"}], **wrong}
        assert inside.admin.post("/sites", json=body).status_code == 422


def test_only_an_admin_of_the_whole_fleet_sets_them(inside: Inside):
    inside.site("hours-bound")
    for name, role, sites in (("tek-h", "technician", ()), ("adm-h", "admin", ("hours-bound",))):
        person = inside.person(name, role, *sites)
        assert person.get("/hours").status_code == 200
        assert person.put("/hours", json={}).status_code == 403
    assert inside.someone().get("/hours").status_code == 401

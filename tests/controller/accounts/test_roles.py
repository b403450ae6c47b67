"""Who may do what: every operation of the API, every role, and sites that are not one's own."""

from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func
from sqlmodel import select

from controller.accounts.models import AuditEntry
from controller.accounts.service import ROLES
from tests.controller.inside import COUNTERS, SERVICES, Inside, Someone

FLEET = "of the whole fleet"
MINE, THEIRS = "utara", "selatan"  # two sites
MARK = "RAHASIA-SELATAN"  # in every text of the other site
NOBODY = "nobody"


class Need(NamedTuple):
    """What an operation needs: a role (None for nobody in particular), for its site or for the whole fleet."""

    role: str | None
    where: str = ""
    body: object = None
    key: bool = False


NEEDS = {
    "POST /session": Need(None, body={"name": NOBODY, "password": "wrong"}),
    "GET /session": Need("viewer"),
    "DELETE /session": Need("viewer"),
    "GET /users": Need("admin", FLEET),
    "POST /users": Need("admin", FLEET, {"name": "made", "role": "clerk", "password": "panjang-sekali"}),
    "DELETE /users/{name}": Need("admin", FLEET),
    "GET /sessions": Need("viewer"),
    "DELETE /sessions/{id}": Need("viewer"),
    "GET /session/factor": Need("viewer"),
    "POST /session/factor": Need("viewer", body={"password": "wrong"}),
    "PUT /session/factor": Need("viewer", body={"code": "000000"}),
    "POST /session/factor/removal": Need("viewer", body={"password": "wrong"}),
    "DELETE /users/{name}/factor": Need("admin", FLEET),
    "GET /tokens": Need("viewer"),
    "POST /tokens": Need("viewer", body={"name": "made", "role": "viewer"}),
    "DELETE /tokens/{user}/{name}": Need("viewer"),
    "GET /audit": Need("admin", FLEET),
    "GET /sites": Need("viewer"),
    "POST /sites": Need("admin", FLEET, {"id": "made", "name": "Desa", "services": SERVICES}),
    "GET /sites/{site}": Need("viewer", "path"),
    "PATCH /sites/{site}": Need("admin", "path", {"name": "Balai"}),
    "DELETE /sites/{site}": Need("admin", FLEET),
    "GET /positions": Need("viewer", "query"),
    "POST /positions": Need("admin", "body", {"site": "{site}", "id": "made", "role": "display", "name": "Layar"}),
    "POST /devices/claims": Need("technician", "body", {"device": "{mac}", "site": "{site}", "position": "kiosk-1"}),
    "GET /devices/claims": Need("technician"),
    "POST /devices/claims/tokens": Need("technician", "body", {"site": "{site}", "position": "kiosk-1"}),
    "GET /devices/claims/{device}": Need("technician", "device"),
    "DELETE /devices/claims/{device}": Need("technician", "device"),
    "POST /devices/swaps": Need("technician", "device", {"old": "{mac}", "new": "{mac}"}),
    "POST /devices/commands": Need("technician", "device", {"op": "identify", "devices": ["{mac}"]}),
    "POST /devices/{device}/commands": Need("technician", "device", {"op": "identify"}),
    "GET /devices/{device}/commands": Need("technician", "device"),
    "GET /devices/{device}/commands/{command}": Need("technician", "device"),
    "GET /devices/{device}/logs": Need("technician", "device"),
    "POST /devices/{device}/secret": Need("technician", "device"),
    "POST /devices/{device}/revocation": Need("technician", "device"),
    "GET /sites/{site}/networks": Need("technician", "path"),
    "PUT /sites/{site}/networks": Need("admin", "path", [{"ssid": "balai", "password": "rahasia-wifi"}]),
    "GET /devices": Need("viewer", "query"),
    "GET /devices/{device}": Need("viewer", "path"),
    "GET /devices/export": Need("viewer", "query"),
    "GET /devices/{device}/history": Need("viewer", "device"),
    "PUT /devices/{device}/tags": Need("technician", "device", {"tags": ["baru"]}),
    "GET /tags": Need("viewer"),
    "POST /devices/bulk/previews": Need(
        "technician", body={"action": {"kind": "command", "op": "identify"}, "filter": "site:{site}"}
    ),
    "POST /devices/bulk": Need("technician", body={"preview": "0" * 16}),
    "GET /views": Need("viewer"),
    "POST /views": Need("viewer", body={"name": "made", "filter": "nonsense:1"}),
    "PUT /views/{id}": Need("viewer", body={"name": "made"}),
    "DELETE /views/{id}": Need("viewer"),
    "GET /labels": Need("technician", "query"),
    "GET /events": Need("viewer", "query"),
    "GET /alarms": Need("viewer", "query"),
    "DELETE /alarms/{id}": Need("technician", "path"),
    "GET /releases": Need("admin", FLEET),
    "POST /releases": Need("admin", FLEET, b"no bundle"),
    "GET /releases/{rel}": Need("admin", FLEET),
    "DELETE /releases/{rel}": Need("admin", FLEET),
    "GET /hours": Need("viewer"),
    "PUT /hours": Need("admin", FLEET, {"hours": {}, "holidays": []}),
    "GET /incidents": Need("viewer", "query"),
    "GET /incidents/stream": Need("viewer"),
    "GET /incidents/export": Need("viewer", "query"),
    "GET /incidents/{id}": Need("viewer", "path"),
    "POST /incidents/{id}/acknowledge": Need("technician", "path", {"text": "saya urus"}),
    "POST /incidents/{id}/comments": Need("clerk", "path", {"text": "listrik padam"}),
    "GET /sites/{site}/health": Need("viewer", "path"),
    "GET /configuration": Need("viewer"),
    "GET /configuration/states": Need("viewer", "query"),
    "GET /devices/{device}/configuration": Need("viewer", "device"),
    "GET /rollouts": Need("admin", FLEET),
    "POST /rollouts": Need("admin", FLEET, {"rel": "{rel}", "all": True}),
    "GET /rollouts/{id}": Need("admin", FLEET),
    "POST /rollouts/{id}/pause": Need("admin", FLEET),
    "POST /rollouts/{id}/resume": Need("admin", FLEET),
    "POST /rollouts/{id}/cancel": Need("admin", FLEET),
    "POST /rollouts/{id}/retry": Need("admin", FLEET),
    "GET /sites/{site}/board": Need(None),
    "GET /sites/{site}/board/stream": Need(None),
    "GET /sites/{site}/queue": Need("clerk", "path"),
    "POST /sites/{site}/queue/commands": Need("clerk", "path", {"op": "open", "service": "adm"}, key=True),
    "POST /sites/{site}/leader": Need("technician", "path", {"leader": "controller"}),
    "GET /sites/{site}/queue/day": Need("viewer", "path"),
}
LAYERS = {"fleet": FLEET, "kind/{kind}": FLEET, "site/{site}": "path", "position/{site}/{position}": "path"}
for layer, where in LAYERS.items():
    at, read = f"/configuration/{layer}", "" if where == FLEET else where
    NEEDS |= {f"GET {at}{what}": Need("viewer", read) for what in ("", "/history", "/diff")}
    NEEDS |= {
        f"PUT {at}": Need("admin", where, {"patch": {}}),
        f"POST {at}/preview": Need("admin", where, {"patch": {}}),
    }
    NEEDS[f"POST {at}/restore"] = Need("admin", where, {"rev": 1})
STREAMS = ("GET /sites/{site}/board/stream", "GET /incidents/stream")
MANY = "POST /devices/commands"  # says of each device by itself that it is not there
DEVICES = {MINE: "02ba1a200001", THEIRS: "02ba1a200002", "gone": "02ba1a200003"}


def ask(person: Someone, operation: str, site: str, device: str = ""):
    """Do an operation, at a site where it speaks of one."""
    method, _, path = operation.partition(" ")
    need = NEEDS[operation]
    mac = device or DEVICES.get(site, DEVICES["gone"])
    names = {"site": site, "name": NOBODY, "user": NOBODY, "device": mac, "id": "999999999", "mac": mac}
    names["rel"] = "0" * 64
    names |= {"command": "0" * 16, "kind": "village", "position": "kiosk-1"}
    body = need.body
    if isinstance(body, dict):
        body = {key: value.format(**names) if isinstance(value, str) else value for key, value in body.items()}
        if operation == MANY:
            body["devices"] = [mac]
    params = {"site": site} if need.where == "query" else {}
    headers = (
        {"Idempotency-Key": f"{operation}-{site}".translate({32: 45, 47: 45, 123: 45, 125: 45})} if need.key else {}
    )
    if isinstance(body, bytes):
        headers |= {"content-type": "application/octet-stream"}
        return person.request(method, path.format(**names), content=body, params=params, headers=headers)
    return person.request(method, path.format(**names), json=body, params=params, headers=headers)


def make(inside: Inside, site: str, text: str) -> None:
    """Make a site with a kiosk, whose every text holds `text`."""
    services = [{**one, "name": f"{text} {one['id']}", "need": text} for one in SERVICES]
    counters = [{**one, "name": f"{text} {one['id']}"} for one in COUNTERS]
    inside.site(site, name=text, services=services, counters=counters, hall_url=f"http://{text}.example/")
    inside.position(site, "kiosk-1", leads=True, name=text)
    inside.position(site, "pad-1", "counter", counter="1", name=text)
    inside.claim(DEVICES[site], site, "kiosk-1")


@pytest.fixture(scope="module")
def halls(inside: Inside) -> Inside:
    """Two halls with all that halls have."""
    make(inside, MINE, "Desa-Utara")
    make(inside, THEIRS, MARK)
    for site in (MINE, THEIRS):
        inside.parts.store.append_own(site, [("paper.out", {"text": site})])
        inside.parts.db.write(
            lambda session, site=site: inside.parts.store.alarms.raise_in(
                session, site, DEVICES[site], "gap", MARK if site == THEIRS else "", 1
            )
        )
    return inside


@pytest.fixture(scope="module")
def people(halls: Inside) -> dict[tuple[str, bool], Someone]:
    """Somebody of each role for the whole fleet (True), and bound to a site (False)."""
    found = {}
    for role in ROLES:
        found[role, True] = halls.person(f"{role}-all", role)
        found[role, False] = halls.person(f"{role}-{MINE}", role, MINE)
    return found


def test_the_table_names_every_operation(halls: Inside):
    paths = halls.admin.get("/openapi.json").json()["paths"]
    found = {
        f"{method.upper()} {path.removeprefix('/api/v1')}" for path, methods in paths.items() for method in methods
    }
    assert found == set(NEEDS)


@pytest.mark.parametrize("operation", [one for one in NEEDS if one not in ("DELETE /session", *STREAMS)])
def test_an_operation_is_for_those_who_may_and_nobody_else(halls: Inside, people, operation):
    need = NEEDS[operation]
    device = DEVICES["gone"] if need.where == "device" else ""
    nobody = ask(halls.someone(), operation, MINE, device)
    if need.role is None:
        assert nobody.status_code != 403
        return
    assert nobody.status_code == 401, nobody.text
    for (role, everywhere), person in people.items():
        may = ROLES.index(role) >= ROLES.index(need.role) and (everywhere or need.where != FLEET)
        status = ask(person, operation, MINE, device).status_code
        assert (status != 403) == may, (role, everywhere, status)


class Seen(NamedTuple):
    """All that an admin sees of a site, and how long the audit log is."""

    answers: list[str]
    audit: int


def seen(inside: Inside, site: str) -> Seen:
    """Look at everything that a site is."""
    paths = [f"/sites/{site}", f"/positions?site={site}", f"/devices?site={site}", f"/events?site={site}"]
    paths += [f"/alarms?site={site}", f"/sites/{site}/queue/day", f"/sites/{site}/board", f"/devices/{DEVICES[site]}"]
    with inside.parts.db.read() as session:
        audit = session.exec(select(func.count()).select_from(AuditEntry)).one()
    return Seen([inside.admin.get(path).text for path in paths], audit)


@pytest.fixture
def untouched(halls: Inside) -> list[Seen]:
    """How the other site looks; what is added is how it looks after a change of somebody's own things."""
    return [seen(halls, THEIRS)]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(ROLES),
    st.sampled_from([one for one in NEEDS if one not in ("DELETE /session", "POST /session", *STREAMS)]),
    st.sampled_from([DEVICES[MINE], DEVICES[THEIRS]]),
)
def test_nobody_bound_to_a_site_sees_or_changes_another(halls: Inside, people, untouched, role, operation, device):
    if operation == "GET /sites/{site}/board":
        return  # public
    if NEEDS[operation].where == "device" and device == DEVICES[MINE]:
        return  # one's own
    answer = ask(people[role, False], operation, THEIRS, device)
    assert MARK not in answer.text
    own = operation == "GET /devices/{device}" and device == DEVICES[MINE]
    if NEEDS[operation].where in ("path", "body", "device") and not own and operation != MANY:
        assert answer.status_code in (403, 404)
    if operation == "POST /tokens" and answer.status_code == 201:
        assert people[role, False].delete(f"/tokens/{role}-{MINE}/made").status_code == 204
        untouched.append(seen(halls, THEIRS)._replace(answers=untouched[-1].answers))
    assert seen(halls, THEIRS) == untouched[-1]


def test_a_device_of_another_site_cannot_be_claimed_away(halls: Inside, people):
    before = seen(halls, THEIRS)
    body = {"device": DEVICES[THEIRS], "site": MINE, "position": "kiosk-1"}
    assert people["technician", False].post("/devices/claims", json=body).status_code == 403
    assert people["admin", False].post("/devices/claims", json=body).status_code == 403
    assert seen(halls, THEIRS) == before


def test_lists_hold_ones_own_sites_only(halls: Inside, people):
    clerk, everybody = people["clerk", False], people["viewer", True]
    for path, name in (("/sites", "id"), ("/positions", "site"), ("/devices", "site")):
        assert {one[name] for one in clerk.get(path).json()} == {MINE}
        assert {one[name] for one in everybody.get(path).json()} >= {MINE, THEIRS}
    assert {one["site"] for one in clerk.get("/alarms").json()} - {""} == {MINE}
    assert {MINE, THEIRS} <= {one["site"] for one in everybody.get("/alarms").json()}


def test_an_alarm_of_another_site_is_not_ones_own_to_close(halls: Inside, people):
    alarms = {one["site"]: one["id"] for one in halls.admin.get("/alarms").json()}
    assert people["technician", False].delete(f"/alarms/{alarms[THEIRS]}").status_code == 404
    assert people["technician", False].delete(f"/alarms/{alarms[MINE]}").status_code == 204
    assert [one["site"] for one in halls.admin.get("/alarms").json() if one["site"]] == [THEIRS]
    assert people["technician", True].delete(f"/alarms/{alarms[THEIRS]}").status_code == 204
    assert people["technician", True].delete(f"/alarms/{alarms[THEIRS]}").status_code == 404

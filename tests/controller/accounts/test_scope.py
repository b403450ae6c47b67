"""Where an account may act: sites and sub-districts, as they are when it is asked, and never more than its giver."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.accounts import service
from controller.accounts.models import User
from controller.accounts.scope import sites_of
from tests.controller.inside import Inside

DISTRICTS = {"a": "utara", "b": "utara", "c": "selatan", "d": ""}
ENTRIES = ["a", "c", "d", "gone", "district:utara", "district:selatan", "district:gone"]
SCOPES = st.lists(st.sampled_from(ENTRIES), unique=True).map(" ".join)


@pytest.fixture(scope="module")
def halls(inside: Inside) -> Inside:
    for site, district in DISTRICTS.items():
        inside.site(site, district=district)
    return inside


def named(scope: str) -> set[str]:
    """What a scope names, said a second time."""
    return {
        site for site, district in {**DISTRICTS, "gone": ""}.items()
        if site in scope.split() or (district and f"district:{district}" in scope.split())
    }  # fmt: skip


@settings(suppress_health_check=list(HealthCheck))
@given(SCOPES)
def test_a_scope_is_the_sites_it_names_and_those_of_its_sub_districts(halls: Inside, scope):
    with halls.parts.db.read() as session:
        found = sites_of(session, scope)
    assert found == (named(scope) if scope else None), "a sub-district without sites is nowhere, and not everywhere"


@settings(suppress_health_check=list(HealthCheck), max_examples=60)
@given(st.sampled_from(service.ROLES), SCOPES, st.sampled_from(service.ROLES), SCOPES)
def test_a_token_is_for_what_both_it_and_its_owner_are_for(halls: Inside, role, own, token_role, given_):
    def fn(session):
        session.add(User(name="sari", role=role, password="", sites=own, created=0))
        token = service.add_token(session, "sari", "pump", token_role, given_.split())
        found = service.by_token(session, token), service.by_name(session, "sari/pump")
        service.remove_user(session, "sari")
        return found

    by_token, by_name = halls.parts.db.write(fn)
    assert by_token == by_name
    scopes = [named(one) for one in (own, given_) if one]
    assert by_token.sites == (set.intersection(*scopes) if scopes else None)
    assert service.ROLES.index(by_token.role) == min(map(service.ROLES.index, (role, token_role)))


def test_a_site_that_moves_to_another_sub_district_follows_at_once(halls: Inside):
    person = halls.person("teknisi-utara", "technician", "district:utara", "d")
    assert person.get("/session").json()["sites"] == ["district:utara", "d"]
    seen = lambda: {one["id"] for one in person.get("/sites").json()}  # noqa: E731
    assert seen() == {"a", "b", "d"}
    halls.admin.patch("/sites/c", json={"district": "utara"})
    assert seen() == {"a", "b", "c", "d"}
    halls.admin.patch("/sites/c", json={"district": "selatan"})
    assert seen() == {"a", "b", "d"}
    assert person.get("/sites/c").status_code == 403


def test_nobody_who_is_bound_widens_a_scope(halls: Inside):
    """Neither by moving a site, nor by an account, nor by a token."""
    admin = halls.person("admin-utara", "admin", "district:utara")
    for district in ("", "selatan"):
        assert admin.patch("/sites/a", json={"district": district}).status_code == 403
    assert admin.patch("/sites/a", json={"district": "utara", "name": "Balai A"}).status_code == 200
    body = {"name": "lebih", "role": "viewer", "password": "panjang-dan-rahasia", "sites": []}
    assert admin.post("/users", json=body).status_code == 403
    for sites in ([], ["c"], ["district:selatan"], ["a", "district:selatan"]):
        made = admin.post("/tokens", json={"name": "pompa", "role": "admin", "sites": sites})
        program = halls.someone(Authorization=f"Bearer {made.json()['token']}")
        assert {one["id"] for one in program.get("/sites").json()} <= {"a", "b"}
        assert program.get("/users").status_code == 403
        assert admin.delete("/tokens/admin-utara/pompa").status_code == 204


def test_a_claim_token_follows_what_its_maker_may_now(halls: Inside):
    halls.position("b", "kiosk-1")
    person = halls.person("teknisi-b", "technician", "district:utara")
    token = person.post("/devices/claims/tokens", json={"minutes": 60}).json()["token"]
    holder = halls.someone(Authorization=f"Bearer {token}")
    halls.admin.patch("/sites/b", json={"district": "selatan"})
    body = {"device": "02ba1a600001", "site": "b", "position": "kiosk-1"}
    assert holder.post("/devices/claims", json=body).status_code == 403
    halls.admin.patch("/sites/b", json={"district": "utara"})
    assert holder.post("/devices/claims", json=body).status_code == 201


@pytest.mark.parametrize("sites", [["Utara"], ["district:"], ["district:A"], ["kecamatan:utara"]])
def test_what_is_no_scope_is_refused(halls: Inside, sites):
    body = {"name": "salah", "role": "viewer", "password": "panjang-dan-rahasia", "sites": sites}
    assert halls.admin.post("/users", json=body).status_code == 422

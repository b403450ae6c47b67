"""Views: kept for oneself or for all, changed by their owner, gone with their account."""

import pytest
from sqlmodel import select

from controller.fleet.inventory import views
from controller.fleet.inventory.models import View
from tests.controller.fleet.inventory.fleet import Fleet

OFFLINE = {
    "name": "Tidak tersambung",
    "filter": "online:no",
    "sort": "-seen",
    "columns": ["site", "seen"],
    "shared": False,
}


def names(who) -> list[tuple[str, str]]:
    return [(one["owner"], one["name"]) for one in who.get("/views").json()]


def test_a_view_is_kept_shared_changed_and_removed(fleet: Fleet):
    mine = fleet.near.post("/views", json=OFFLINE)
    assert mine.status_code == 201
    assert {**OFFLINE, "id": mine.json()["id"], "owner": "teknisi-genteng"} == mine.json()
    assert names(fleet.near) == [("teknisi-genteng", "Tidak tersambung")]
    assert names(fleet.far) == []
    path = f"/views/{mine.json()['id']}"
    assert fleet.near.put(path, json={**OFFLINE, "shared": True}).json()["shared"]
    assert names(fleet.far) == [("teknisi-genteng", "Tidak tersambung")]
    for method in ("PUT", "DELETE"):
        assert fleet.far.request(method, path, json=OFFLINE if method == "PUT" else None).status_code == 404
    assert fleet.near.post("/views", json=OFFLINE).status_code == 409, "the name is taken"
    assert fleet.viewer.post("/views", json={**OFFLINE, "shared": True}).status_code == 403
    assert fleet.inside.admin.delete(path).status_code == 204, "an admin of the fleet clears what is shared"
    assert names(fleet.near) == []
    told = [(one["who"], one["what"]) for one in fleet.inside.audit() if one["what"].startswith("view.")]
    assert told == [("teknisi-genteng", "view.add"), ("teknisi-genteng", "view.change"), ("admin", "view.remove")]


@pytest.mark.parametrize("wrong", [{"filter": "colour:red"}, {"sort": "colour"}, {"name": ""}, {"columns": ["a b"]}])
def test_a_view_that_could_not_be_shown_is_not_kept(fleet: Fleet, wrong):
    assert fleet.near.post("/views", json={**OFFLINE, **wrong}).status_code == 422
    assert names(fleet.near) == []


def test_there_is_an_end_to_views(fleet: Fleet, monkeypatch):
    monkeypatch.setattr(views, "MOST", 1)
    assert fleet.far.post("/views", json=OFFLINE).status_code == 201
    assert fleet.far.post("/views", json={**OFFLINE, "name": "Lain"}).status_code == 409


def test_views_go_with_their_account_so_that_nobody_of_that_name_finds_them(fleet: Fleet):
    person = fleet.inside.person("sementara", "technician")
    person.post("/views", json={**OFFLINE, "shared": True})
    assert fleet.inside.admin.delete("/users/sementara").status_code == 204
    with fleet.inside.parts.db.read() as session:
        assert session.exec(select(View).where(View.owner == "sementara")).all() == []

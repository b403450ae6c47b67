"""Releases over HTTP: what is kept, what is refused, who may, and what devices are given of them."""

import asyncio
import hashlib

import pytest

from controller.fleet.blobs import Blobs
from controller.updates.release import shelf
from protocol.errors import Refused
from tests.controller.inside import Inside, Someone
from tests.controller.updates.bundles import bundle, key, rel

RAW = {"content-type": "application/octet-stream"}


def post(person: Someone, data: bytes, **headers: str):
    return person.post("/releases", content=data, headers={**RAW, **headers})


def problem(answer, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()["detail"]


def test_a_release_is_kept_and_told_of(inside: Inside):
    data = bundle("1.0.0")
    made = post(inside.admin, data)
    assert made.status_code == 201
    assert made.json()["rel"] == rel(data)
    assert made.json()["blob"] == hashlib.sha256(data).hexdigest()
    assert made.json()["roles"] == ["counter", "display", "kiosk"]
    assert [file["name"] for file in made.json()["files"]] == ["chip.mpy", "node.mpy"]
    again = post(inside.admin, data)
    assert (again.status_code, again.json()) == (200, made.json())
    assert inside.admin.get(f"/releases/{rel(data)}").json() == made.json()
    newer = post(inside.admin, bundle("1.0.1")).json()
    assert [one["fw"] for one in inside.admin.get("/releases").json()] == ["1.0.1", "1.0.0"]
    assert inside.admin.delete(f"/releases/{newer['rel']}").status_code == 204
    problem(inside.admin.get(f"/releases/{newer['rel']}"), 404)
    problem(inside.admin.delete(f"/releases/{newer['rel']}"), 404)
    told = [(one["what"], one["target"]) for one in inside.audit() if one["what"].startswith("release.")]
    assert told == [("release.add", rel(data)), ("release.add", newer["rel"]), ("release.remove", newer["rel"])]


def test_another_release_of_the_same_version_is_refused(inside: Inside):
    assert post(inside.admin, bundle("1.1.0")).status_code == 201
    other = bundle("1.1.0", files={"chip.mpy": b"other"})
    assert "another release of this version" in problem(post(inside.admin, other, **{"accept-language": "en"}), 409)
    assert "Sudah ada rilis lain" in problem(post(inside.admin, other), 409)


def test_a_bad_bundle_is_refused_and_leaves_nothing_behind(inside: Inside):
    before = inside.admin.get("/releases").json()
    good = bundle("1.2.0")
    english = {"accept-language": "en"}
    assert "not signed" in problem(post(inside.admin, bundle("1.2.0", signer=1), **english), 422)
    assert "tidak ditandatangani" in problem(post(inside.admin, bundle("1.2.0", signer=1)), 422)
    for data in (b"x", good[:-1], good + b"\0", good[:9] + b"\xff" + good[10:], bundle("1.2.0", seq=7)):
        assert problem(post(inside.admin, data, **english), 422)
    problem(post(inside.admin, b""), 422)
    problem(post(inside.admin, bytes(513 << 10)), 413)
    problem(post(inside.admin, bytes(2 << 20)), 413)
    problem(inside.admin.post("/releases", json={}), 415)
    assert inside.admin.get("/releases").json() == before


@pytest.mark.parametrize("name", ["x", "A" * 64, "a" * 63])
def test_what_is_no_name_of_a_release_is_not_there(inside: Inside, name):
    problem(inside.admin.get(f"/releases/{name}"), 404)


def test_only_an_admin_of_the_whole_fleet_may(inside: Inside):
    inside.site("rilis")
    people = [inside.person("tini", "technician"), inside.person("sari", "admin", "rilis")]
    for person in people:
        problem(post(person, bundle("1.3.0")), 403)
        problem(person.get("/releases"), 403)
        problem(person.delete(f"/releases/{'a' * 64}"), 403)
    problem(post(inside.someone(), bundle("1.3.0")), 401)


def test_devices_fetch_bundles_as_blobs_for_as_long_as_they_are_kept(inside: Inside):
    data = bundle("1.4.0", files={"chip.mpy": bytes(range(256)) * 50})
    post(inside.admin, data)
    name = hashlib.sha256(data).hexdigest()

    def fetched(blobs: Blobs) -> bytes:
        found = b""
        while True:
            args: dict[str, object] = {"sha256": name, "off": len(found), "len": 3584}
            part = asyncio.run(blobs.answer("device", args))
            found += part
            if len(part) < 3584:
                return found

    assert fetched(inside.parts.updates.blobs) == data
    assert fetched(Blobs(lambda sha256: shelf.source(inside.parts.db, sha256))) == data, "after a restart"
    inside.admin.delete(f"/releases/{rel(data)}")
    with pytest.raises(Refused, match="no_blob"):
        fetched(inside.parts.updates.blobs)


def test_a_claim_is_answered_with_the_key_that_signs_releases(inside: Inside):
    inside.site("kunci")
    inside.position("kunci", "kiosk-1")
    found = inside.reserve(device="02ba1a0000aa", site="kunci", position="kiosk-1")["release_key"]
    assert found == f"{key().public_key().public_numbers().n:x}"
    assert len(found) == 768


def test_without_a_key_there_are_no_releases(tmp_path):
    one = Inside(tmp_path / "data")
    try:
        assert "release_key" in problem(post(one.admin, bundle(), **{"accept-language": "en"}), 409)
        one.site("tanpa")
        one.position("tanpa", "kiosk-1")
        assert one.reserve(device="02ba1a0000ab", site="tanpa", position="kiosk-1")["release_key"] == ""
    finally:
        one.stop()

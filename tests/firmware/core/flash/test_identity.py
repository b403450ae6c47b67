"""Who a device is, and where it stands: the flash says it first, a configuration goes before that."""

import itertools
import json
from pathlib import Path

import pytest

from firmware.core.flash.identity import Identity, IdentityError, placed
from tests.firmware.core.centre import DEVICE, SITE, Centre
from tests.firmware.roles.conftest import DOC

WHOLE = {"device": DEVICE, "role": "kiosk", "username": f"{DEVICE}.3", "secret": "s", "generation": 3,
         "brokers": [{"host": "balai.example", "port": 8883, "tls": True}], "ca": "PEM", "site": SITE,
         "position": "kiosk-1", "networks": [["balai", "password-1"]], "lang": "id", "release_key": ""}  # fmt: skip


def written(tmp_path: Path, **fields: object) -> str:
    path = tmp_path / "identity.json"
    path.write_text(json.dumps({name: value for name, value in {**WHOLE, **fields}.items() if value is not None}))
    return str(path)


def test_it_is_what_the_contract_says(tmp_path):
    found = Identity(written(tmp_path))
    assert (found.device, found.role, found.site, found.position) == (DEVICE, "kiosk", SITE, "kiosk-1")
    assert (found.username, found.secret, found.generation) == (f"{DEVICE}.3", "s", 3)
    assert found.brokers == [("balai.example", 8883, True)]
    assert found.networks == [("balai", "password-1")]
    assert found.ca() == b"PEM"


def test_what_is_missing_is_none_and_the_generation_is_in_the_name(tmp_path):
    found = Identity(written(tmp_path, generation=None, networks=None, ca=None))
    assert (found.generation, found.networks, found.ca()) == (3, [], b"")


@pytest.mark.parametrize(
    "fields",
    [
        {"device": None},
        {"secret": None},
        {"brokers": []},
        {"brokers": [{"host": "x"}]},
        {"networks": [["alone"]]},
        {"networks": {"a": 1}},
        {"generation": None, "username": "no-generation"},
    ],
)
def test_what_is_none_says_what_to_do(tmp_path, fields):
    with pytest.raises(IdentityError, match="flash this device again"):
        Identity(written(tmp_path, **fields))


def test_no_file_and_half_a_file_are_no_identity(tmp_path):
    with pytest.raises(IdentityError):
        Identity(str(tmp_path / "nothing"))
    (tmp_path / "half").write_text(json.dumps(WHOLE)[:50])
    with pytest.raises(IdentityError):
        Identity(str(tmp_path / "half"))


def test_a_configuration_goes_before_what_was_flashed(tmp_path):
    found = Identity(written(tmp_path))
    found.place(doc("display", "display-2", "licin"))
    assert (found.role, found.position, found.site) == ("display", "display-2", "licin")
    assert Identity(written(tmp_path)).role == "kiosk", "nothing was written"


# A device that is moved from afar.


def doc(role: str, position: str, site: str = SITE) -> dict:
    return {
        **DOC,
        "site": {**DOC["site"], "id": site},
        "position": {**DOC["position"], "role": role, "id": position},
        "bands": {"kiosk-1": [1, 499], "controller": [800, 999]},
    }


async def configure(centre: Centre, hash: str, doc: dict) -> dict:
    centre.down("config", {"rev": 1, "hash": hash, "doc": doc})
    return await centre.heard("reply", lambda body: body["id"] == hash)


async def grant(centre: Centre, **args: object) -> dict:
    id = f"grant-{args['term']}"
    centre.down("command", {"id": id, "expires": 9_999_999_999_999, "op": "lead", "args": args})
    return await centre.heard("reply", lambda body: body["id"] == id)


async def issue(centre: Centre, key: str) -> dict:
    """What becomes of a press for a ticket, once the day is open."""
    for n in itertools.count():
        args = {"op": "issue", "key": key, "service": "adm", "paper": 0}
        centre.down("command", {"id": f"{key}-{n}", "expires": 9_999_999_999_999, "op": "queue", "args": args})
        reply = await centre.heard("reply", lambda body, id=f"{key}-{n}": body["id"] == id)
        if reply["result"].get("reason") != "no_day":
            return reply["result"]
    raise AssertionError


async def born(centre: Centre, **state: object) -> dict:
    """Wait for a birth that says this, and answer all of them."""
    while True:
        birth = await centre.birth()
        if all(birth[name] == value for name, value in state.items()):
            return birth


async def test_the_same_place_needs_no_restart(device, centre, mosquitto):
    await device(mosquitto.port)
    sid = (await centre.birth())["sid"]
    assert (await configure(centre, "hash-1", doc("counter", "counter-1")))["outcome"] == "done"
    birth = await born(centre, config="hash-1")
    assert (birth["sid"], birth["boots"]) == (sid, 1)


async def test_another_place_and_role_are_kept_and_it_restarts_as_that(device, centre, mosquitto):
    rig = await device(mosquitto.port)
    await centre.birth()
    assert (await configure(centre, "hash-1", doc("display", "display-2", "licin")))["outcome"] == "done"
    birth = await born(centre, role="display")
    assert (birth["config"], birth["reset"], birth["boots"]) == ("hash-1", "soft", 2)
    await rig.until(lambda rig: {"ready": "display"} in rig.lines)
    board = {"day": 1, "term": 1, "rev": 1, "line": "up", "services": [], "counters": [],
             "calls": [{"c": 1, "no": 7, "service": "adm", "counter": "1", "ago": 0}]}  # fmt: skip
    centre.say("balai/1/site/licin/board", board, True)
    await rig.until(lambda rig: rig.parts.digits == "A 7>1")
    rig.cut_power()
    await device(mosquitto.port)
    assert (await born(centre, role="display"))["boots"] == 3


@pytest.mark.parametrize("role", ["sensor", "printer", ""])
async def test_what_the_board_cannot_be_is_refused_and_nothing_changes(device, centre, mosquitto, role):
    await device(mosquitto.port)
    await centre.birth()
    reply = await configure(centre, "hash-1", doc(role, "other-1"))
    assert (reply["outcome"], reply["reason"]) == ("refused", f"not usable: this board cannot be a {role}")
    birth = await born(centre, rejected="hash-1")
    assert (birth["role"], birth["config"], birth["boots"]) == ("counter", "", 1)


@pytest.mark.parametrize("role", ["kiosk", "display", "counter"])
async def test_a_spare_is_born_waits_and_becomes_what_it_is_made(device, centre, mosquitto, role):
    rig = await device(mosquitto.port, role=role, site="", position="")
    await rig.until(lambda rig: rig.parts.digits in ("E-12", "E-01", "E-02"))
    birth = await centre.birth()
    assert (birth["role"], birth["config"], birth["code"]) == (role, "", "E-12")
    await rig.until(lambda rig: rig.parts.digits == "E-12")
    assert (await configure(centre, "hash-1", doc("kiosk", "kiosk-1")))["outcome"] == "done"
    assert (await born(centre, config="hash-1", reset="soft"))["role"] == "kiosk"
    assert (await grant(centre, term=1, leader="kiosk-1"))["outcome"] == "done"


async def test_a_kiosk_that_moves_to_another_hall_leaves_the_queue_behind(device, centre, mosquitto):
    """The numbers and tickets of the old hall are nobody's in the new one, and who leads there is not known yet."""
    await device(mosquitto.port, role="kiosk", position="kiosk-1")
    await centre.birth()
    await configure(centre, "hash-1", doc("kiosk", "kiosk-1"))
    centre.ack(now=1_795_505_400_000)
    await grant(centre, term=1, leader="kiosk-1")
    assert [(await issue(centre, key))["ticket"] for key in ("k-1", "k-2")] == [1, 2]
    await configure(centre, "hash-2", doc("kiosk", "kiosk-1", "licin"))
    await born(centre, config="hash-2", reset="soft")
    assert (await issue(centre, "k-3"))["reason"] == "not_leader"
    await grant(centre, term=2, leader="kiosk-1")
    assert (await issue(centre, "k-4"))["ticket"] == 1


async def test_a_kiosk_that_stays_keeps_its_queue_over_a_restart(device, centre, mosquitto):
    rig = await device(mosquitto.port, role="kiosk", position="kiosk-1")
    await centre.birth()
    await configure(centre, "hash-1", doc("kiosk", "kiosk-1"))
    await grant(centre, term=1, leader="kiosk-1")
    await issue(centre, "k-1")
    rig.cut_power()
    await device(mosquitto.port)
    assert (await born(centre, boots=2))["code"] == "", "what is in reach is not called out of reach"
    assert (await issue(centre, "k-2"))["ticket"] == 2


def test_a_place_is_read_from_a_configuration():
    assert placed(DOC) == (SITE, "kiosk-1", "kiosk")

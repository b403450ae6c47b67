"""A device whose connection is changed from afar: over TLS, against a real broker that knows it by its secret."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.firmware.core.broker.trust import Authority, Broker
from tests.firmware.core.centre import DEVICE, SITE, Centre
from tests.firmware.core.conftest import NODE, RUN, until

# Shorter than in a hall, so that a test sees the other set have its turn.
QUICK = "quick(NETWORK_MS=1_500, JOIN_MS=1_000, LOOK_MS=50, PAUSE_MS=200, LEAVE_MS=100)\n"
AIR = [["balai", "password-1", -50], ["hotspot", "password-2", -60]]
OLD, NEW = f"{DEVICE}_3", f"{DEVICE}_4"


@pytest.fixture(scope="module")
def authorities() -> list[Authority]:
    return [Authority(), Authority()]


@pytest.fixture
def broker(tmp_path: Path, authorities: list[Authority]) -> Iterator[Broker]:
    one = Broker(tmp_path, authorities[0].server(), **{OLD: "old", NEW: "new"})
    one.start()
    yield one
    one.stop()


@pytest.fixture
async def centre(broker):
    one = Centre(broker.port)
    yield await one.ready()
    one.close()


@pytest.fixture
def device(start, tmp_path, broker, authorities):
    """`await device()`: power on a device of generation 3 at that broker, in that air."""

    async def begin(**identity: object):
        file = tmp_path / "identity.json"
        if not file.exists():
            whole = {"device": DEVICE, "role": "counter", "username": f"{DEVICE}.3", "secret": "old", "generation": 3,
                     "brokers": [{"host": "127.0.0.1", "port": broker.secure, "tls": True}], "site": SITE,
                     "position": "counter-1", "ca": authorities[0].pem, "networks": [["balai", "password-1"]],
                     "lang": "id", "release_key": ""}  # fmt: skip
            file.write_text(json.dumps({**whole, **identity}))
        return await start(NODE, QUICK + RUN, BALAI_AIR=json.dumps(AIR), BALAI_CLOCK="host")

    return begin


def said(state: dict) -> tuple[object, object, object]:
    return state["conn"], state["bad_conn"], state["gen"]


async def connect(centre: Centre, hash: str, **doc: object) -> dict:
    """Give a connection document; the reply."""
    args = {"hash": hash, "doc": {"v": 1, **doc}}
    centre.down("command", {"id": "command-" + hash, "expires": 9_999_999_999_999, "op": "connect", "args": args})
    return await centre.heard("reply", lambda body: body["id"] == "command-" + hash)


async def test_a_new_secret_is_taken_up_and_the_old_one_can_go(device, centre, broker):
    rig = await device()
    assert said(await centre.session()) == ("", "", 3)
    assert (await connect(centre, "hash-1", gen=4, secret="new"))["outcome"] == "done"
    assert said(await centre.session()) == ("hash-1", "", 4)
    broker.allow(**{NEW: "new"})
    rig.cut_power()
    await device()
    assert said(await centre.session()) == ("hash-1", "", 4)


WRONG = {
    "Wi-Fi": {"networks": [["balai", "not-the-password"]]},
    "Wi-Fi that is not there": {"networks": [["elsewhere", "password-9"]]},
    "broker": {"brokers": [["127.0.0.1", 9, 1]]},
    "broker that has no name": {"brokers": [["broker.invalid", 8883, 1]]},
    "secret": {"gen": 5, "secret": "nobody-knows-it"},
}


@pytest.mark.parametrize("what", WRONG)
async def test_with_a_wrong_one_it_comes_back_by_itself_and_says_so(device, centre, what):
    rig = await device()
    await centre.session()
    assert (await connect(centre, "hash-1", **WRONG[what]))["outcome"] == "done"
    assert said(await centre.session()) == ("", "hash-1", 3)
    rig.cut_power()
    await device()
    assert said(await centre.session()) == ("", "hash-1", 3), "and it is the same after a power cut"


async def test_with_a_wrong_certificate_it_comes_back_by_itself(device, centre, authorities):
    await device()
    await centre.session()
    assert (await connect(centre, "hash-1", ca=[authorities[1].der]))["outcome"] == "done"
    assert said(await centre.session()) == ("", "hash-1", 3)


async def test_with_all_of_it_wrong_it_comes_back_by_itself(device, centre, authorities):
    everything = {name: value for wrong in WRONG.values() for name, value in wrong.items()}
    await device()
    await centre.session()
    await connect(centre, "hash-1", ca=[authorities[1].der], **everything)
    assert said(await centre.session()) == ("", "hash-1", 3)


async def test_a_certificate_that_is_none_is_refused_or_comes_back(device, centre):
    await device()
    await centre.session()
    reply = await connect(centre, "hash-1", ca=["bm90IGEgY2VydGlmaWNhdGU="])
    assert (reply["outcome"], reply["reason"]) == ("refused", "not usable: ca")
    await connect(centre, "hash-2", ca=[base64.b64encode(b"\x30\x82" + b"x" * 300).decode()])
    assert said(await centre.session()) == ("", "hash-2", 3)


async def test_a_power_cut_on_trial_keeps_the_new_though_the_old_is_dead_by_then(device, centre, broker):
    rig = await device()
    await centre.session()
    await connect(centre, "hash-1", gen=4, secret="new")
    rig.cut_power()
    broker.allow(**{NEW: "new"})
    await device()
    assert said(await centre.session()) == ("hash-1", "", 4)


async def test_the_fleet_moves_to_another_certificate_over_two_that_overlap(device, centre, broker, authorities):
    old, new = authorities
    rig = await device()
    await centre.session()
    await connect(centre, "hash-1", ca=[old.der, new.der])
    assert said(await centre.session()) == ("hash-1", "", 3)
    await until(rig, lambda seen: seen["welcome"])  # else the answer goes into the next session, as if to its birth
    broker.show(new.server())
    broker.stop()
    broker.start()
    assert said(await centre.session()) == ("hash-1", "", 3), "it trusts either"
    await connect(centre, "hash-2", ca=[new.der])
    assert said(await centre.session()) == ("hash-2", "", 3)
    await connect(centre, "hash-3", ca=[old.der])
    assert said(await centre.session()) == ("hash-2", "hash-3", 3), "the old one is known no more"


async def test_two_certificates_in_an_identity_are_trusted_both(device, centre, broker, authorities):
    await device(ca=authorities[1].pem + authorities[0].pem)
    assert said(await centre.session()) == ("", "", 3)


async def test_another_broker_and_another_network_are_moved_to_together(device, centre, tmp_path, authorities):
    there = Broker(tmp_path, authorities[1].server(), **{NEW: "new"})
    there.start()
    moved = Centre(there.port)
    try:
        await moved.ready()
        rig = await device()
        await centre.session()
        await connect(centre, "hash-1", networks=[["hotspot", "password-2"]], gen=4, secret="new",
                      brokers=[["127.0.0.1", there.secure, 1]], ca=[authorities[1].der])  # fmt: skip
        assert said(await moved.session()) == ("hash-1", "", 4)
        rig.cut_power()
        await device()
        assert said(await moved.session()) == ("hash-1", "", 4)
    finally:
        moved.close()
        there.stop()


async def test_a_controller_that_is_silent_on_the_new_way_leaves_the_old_in_force(
    device, centre, broker, tmp_path, authorities
):
    """A broker that lets it in is not enough: only the controller's answer proves anything."""
    there = Broker(tmp_path, authorities[0].server(), **{OLD: "old"})
    there.start()
    try:
        await device()
        await centre.session()
        await connect(centre, "hash-1", brokers=[["127.0.0.1", there.secure, 1]])
        assert said(await centre.session()) == ("", "hash-1", 3)
    finally:
        there.stop()


async def test_a_document_that_came_with_the_old_session_open_ends_it_only_after_the_reply(device, centre):
    """The command's reply is heard although the session ends for it; and the will tells that it has ended."""
    await device()
    first = await centre.session()
    assert (await connect(centre, "hash-1", gen=4, secret="new"))["outcome"] == "done"
    assert (await centre.heard("state", lambda body: not body["online"]))["sid"] == first["sid"]
    assert said(await centre.session()) == ("hash-1", "", 4)

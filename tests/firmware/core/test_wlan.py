"""The radio's only user: it joins the known networks in their order, says why it could not, and looks round between."""

import json

import pytest

WLAN = """
from firmware.core import wlan as module
from firmware.core.wlan import Wlan

module.JOIN_MS = 1_500
radio = board.wlan()
joins = []
connect = radio.connect

def watched(ssid, password):
    joins.append(ssid)
    tell(join=ssid)
    connect(ssid, password)

radio.connect = watched

class Connection:
    turn = 1
    networks = [("first", "password-1"), ("second", "password-2")]
    hall = False
    trying = False
    choices = []

    def choose(self, ssid, password):
        self.choices.append((ssid, password))
        self.before, self.networks = self.networks, [(ssid, password)]
        self.hall = self.trying = True
        self.turn += 1

    def dismiss(self):
        tell(dismissed=1)
        self.settle(self.before)

    def settle(self, networks):
        self.networks = networks
        self.hall = self.trying = False
        self.turn += 1

connection = Connection()
wlan = Wlan(radio, connection)

async def look():
    while True:
        await go()
        tell(up=wlan.up, name=wlan.name, rssi=wlan.rssi, address=wlan.address, follows=wlan.ready, result=wlan.result())

async def scan():
    tell(found=await wlan.scan())

async def watch():
    was = None
    while True:
        now = wlan.name if wlan.ready else ""
        if now != was:
            was = now
            tell(here=now)
        await asyncio.sleep_ms(5)

board.front.on("scan", lambda value, line: [asyncio.create_task(scan()) for _ in range(value)])
board.front.on("choose", lambda value, line: wlan.choose(*value))
board.front.on("settle", lambda value, line: connection.settle([tuple(one) for one in value]))
asyncio.run(with_panel(wlan.run, look, watch))
"""
FIRST, SECOND = ["first", "password-1", -50], ["second", "password-2", -60]
OPEN, STRANGE = ["warung", "", -70], ["tetangga", "secret-of-others", -80]


@pytest.fixture
def wlan(start):
    """`await wlan(network, ...)`: a device that knows `first` and `second`, in an air with these networks."""

    async def begin(*air: list[object]):

        return await start(WLAN, role="sensor", BALAI_AIR=json.dumps(air))

    return begin


async def here(rig, name: str) -> None:
    """Wait until it has joined `name`, "" for none."""
    await rig.until(lambda rig: any(line.get("here") == name for line in rig.told))
    rig.told.clear()


async def state(rig) -> dict:
    rig.send(go=1)
    await rig.until(lambda rig: any("result" in line for line in rig.told))
    found = next(line for line in rig.told if "result" in line)
    rig.told.remove(found)
    return found


async def result(rig, wanted: str) -> dict:
    """Ask until the result's state is `wanted`."""
    while (found := (await state(rig))["result"])["state"] != wanted:
        pass
    return found


async def test_the_first_network_that_is_there_is_joined(wlan):
    rig = await wlan(SECOND, FIRST, OPEN)
    await here(rig, "first")
    found = await state(rig)
    assert found["up"]
    assert found["follows"]
    assert (found["name"], found["rssi"], found["address"]) == ("first", -50, "127.0.0.1")


async def test_the_next_is_tried_where_the_first_is_away_or_has_another_password(wlan):
    for air in ([SECOND], [["first", "changed-since", -40], SECOND]):
        rig = await wlan(*air)
        await here(rig, "second")
        await rig.end()


async def test_a_network_that_goes_is_left_for_one_that_is_there_and_the_first_comes_first_again(wlan):
    rig = await wlan(FIRST, SECOND)
    await here(rig, "first")
    rig.send(air=[SECOND])
    await here(rig, "second")
    rig.send(air=[FIRST])
    await here(rig, "first")
    rig.send(wlan=False)
    await here(rig, "")
    rig.send(wlan=True)
    await here(rig, "first")


async def test_what_is_joined_stays_joined_when_a_better_one_comes(wlan):
    rig = await wlan(SECOND)
    await here(rig, "second")
    rig.send(air=[FIRST, SECOND])
    for _ in range(20):
        assert (await state(rig))["name"] == "second"
    assert {"join": "first"} not in rig.told[1:]


async def test_a_look_round_tells_each_name_once_and_the_strongest_first(wlan):
    rig = await wlan(FIRST, STRANGE, ["first", "password-1", -90], OPEN, ["", "hidden-one", -10])
    await here(rig, "first")
    rig.send(scan=1)
    assert await rig.told_of("found") == [["first", -50, 1], ["warung", -70, 0], ["tetangga", -80, 1]]
    assert (await state(rig))["name"] == "first", "and the network stays"


async def test_looks_round_and_joining_never_meet(wlan):
    """The chip refuses to look while it joins, and to join while it joins: neither ever happens."""
    rig = await wlan(STRANGE)
    for _ in range(3):
        rig.send(scan=2)
        for _ in range(2):
            assert await rig.told_of("found") == [["tetangga", -80, 1]]
    rig.send(air=[SECOND])
    await here(rig, "second")
    assert [line for line in rig.stray if "Traceback" in line] == []


async def test_a_network_that_a_person_chose_is_joined_at_once(wlan):
    rig = await wlan(FIRST, OPEN)
    await here(rig, "first")
    assert (await state(rig))["result"] == {"state": "idle", "ssid": "", "reason": "", "address": ""}
    rig.send(choose=["warung", ""])
    await here(rig, "warung")
    assert await result(rig, "joined") == {
        "state": "joined", "ssid": "warung", "reason": "server", "address": "127.0.0.1",
    }  # fmt: skip
    rig.send(settle=[["warung", ""], ["first", "password-1"]])
    await rig.until(lambda rig: True)
    while (found := (await state(rig)))["result"]["reason"] or not found["follows"]:
        pass
    assert found["name"] == "warung"


@pytest.mark.parametrize(("ssid", "reason"), [("tetangga", "password"), ("nowhere", "missing")])
async def test_a_wrong_choice_says_so_and_the_old_networks_stay(wlan, ssid, reason):
    rig = await wlan(FIRST, STRANGE)
    await here(rig, "first")
    rig.send(choose=[ssid, "mistaken"])
    found = await result(rig, "failed")
    assert (found["ssid"], found["reason"]) == (ssid, reason)
    while (await state(rig))["name"] != "first":
        pass
    assert (await state(rig))["result"]["state"] == "failed", "until the next choice"
    rig.send(choose=["tetangga", "secret-of-others"])
    assert (await result(rig, "joined"))["ssid"] == "tetangga"


async def test_a_look_round_while_a_choice_is_tried_does_not_make_it_fail(wlan):
    rig = await wlan(FIRST, OPEN)
    await here(rig, "first")
    rig.send(choose=["warung", ""])
    for _ in range(3):
        rig.send(scan=1)
    assert (await result(rig, "joined"))["ssid"] == "warung"
    assert not any("dismissed" in line for line in rig.told)


async def test_a_choice_that_was_corrected_in_time_is_the_one_that_counts(wlan):
    rig = await wlan(FIRST, STRANGE)
    await here(rig, "first")
    rig.send(choose=["tetangga", "mistaken"])
    rig.send(choose=["tetangga", "secret-of-others"])
    assert (await result(rig, "joined"))["ssid"] == "tetangga"
    assert not any("dismissed" in line for line in rig.told)


async def test_a_network_where_the_controller_never_answers_has_failed_when_another_has_won(wlan):
    rig = await wlan(FIRST, OPEN)
    await here(rig, "first")
    rig.send(choose=["warung", ""])
    await result(rig, "joined")
    rig.send(settle=[["first", "password-1"]])
    found = await result(rig, "failed")
    assert (found["ssid"], found["reason"]) == ("warung", "server")


async def test_without_a_known_network_the_radio_is_left_to_itself(start):
    rig = await start(
        WLAN.replace('[("first", "password-1"), ("second", "password-2")]', "[]"), role="sensor"
    )  # an air that nobody describes: a cable
    await rig.until(lambda rig: any("here" in line for line in rig.told))
    found = await state(rig)
    assert found["up"]
    assert found["follows"]
    assert found["name"] == ""
    assert not any("join" in line for line in rig.told)

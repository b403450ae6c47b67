"""When the access point opens and closes, by a clock that the test turns."""

import pytest

FIELD = """
from firmware.boards.virtual import Board
from firmware.core import field
from firmware.core.field import Field
from firmware.core.loan import give_back

board = Board()
field.LOOK_MS = 5

class Clock:
    ms = 0

    def up(self):
        return self.ms

class Wlan:
    up = False
    pause_ms = 1
    found = {"state": "idle", "ssid": "", "reason": "", "address": ""}

    def point(self, ssid):
        tell(point=ssid)
        return self.radio.point(ssid) if ssid else None

    def result(self):
        return self.found

    async def scan(self):
        return []

class Connection:
    networks = [("desa", "")]

class Buttons:
    on_hold = None
    held = False

    def is_down(self, name):
        return self.held and name == "T"

clock, wlan, buttons = Clock(), Wlan(), Buttons()
wlan.radio = board.wlan()
slips = []
buttons.on_hold = slips.append
one = Field(wlan, Connection, clock, lambda code: tell(code=code), "02000000abcd", True)

def turn(ms, line):
    clock.ms += ms

def network(up, line):
    wlan.up = up

def result(value, line):
    wlan.found = dict(wlan.found)
    wlan.found.update(value)

async def look():
    for _ in range(8):
        await asyncio.sleep_ms(5)
    tell(loaded=[name for name in sys.modules if name.startswith("firmware.setup")], slips=slips)

board.front.on("turn", turn)
board.front.on("network", network)
board.front.on("result", result)
def faster(value, line):
    sys.modules["firmware.setup.point"].LOOK_MS = 5

board.front.on("faster", faster)
board.front.on("look", lambda value, line: asyncio.create_task(look()))
board.front.on("held", lambda value, line: buttons.on_hold(value))

async def main():
    one.watch(buttons)
    asyncio.create_task(one.run())
    tell(begun=1)
    await board.panel()
"""
MINUTE = 60_000


@pytest.fixture
def field(start):
    """`await field(held=...)`: a device that looks out for the need of an access point."""

    async def begin(before: str = ""):
        rig = await start(FIELD, before, "asyncio.run(main())")
        await rig.told_of("begun")
        return rig

    return begin


async def look(rig) -> dict:
    """Let it look round a few times; what it has said."""
    rig.send(look=1)
    await rig.until(lambda rig: any("loaded" in line for line in rig.told))
    found = next(line for line in rig.told if "loaded" in line)
    rig.told.remove(found)
    return found


async def opens(rig) -> None:
    await rig.until(lambda rig: any("portal" in line for line in rig.told))
    rig.send(faster=1)
    rig.told.clear()


async def closes(rig) -> None:
    await rig.until(lambda rig: {"point": ""} in rig.told)
    rig.told.clear()


async def test_ten_minutes_without_a_network_open_it_and_not_less(field):
    rig = await field()
    rig.send(turn=10 * MINUTE - 1)
    await look(rig)
    assert rig.told == []
    rig.send(turn=1)
    await opens(rig)


async def test_a_network_between_begins_the_ten_minutes_anew(field):
    rig = await field()
    rig.send(turn=9 * MINUTE)
    rig.send(network=True)
    await look(rig)
    rig.send(network=False)
    await look(rig)
    rig.send(turn=9 * MINUTE)
    await look(rig)
    assert rig.told == []
    rig.send(turn=MINUTE)
    await opens(rig)


async def test_a_button_held_at_power_on_opens_it_though_there_is_a_network(field):
    rig = await field("buttons.held = True\nwlan.up = True")
    await opens(rig)
    rig.send(turn=9 * MINUTE)
    await look(rig)
    assert {"point": ""} not in rig.told


async def test_a_button_held_soon_after_opens_it_and_later_asks_for_the_diagnosis(field):
    rig = await field("wlan.up = True")
    rig.send(turn=10_000)
    rig.send(held="T")
    await opens(rig)
    rig = await field("wlan.up = True")
    rig.send(turn=20_000)
    rig.send(held="T")
    rig.send(held="A")
    assert (await look(rig))["slips"] == ["T", "A"]
    assert rig.told == []


async def test_it_closes_ten_minutes_after_its_last_use(field):
    rig = await field("buttons.held = True")
    await opens(rig)
    rig.send(turn=10 * MINUTE - 1)
    await look(rig)
    assert {"point": ""} not in rig.told
    rig.send(turn=1)
    await closes(rig)


async def test_it_closes_a_minute_after_the_network_was_joined_and_the_controller_has_answered(field):
    rig = await field("buttons.held = True")
    await opens(rig)
    rig.send(result={"state": "joined", "reason": "server"})
    await rig.until(lambda rig: {"code": "S-03"} in rig.told)
    rig.send(turn=2 * MINUTE)
    await look(rig)
    assert {"point": ""} not in rig.told, "not before the answer"
    rig.send(result={"reason": ""})
    await look(rig)
    rig.send(turn=MINUTE)
    await closes(rig)


async def test_one_that_nobody_asked_for_closes_when_a_known_network_is_back(field):
    """A router that was off for ten minutes needs no technician."""
    rig = await field()
    rig.send(turn=10 * MINUTE)
    await opens(rig)
    rig.send(network=True)
    await closes(rig)


async def test_what_it_needed_is_given_back(field):
    rig = await field("buttons.held = True")
    await opens(rig)
    assert "firmware.setup.portal" in (await look(rig))["loaded"]
    rig.send(turn=10 * MINUTE)
    await closes(rig)
    assert (await look(rig))["loaded"] == []


async def test_it_opens_again_when_it_is_needed_again(field):
    rig = await field()
    for _ in range(2):
        rig.send(turn=10 * MINUTE)
        await opens(rig)
        rig.send(turn=10 * MINUTE)
        await closes(rig)
        await look(rig)


@pytest.mark.parametrize(
    ("state", "code"), [("idle", "S-01"), ("trying", "S-02"), ("joined", "S-03"), ("failed", "S-04")]
)
async def test_the_device_shows_a_code_for_each_state_and_none_in_the_end(field, state, code):
    rig = await field("buttons.held = True")
    rig.send(result={"state": state})
    await rig.until(lambda rig: {"code": code} in rig.told)
    rig.send(turn=10 * MINUTE)
    await rig.until(lambda rig: {"code": ""} in rig.told)

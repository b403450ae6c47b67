"""A hall whose uplink comes and goes: tickets are issued all the same, and all of it arrives once."""

import asyncio
from random import Random

import pytest

from hil.proxy import Proxy
from tests.scenarios.conftest import OpenHall
from tests.scenarios.witness import Witness


async def flap(uplink: Proxy, dice: Random) -> None:
    """Cut, restore and stall, at random, for ever."""
    while True:
        await asyncio.sleep(dice.uniform(0.02, 0.8))
        dice.choice((uplink.cut, uplink.stall, lambda: uplink.stall(up=False), lambda: uplink.stall(down=False)))()
        await asyncio.sleep(dice.uniform(0.02, 0.8))
        uplink.cut()  # what was stalled does not come back: make the device see it
        uplink.restore()


@pytest.mark.parametrize("citizens", [20, pytest.param(200, marks=pytest.mark.soak)])
async def test_tickets_taken_while_the_uplink_flaps_all_arrive_once(open_hall: OpenHall, dice: Random, citizens: int):
    hall = await open_hall("kiosk")
    witness = Witness(hall)
    await witness.ready()
    flapping = asyncio.create_task(flap(hall.bench.uplinks["kiosk"], dice))
    try:
        for _ in range(citizens):
            await hall.take(dice.choice("ABCD"))
    finally:
        flapping.cancel()
    hall.bench.uplinks["kiosk"].cut()
    hall.bench.uplinks["kiosk"].restore()
    await witness.settled()
    assert witness.count() == witness.papers() == list(range(1, citizens + 1))


@pytest.mark.soak  # the kiosk waits a quarter of a minute for the broker
async def test_a_line_that_swallows_everything_and_closes_nothing_is_found_out(open_hall: OpenHall):
    hall = await open_hall("kiosk")
    witness = Witness(hall)
    await witness.ready()
    await hall.take("A")
    await witness.settled()
    uplink = hall.bench.uplinks["kiosk"]
    uplink.stall()
    uplink.restore()  # a new connection would work; the kiosk must notice by itself that its own is dead
    for button in "BCD":
        await hall.take(button)
    assert uplink.swallowed
    await witness.settled()
    assert witness.count() == witness.papers() == [1, 2, 3, 4]

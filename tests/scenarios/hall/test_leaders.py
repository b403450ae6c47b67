"""Two who lead a hall, cut off from each other: no number twice, and nobody who holds one is forgotten."""

from itertools import count
from random import Random

import pytest

from hil.demo.hall import SITE
from tests.scenarios.conftest import OpenHall
from tests.scenarios.ledger import rebuilt
from tests.scenarios.waiting import until
from tests.scenarios.witness import Witness


@pytest.mark.parametrize("other", ["controller", pytest.param("kiosk-2", marks=pytest.mark.soak)])
async def test_a_kiosk_that_is_cut_off_and_another_leader_give_different_numbers(
    open_hall: OpenHall, dice: Random, other: str
):
    hall = await open_hall("kiosk")
    assert hall.api is not None
    witness = Witness(hall)
    await witness.ready()
    if other != "controller":
        place = {"site": SITE, "id": other, "role": "kiosk", "name": "Anjungan 2", "leads": True}
        await hall.api.post("/positions", place)
        identity = {**await hall.api.claim("02ba1a1000fe", SITE, other), "role": "kiosk"}
        await (await hall.add("other", identity)).power_on()
    for button in "AB":
        await hall.take(button)
    await witness.settled()
    hall.bench.uplink("kiosk", False)
    await hall.api.post(f"/sites/{SITE}/leader", {"leader": other})

    async def walk_in(key: str) -> int:
        outcome = await witness.command(key, op="issue", service="usaha", paper=0)
        assert outcome["outcome"] == "done"
        return int(str(outcome["ticket"]))

    inside, outside = [1, 2], []
    for n in range(4):
        inside.append(int((await hall.take(dice.choice("ABCD"))).split()[1]))
        outside.append(await walk_in(f"walk-in.{n}"))
    called = await witness.command("call.1", op="call_next", counter="2")
    assert called["ticket"] == 1, "the new leader knows who came first"
    witness.kiosk.press("A")
    await witness.kiosk.wait(lambda: len(witness.papers()) > 6)
    await witness.kiosk.cut_power()  # in the middle of a ticket, before it knows that it does not lead any more
    await witness.kiosk.power_on()
    hall.bench.uplink("kiosk", True)
    await witness.settled()
    assert witness.papers() == [*inside, 7]
    witness.arrived()
    witness.consistent()
    (given,) = witness.ledger.days(SITE)
    assert sorted(given) == sorted([*inside, 7, *outside])

    async def everybody() -> bool:
        tickets = (await hall.queue())["tickets"]
        assert isinstance(tickets, list)
        return {ticket["no"] for ticket in tickets} == {*inside, 7, *outside}

    await until(everybody, "the tickets of the kiosk that was cut off show up")
    calls: list[int] = []
    keys = count(1)

    async def called_all() -> bool:
        """A kiosk that leads is told of them after the controller's queue shows them."""
        outcome = await witness.command(f"later.{next(keys)}", op="call_next", counter="2")
        calls.extend([int(str(outcome["ticket"]))] if outcome["outcome"] == "done" else [])
        return len(calls) == 10

    await until(called_all, "somebody is never called")
    assert sorted(calls) == sorted([*inside[1:], 7, *outside]), "each is called once"
    await rebuilt(hall.controller)

"""A kiosk whose power goes at any moment: every number that was handed out is known, none is handed out twice."""

import asyncio
from random import Random

import pytest

from hil.demo.hall import SITE
from tests.scenarios.conftest import OpenHall
from tests.scenarios.witness import Witness

TICKET_S = 0.5  # a press to its paper, about


async def power_cut(witness: Witness) -> None:
    await witness.kiosk.cut_power()
    await witness.kiosk.power_on()
    await witness.ready()


@pytest.mark.parametrize("cuts", [6, pytest.param(100, marks=pytest.mark.soak)])
async def test_a_power_cut_at_any_moment_of_a_ticket_burns_at_most_its_number(
    open_hall: OpenHall, dice: Random, cuts: int
):
    hall = await open_hall("kiosk")
    witness = Witness(hall)
    await witness.ready()
    for _ in range(cuts):
        hall.bench.uplink("kiosk", dice.random() < 0.5)
        await hall.take(dice.choice("ABCD"))
        witness.kiosk.press(dice.choice("ABCD"))
        await asyncio.sleep(dice.uniform(0, TICKET_S))
        await power_cut(witness)
    hall.bench.uplink("kiosk", True)
    await hall.take("A")
    await witness.settled()
    today = witness.count()
    assert today == list(range(1, len(today) + 1)), "numbers go on upward"
    assert len(witness.papers()) == len(set(witness.papers())), "a number is on two papers"
    tickets = witness.ledger.kinds(SITE, "ticket.begun", "ticket.printed", "ticket.void")
    ended = [one["no"] for one in tickets if one["kind"] != "ticket.begun"]
    assert sorted(ended) == today, "every ticket that was begun is printed or void, once"


@pytest.mark.parametrize("cuts", [3, pytest.param(50, marks=pytest.mark.soak)])
async def test_a_command_whose_answer_was_lost_with_the_power_is_carried_out_once(
    open_hall: OpenHall, dice: Random, cuts: int
):
    hall = await open_hall("kiosk")
    witness = Witness(hall)
    await witness.ready()
    given = {}
    for key in (f"cut.{n}" for n in range(cuts)):
        asked = asyncio.create_task(witness.command(key, op="issue", service="surat", paper=0))
        await asyncio.sleep(dice.uniform(0, 0.03))
        await power_cut(witness)
        given[key] = await asked
        assert given[key]["outcome"] == "done"
        assert await witness.command(key, op="issue", service="surat", paper=0) == given[key]
    await witness.settled()
    issued = witness.ledger.kinds(SITE, "ticket.issued")
    assert [(one["key"], one["no"]) for one in issued] == [(key, one["ticket"]) for key, one in given.items()]
    assert witness.count() == list(range(1, cuts + 1))

"""The paper fails in every way it can: the hall goes on without, and no citizen holds a number that never comes."""

import pytest

from hil.demo.hall import SITE
from protocol.codes import PRINTER_OPEN, PRINTER_SILENT
from tests.scenarios.conftest import OpenHall
from tests.scenarios.witness import Witness


@pytest.fixture
async def witness(open_hall: OpenHall) -> Witness:
    one = Witness(await open_hall("kiosk"))
    await one.ready()
    return one


def whole(witness: Witness) -> int:
    return sum(ticket.whole for ticket in witness.kiosk.tickets)


def kinds(witness: Witness, *kinds: str) -> list[str]:
    return [str(one["kind"]) for one in witness.ledger.kinds(SITE, *kinds)]


async def test_paper_that_ends_in_the_middle_of_a_ticket_burns_it_and_the_number_is_shown(witness: Witness):
    await witness.stage.take("A")
    witness.kiosk.say({"paper": {"left": 7}})
    witness.kiosk.press("A")
    await witness.confirm("A  3")
    assert witness.papers() == [1, 2], "half a ticket hangs out of the printer, its number can be read"
    assert not witness.kiosk.parts.lamp
    witness.kiosk.press("B")
    await witness.confirm("B  4")  # nothing is even begun without paper
    witness.kiosk.paper(True)
    assert await witness.stage.take("C") == "C 5"
    assert witness.papers() == [1, 2, 5], "nothing of the burnt ticket comes out with the new roll"
    assert whole(witness) == 2
    await witness.settled()
    assert witness.count() == [1, 2, 3, 4, 5]
    (void,) = witness.ledger.kinds(SITE, "ticket.void")
    assert (void["no"], void["why"]) == (2, "out")
    assert kinds(witness, "paper.ok", "paper.out") == ["paper.ok", "paper.out", "paper.ok"]
    called = [await witness.command(f"call.{n}", op="call_next", counter="2") for n in range(4)]
    assert [one["ticket"] for one in called] == [1, 3, 4, 5], "the burnt number is not called"


async def test_paper_low_is_told_before_paper_out_and_tickets_go_on(witness: Witness):
    witness.kiosk.paper("low")
    for number in (1, 2):
        assert await witness.stage.take("A") == f"A {number}"
    assert not witness.kiosk.parts.lamp
    witness.kiosk.paper(False)
    witness.kiosk.press("A")
    await witness.confirm("A  3")
    await witness.settled()
    assert witness.count() == [1, 2, 3]
    assert kinds(witness, "paper.ok", "paper.low", "paper.out", "ticket.void") == ["paper.ok", "paper.low", "paper.out"]


@pytest.mark.parametrize(
    ("fault", "code", "burnt"),
    [
        ("cover", PRINTER_OPEN, []),
        ("silent", PRINTER_SILENT, []),
        ("stall", PRINTER_SILENT, [2]),  # it answers that all is well, so a ticket is begun
    ],
)
async def test_a_printer_that_cannot_print_is_worked_around_and_told_of(
    witness: Witness, fault: str, code: str, burnt: list[int]
):
    await witness.stage.take("A")
    witness.kiosk.say({"printer": {fault: True}})
    witness.kiosk.press("B")
    shown = 2 + len(burnt)
    await witness.confirm(f"B  {shown}")
    witness.kiosk.say({"printer": {fault: False}})
    assert await witness.stage.take("C") == f"C {shown + 1}"
    assert witness.papers() == [1, shown + 1], "nothing of the burnt ticket comes out late"
    await witness.settled()
    assert witness.count() == list(range(1, shown + 2))
    assert [one["no"] for one in witness.ledger.kinds(SITE, "ticket.void")] == burnt
    faults = witness.ledger.kinds(SITE, "fault.raised", "fault.cleared")
    assert [(one["kind"], one["code"]) for one in faults] == [("fault.raised", code), ("fault.cleared", code)]


async def test_a_printer_that_falls_silent_in_the_middle_of_a_ticket_burns_it(witness: Witness):
    witness.kiosk.press("A")
    await witness.kiosk.wait(lambda: witness.papers() == [1])
    witness.kiosk.say({"printer": {"silent": True}})
    await witness.confirm("A  2")
    witness.kiosk.say({"printer": {"silent": False}})
    assert await witness.stage.take("B") == "B 3"
    await witness.settled()
    assert witness.count() == [1, 2, 3]
    assert [one["no"] for one in witness.ledger.kinds(SITE, "ticket.void")] == [1]


async def test_power_cut_with_the_paper_out_and_a_number_on_the_display_forgets_nobody(witness: Witness):
    witness.kiosk.paper(False)
    witness.kiosk.press("A")
    await witness.kiosk.wait(lambda: witness.kiosk.digits == "A  1")
    witness.shown.append(1)
    await witness.kiosk.cut_power()
    await witness.kiosk.power_on()
    await witness.ready()
    witness.kiosk.paper(False)  # the roll is as empty as before
    await witness.kiosk.wait(lambda: not witness.kiosk.parts.lamp)
    witness.kiosk.press("A")
    await witness.confirm("A  2")
    await witness.settled()
    assert witness.count() == [1, 2]

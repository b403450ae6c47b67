"""The paper fails in every way it can: the hall goes on without, and no citizen holds a number that never comes."""

import pytest

from hil.demo.hall import SITE
from hil.demo.stage import whole
from protocol.codes import PRINTER_OPEN, PRINTER_SILENT
from tests.scenarios.conftest import OpenHall
from tests.scenarios.witness import Witness

FAULTS = ("fault.raised", "fault.cleared")


@pytest.fixture
async def witness(open_hall: OpenHall) -> Witness:
    one = Witness(await open_hall("kiosk"))
    await one.ready()
    await one.settled()
    return one


async def test_paper_is_low_then_ends_in_the_middle_of_a_ticket_and_comes_back(witness: Witness):
    witness.kiosk.paper("low")
    assert await witness.stage.take("A") == "A 1"
    assert not witness.kiosk.parts.lamp, "low is told while tickets still come out"
    witness.kiosk.say({"paper": {"left": 7}})
    witness.kiosk.press("A")
    await witness.confirm("A  3")
    assert witness.papers() == [1, 2], "half a ticket hangs out of the printer, its number can be read"
    witness.kiosk.press("B")
    await witness.confirm("B  4")  # nothing is even begun without paper
    witness.kiosk.paper(True)
    assert await witness.stage.take("C") == "C 5"
    assert witness.papers() == [1, 2, 5], "nothing of the burnt ticket comes out with the new roll"
    assert whole(witness.kiosk) == 2
    await witness.settled()
    assert witness.count() == [1, 2, 3, 4, 5]
    (void,) = witness.ledger.kinds(SITE, "ticket.void")
    assert (void["no"], void["why"]) == (2, "out")
    told = witness.ledger.kinds(SITE, "paper.ok", "paper.low", "paper.out")
    assert [one["kind"] for one in told] == ["paper.ok", "paper.low", "paper.out", "paper.ok"]
    called = [await witness.command(f"call.{n}", op="call_next", counter="2") for n in range(4)]
    assert [one["ticket"] for one in called] == [1, 3, 4, 5], "the burnt number is not called"


async def fails(witness: Witness, fault: str, code: str, burnt: list[int]) -> None:
    """Let the printer fail before a ticket: its number is shown, those that were begun are `burnt`."""
    first = max(witness.ledger.days(SITE)[-1], default=0) + 1
    papers, faults = witness.papers(), len(witness.ledger.kinds(SITE, *FAULTS))
    witness.kiosk.say({"printer": {fault: True}})
    witness.kiosk.press("B")
    shown = first + len(burnt)
    await witness.confirm(f"B {shown:2d}")
    witness.kiosk.say({"printer": {fault: False}})
    assert await witness.stage.take("C") == f"C {shown + 1}"
    assert witness.papers() == [*papers, shown + 1], "nothing of a burnt ticket comes out late"
    await witness.settled()
    assert witness.count() == list(range(1, shown + 2))
    assert [one["no"] for one in witness.ledger.kinds(SITE, "ticket.void")][-1:] == burnt
    told = [(one["kind"], one["code"]) for one in witness.ledger.kinds(SITE, *FAULTS)][faults:]
    assert told == [("fault.raised", code), ("fault.cleared", code)]


async def test_a_printer_that_is_open_or_silent_is_worked_around_and_told_of(witness: Witness):
    await fails(witness, "cover", PRINTER_OPEN, [])
    await fails(witness, "silent", PRINTER_SILENT, [])
    witness.kiosk.press("A")
    await witness.kiosk.wait(lambda: witness.papers()[-1] == 5)
    witness.kiosk.say({"printer": {"silent": True}})  # in the middle of a ticket
    await witness.confirm("A  6")
    witness.kiosk.say({"printer": {"silent": False}})
    assert await witness.stage.take("B") == "B 7"
    await witness.settled()
    assert witness.count() == [1, 2, 3, 4, 5, 6, 7]
    assert [one["no"] for one in witness.ledger.kinds(SITE, "ticket.void")] == [5]


@pytest.mark.soak  # a mechanism is given eight seconds
async def test_a_printer_that_stands_burns_the_ticket_that_it_has_begun(witness: Witness):
    await fails(witness, "stall", PRINTER_SILENT, [1])  # it says that all is well, so the ticket is begun


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

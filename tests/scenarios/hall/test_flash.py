"""The power goes at a write to the flash: whatever a citizen has in hand then is known after the next boot.

Everything before is acknowledged and gone from the journal's duties, and the uplink is down: the flash alone remembers.
"""

import shutil
from random import Random

import pytest

from hil.bench import IMAGE
from hil.demo.hall import SITE
from hil.device import DeviceError
from protocol.queue import State, answer
from protocol.queue.state import BEGUN
from tests.scenarios.conftest import OpenHall
from tests.scenarios.ledger import replayed
from tests.scenarios.witness import Witness, flash, journal

BLOCKS = 48
BEFORE = 58  # tickets after the day's snapshot, so that the next snapshot falls into those that are cut
WRITES = 80  # at least, from switching on to the second citizen's confirmation
TORN = ("none", "half", "noise")


class Cuts:
    """A hall at one moment, again and again: its kiosk's power is cut at the n-th write after it was switched on."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.kiosk = witness.kiosk
        self.seq, _ = flash(self.kiosk.folder)
        self.before = witness.history(self.seq)
        self.held = set(witness.ledger.days(SITE)[-1])
        self._image = self.kiosk.folder / IMAGE
        self._kept = self._image.with_name("kept.img")
        shutil.copyfile(self._image, self._kept)

    async def cut(self, at: int, torn: str) -> bool:
        """Take two tickets, on paper and shown, with a cut at the write `at`; return whether there was one.

        Fails where something is forgotten or doubled after the next boot.
        """
        shutil.copyfile(self._kept, self._image)
        self.kiosk.tickets.clear()
        self.witness.shown.clear()
        whole = False
        try:
            await self.kiosk.power_on(BALAI_FLASH_CUT=str(at), BALAI_FLASH_TORN=torn)
            await self._citizens()
            whole = True
        except DeviceError:
            assert not self.kiosk.powered, "it hangs, and its power was not cut"
        await self.kiosk.cut_power()
        await self.kiosk.power_on()
        await self.witness.ready()
        before = {*self.witness.papers(), *self.witness.shown}
        number = int((await self.witness.stage.take("C")).split()[1])
        await self.kiosk.cut_power()
        self._count(before, number)
        return not whole

    async def _citizens(self) -> None:
        await self.witness.ready()
        await self.witness.stage.take("A")
        self.kiosk.paper(False)
        self.witness.kiosk.press("B")
        shown = f"B {max(self.held) + 2:2d}"
        await self.kiosk.wait(lambda: self.kiosk.digits == shown)
        self.witness.shown.append(max(self.held) + 2)
        await self.witness.press("A")
        await self.witness.ready()

    def _count(self, before: set[int], number: int) -> None:
        papers = self.witness.papers()
        assert len(set(papers)) == len(papers), "a number is on two papers"
        assert not {*papers, *self.witness.shown} & self.held, "a number of before was handed out again"
        assert number not in before, "a number that somebody holds was handed out again"
        _, state = flash(self.kiosk.folder)
        for held in (*self.held, *before, number):
            assert state.status(held) > BEGUN, f"{held} is in somebody's hand and not in the queue"
        later = [event for event in journal(self.kiosk.folder) if event[0] > self.seq]
        assert [event[0] for event in later] == list(range(self.seq + 1, self.seq + 1 + len(later)))
        replay = replayed([*self.before, *((e[4], e[5], e[1]) for e in later)])
        assert state.dump() == replay.dump(), "the flash says otherwise than its events"
        _keys(state, later)


def _keys(state: State, later: list[list]) -> None:
    """Each command of a citizen is known by its key, and the answer is the number that it was given."""
    for event in later:
        kind, data = event[4], event[5]
        if kind in ("ticket.begun", "ticket.issued"):
            first = answer(state, data["key"])
            assert first is not None
            assert first["ticket"] == data["no"]


@pytest.fixture
async def cuts(open_hall: OpenHall) -> Cuts:
    hall = await open_hall("kiosk", blocks=BLOCKS, BALAI_LINE_MS="2")
    witness = Witness(hall)
    await witness.ready()
    for n in range(BEFORE):
        outcome = await witness.command(f"before.{n}", op="issue", service="surat", paper=0)
        assert outcome["outcome"] == "done"
    await witness.settled()
    witness.count()
    await witness.kiosk.cut_power()
    hall.bench.uplink("kiosk", False)
    return Cuts(witness)


async def test_a_power_cut_at_some_writes_forgets_nothing_that_a_citizen_holds(cuts: Cuts, dice: Random):
    done = [await cuts.cut(dice.randrange(1, WRITES), dice.choice(TORN)) for _ in range(8)]
    assert sum(done) > 4, "the flash was hardly written"
    await later(cuts)


@pytest.mark.soak
async def test_a_power_cut_at_any_write_forgets_nothing_that_a_citizen_holds(cuts: Cuts):
    at = 1
    while all([await cuts.cut(at, torn) for torn in TORN]):
        at += 1
    assert at > WRITES, "the flash was hardly written"
    await later(cuts)


async def later(cuts: Cuts) -> None:
    """The uplink comes back: what was taken after the last cut arrives."""
    cuts.witness.stage.bench.uplink("kiosk", True)
    await cuts.kiosk.power_on()
    await cuts.witness.settled()
    cuts.witness.arrived()
    cuts.witness.consistent()

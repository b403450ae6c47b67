"""A scripted visit: tickets, calls, an uplink cut and a power cut, and a count of both sides at the end."""

import asyncio
import time
from collections.abc import Callable

from hil.api import Json
from hil.demo.hall import SITE
from hil.demo.stage import READY, Stage, heading
from hil.device import HANGS


class VisitError(Exception):
    """Something did not come out as it must; the text says what."""


class Visit:
    """Plays the visit on an open stage, and prints each step with the seconds since `began` (`time.monotonic`)."""

    def __init__(self, stage: Stage, began: float) -> None:
        self._stage = stage
        self._began = began
        self._kiosk = stage.device("kiosk")
        self._display = stage.device("display")
        self._counter = stage.device("counter")

    async def run(self) -> None:
        """Play it. Raises VisitError, or DeviceError where a device does not do what is waited for."""
        await self._kiosk.wait(lambda: self._kiosk.digits == READY)
        await self._first_ticket()
        await self._first_call()
        await self._uplink_cut()
        await self._power_cut()
        await self._console_call()
        await self._count()

    async def _first_ticket(self) -> None:
        number = await self._stage.take("A")
        self._say(f"a citizen presses A: the kiosk prints {number}")
        await self._known(1)
        self._say("the controller has it in its database")

    async def _first_call(self) -> None:
        await self._counter.wait(lambda: self._counter.digits == "N  1")
        self._counter.key("A")
        await self._shown("A 1>1")
        self._say(f"the clerk presses A on the keypad: the display shows {self._display.digits}")
        await self._display.wait(lambda: self._stage.said().endswith("loket satu"))
        self._say(f'and says "{self._stage.said()}"')

    async def _uplink_cut(self) -> None:
        await self._stage.switch("kiosk", "uplink", False)
        self._say("the kiosk's uplink is cut")
        numbers = [await self._stage.take(button) for button in "BCD"]
        self._say(f"three citizens press B, C and D all the same: {', '.join(numbers)}")
        self._counter.key("A")
        await self._counter.wait(lambda: self._counter.digits == "----")
        self._say("the keypad's call cannot reach the kiosk: it shows ---- and keeps asking with the same key")
        await self._stage.switch("kiosk", "uplink", True)
        await self._known(4)
        self._say("the uplink is back: all three have reached the database")
        await self._shown("B 2>1")
        self._say(f"and the call was carried out, once: the display shows {self._display.digits}")

    async def _power_cut(self) -> None:
        before = len(self._kiosk.tickets)
        self._kiosk.press("A")
        await self._kiosk.wait(lambda: len(self._kiosk.tickets) > before and len(self._kiosk.tickets[-1].lines) > 2)
        await self._stage.switch("kiosk", "power", False)
        self._say("the kiosk's power is cut while it prints the fifth ticket")
        await self._stage.switch("kiosk", "power", True)
        await self._kiosk.wait(lambda: self._kiosk.digits == READY)
        number = await self._stage.take("A")
        if number != "A 6":
            raise VisitError(f"after the power cut the kiosk gave {number}; 5 was begun, so 6 was due")
        self._say(f"power is back: 5 stays in the queue, its paper may be readable; the next number is {number}")

    async def _console_call(self) -> None:
        assert self._stage.api is not None
        await self._known(5)
        outcome = await self._stage.api.command(SITE, "visit.1", op="call_next", counter="2")
        again = await self._stage.api.command(SITE, "visit.1", op="call_next", counter="2")
        if outcome != again or outcome.get("outcome") != "done":
            raise VisitError(f"the same key was answered with {outcome} and then with {again}")
        await self._shown("C 3>2")
        self._say(f"a clerk calls from the console, twice with one key: the display shows {self._display.digits}")

    async def _count(self) -> None:
        """Both sides: every whole paper is a ticket in the database, no number twice."""
        assert self._stage.api is not None
        papers = [heading(ticket) for ticket in self._kiosk.tickets if ticket.whole]
        day = await self._stage.api.get(f"/sites/{SITE}/queue/day")
        self._say(f"on whole papers: {', '.join(papers)}; in the database: {day['issued']} numbers")
        if len(set(papers)) != len(papers):
            raise VisitError("a number is on two papers")
        if (day["issued"], day["void"], len(papers)) != (6, 0, 5):
            raise VisitError("paper and database do not agree: 5 whole papers, a torn one and 6 numbers were due")

    async def _shown(self, digits: str) -> None:
        await self._display.wait(lambda: self._display.digits == digits)

    async def _known(self, tickets: int) -> None:
        """Wait until the controller's queue has as many open tickets."""
        await self._until(lambda queue: isinstance(queue["tickets"], list) and len(queue["tickets"]) >= tickets)

    async def _until(self, seen: Callable[[Json], bool]) -> None:
        end = time.monotonic() + HANGS
        while not seen(await self._stage.queue()):
            if time.monotonic() > end:
                raise VisitError("the controller has not learnt what happened in the hall")
            await asyncio.sleep(0.02)

    def _say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:7.2f} s  {text}", flush=True)

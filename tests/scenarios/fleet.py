"""A fleet for counting: a real controller, and halls with one light kiosk each that has busy days to tell of."""

import asyncio
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from bench.hall import events
from bench.halls import furnish
from bench.load import site_of
from hil.api import Api
from hil.demo.controller import Controller
from hil.device import HANGS
from hil.light.device import Light
from tests.scenarios.ledger import Event, Ledger


class Fleet:
    """`open(count)` it, `fill` it, look; `close()` ends it all. `options` are the controller's."""

    def __init__(self, folder: Path, **options: str | bool) -> None:
        self.controller = Controller(folder, **options)
        self.ledger = Ledger(self.controller.data)
        self.kiosks: list[Light] = []
        self.sent: dict[str, list[Event]] = {}
        self._days = {}  # device -> what its hall goes through
        self._running: dict[str, asyncio.Task[None]] = {}

    async def open(self, count: int, **how: int) -> None:
        """Start the controller and `count` halls, whose kiosks are known; `how` is theirs (`batch`, `kept`)."""
        await self.controller.start()
        async with Api(self.controller.address) as api:
            await api.sign_in(self.controller.name, self.controller.password)
            for number in range(count):
                await self._furnish(api, number, how)
        self._running = {kiosk.device: asyncio.create_task(kiosk.run()) for kiosk in self.kiosks}
        await self.until(lambda: all(kiosk.welcome for kiosk in self.kiosks))

    async def _furnish(self, api: Api, number: int, how: dict[str, int]) -> None:
        kiosk = await furnish(api, self.controller, number, **how)
        self.kiosks.append(kiosk)
        self.sent[kiosk.device] = []
        self._days[kiosk.device] = events(site_of(number), number)

    def fill(self, each: int) -> None:
        """Let `each` more events happen at every kiosk."""
        for kiosk in self.kiosks:
            rows = kiosk.write(islice(self._days[kiosk.device], each))
            self.sent[kiosk.device] += [(kiosk.log, kiosk.boot, *row) for row in rows]

    def dismiss(self) -> Light:
        """Take the last kiosk out of the fleet; its account is free for others."""
        kiosk = self.kiosks.pop()
        self._running[kiosk.device].cancel()
        del self.sent[kiosk.device]
        return kiosk

    @property
    def acked(self) -> int:
        """How many events the kiosks have been told to be safe."""
        return sum(kiosk.acked for kiosk in self.kiosks)

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until `true()`, looked at whenever a kiosk hears something."""
        async with asyncio.timeout(HANGS * 2):
            waiting = [asyncio.create_task(kiosk.until(true)) for kiosk in self.kiosks]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def delivered(self) -> None:
        """Wait until every kiosk has been told that all it has is safe."""
        async with asyncio.timeout(HANGS * 2):
            for kiosk in self.kiosks:
                await kiosk.until(lambda kiosk=kiosk: kiosk.acked == kiosk.last)

    def count(self) -> None:
        """Count on both sides: what the kiosks have sent is in the database, each once, in its order, nothing else."""
        for kiosk in self.kiosks:
            assert self.ledger.events(kiosk.device) == self.sent[kiosk.device]
        assert [letter for letter in self.ledger.letters() if letter[0] in self.sent] == []

    def safe(self) -> None:
        """See that what was acknowledged so far is in the database."""
        told = {kiosk.device: kiosk.acked for kiosk in self.kiosks}
        for device, acked in told.items():
            assert self.ledger.events(device)[:acked] == self.sent[device][:acked], "acknowledged and not there"

    async def close(self) -> None:
        """End every session and process."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        await self.controller.stop()

"""What happens in a simulated hall: people come all day, and something is wrong with some of its devices.

dark       the electricity has ended: every device of the hall is out of reach
flapping   the uplink goes for a minute every four
display    the number display is unplugged
paper      the kiosk's paper is out
low        it is nearly out
printer    the printer does not answer
"""

import asyncio
import random
import time
from functools import partial

from hil.demo.hall import SERVICES
from hil.demo.regency.places import Hall
from hil.light.device import Json, Light
from hil.light.leading import Leading
from hil.light.visitors import Visitors

KIOSK = "kiosk-1"
PAST_MS = 3 * 3_600_000  # of the day, that have been before the demo begins
GAP_S = 360.0  # between two who come to a hall with one counter
SAYS_S = 120.0  # between two states of a device
UP_S, DOWN_S = 240.0, 60.0
RELEASES = ("0.1.0", "0.1.0", "0.1.0", "0.0.9")
TELLS: dict[str, tuple[str, Json, str]] = {  # event, its fields, and the code that the kiosk shows
    "paper": ("paper.out", {}, "E-07"),
    "low": ("paper.low", {}, "E-06"),
    "printer": ("fault.raised", {"code": "E-08"}, "E-08"),
}


class Living:
    """The life of one hall, whose devices are `lights` by position."""

    def __init__(self, hall: Hall, lights: dict[str, Light], seed: int) -> None:
        self._hall, self._lights = hall, lights
        self._random = random.Random(seed)
        self._sessions: dict[str, asyncio.Task[None]] = {}
        services = [(str(one["id"]), int(str(one["mins"]))) for one in SERVICES]
        counters = [str(number + 1) for number in range(hall.counters)]
        self._since = int(time.time() * 1000) - PAST_MS
        self._queue = Leading(lights[KIOSK], KIOSK, self._since)
        self._visitors = Visitors(self._queue, services, counters, GAP_S / hall.counters, seed)
        firmware = self._random.choice(RELEASES)
        for position, light in lights.items():
            role = position.rpartition("-")[0]
            light.more |= {"role": role, "fw": firmware, "boots": self._random.randrange(3, 60)}
            self._vary(light)

    async def run(self) -> None:
        """Live until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._people())
                group.create_task(self._states())
                group.create_task(self._trouble())
        finally:
            for position in self._lights:
                await self._unplug(position)

    async def _people(self) -> None:
        await self._lights[KIOSK].until(lambda: self._queue.state.term)
        for at in self._visitors.days(self._since):
            if (ahead := at / 1000 - time.time()) > 0:
                await asyncio.sleep(ahead)

    async def _states(self) -> None:
        while True:
            await asyncio.sleep(self._random.uniform(0.5, 1.5) * SAYS_S)
            for light in self._lights.values():
                self._vary(light)
                light.say()

    async def _trouble(self) -> None:
        for position in self._lights:
            self._plug(position)
        trouble, kiosk = self._hall.trouble, self._lights[KIOSK]
        for light in self._lights.values():
            await light.until(partial(getattr, light, "welcome"))
        if trouble in TELLS:
            kind, data, code = TELLS[trouble]
            kiosk.write([(int(time.time() * 1000), kind, data)])
            kiosk.more["code"] = code
            kiosk.say()
        elif trouble == "display":
            await self._unplug("display-1")
        elif trouble == "dark":
            for position in self._lights:
                await self._unplug(position)
        while trouble == "flapping":
            await asyncio.sleep(UP_S)
            for position in self._lights:
                await self._unplug(position)
            await asyncio.sleep(DOWN_S)
            for position in self._lights:
                self._plug(position)

    def _plug(self, position: str) -> None:
        self._sessions[position] = asyncio.create_task(self._lights[position].run())

    async def _unplug(self, position: str) -> None:
        if (session := self._sessions.pop(position, None)) is not None:
            session.cancel()
            await asyncio.gather(session, return_exceptions=True)

    def _vary(self, light: Light) -> None:
        """Have what a device measures of itself wander a little."""
        wireless = self._hall.uplink == "wireless"
        light.more["heap"] = 62_000 + self._random.randrange(-6_000, 6_000)
        light.more["rssi"] = (-74 if wireless else -58) + self._random.randrange(-6, 7)
        light.more["clock"] = 4

"""Simulated halls at the demo's controller, so that every page has life."""

import asyncio

from hil.api import Api, Json
from hil.demo.controller import Controller
from hil.demo.hall import SERVICES, SITE
from hil.demo.regency.life import KIOSK, Living
from hil.demo.regency.places import HALLS, REAL, Hall
from hil.light.device import Light

MAC = "02ba1a2{:05x}"
AT_ONCE = 4  # requests


class Regency:
    """The first `count` simulated halls around the real one. `run()` makes them and has them live."""

    def __init__(self, controller: Controller, api: Api, count: int = len(HALLS)) -> None:
        self._controller, self._api = controller, api
        self._halls = HALLS[:count]
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Live until cancelled. Raises ApiError where the controller does not take a hall."""
        district, lat, lon = REAL
        await self._api.patch(f"/sites/{SITE}", {"district": district, "lat": lat, "lon": lon, "uplink": "fibre"})
        async with asyncio.TaskGroup() as group:
            for number, hall in enumerate(self._halls):
                group.create_task(self._live(hall, number))

    async def _live(self, hall: Hall, number: int) -> None:
        async with self._turn:
            living = await self._furnish(hall, number)
        await living.run()

    async def _furnish(self, hall: Hall, number: int) -> Living:
        counters = [{"id": str(one + 1), "name": f"Loket {one + 1}", "services": []} for one in range(hall.counters)]
        site: Json = {
            "id": hall.id, "name": hall.name, "kind": hall.kind, "district": hall.district, "lat": hall.lat,
            "lon": hall.lon, "uplink": hall.uplink, "services": SERVICES, "counters": counters,
        }  # fmt: skip
        await self._api.post("/sites", site)
        places = [(KIOSK, "kiosk", "Anjungan 1", ""), ("display-1", "display", "Papan nomor", "")]
        places += [
            (f"counter-{one['id']}", "counter", f"Papan tombol {one['name']}", str(one["id"])) for one in counters
        ]
        lights = {}
        for at, (position, role, name, counter) in enumerate(places):
            body = {"site": hall.id, "id": position, "role": role, "name": name, "leads": role == "kiosk"}
            await self._api.post("/positions", {**body, "counter": counter})
            identity = await self._api.claim(MAC.format(number * 16 + at), hall.id, position)
            lights[position] = Light(
                str(identity["device"]),
                self._controller.broker_port,
                str(identity["username"]),
                str(identity["secret"]),
            )
        return Living(hall, lights, number)

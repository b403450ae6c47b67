"""The simulated halls of the demo, at a real controller and broker."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hil.api import Api
from hil.demo.controller import Controller
from hil.demo.hall import furnish
from hil.demo.regency.places import HALLS, Hall
from hil.demo.regency.regency import Regency
from tests.scenarios.waiting import until

COUNT = 3


@pytest.fixture
async def api(tmp_path: Path):
    controller = Controller(tmp_path)
    await controller.start()
    try:
        async with Api(controller.address) as made:
            await made.sign_in(controller.name, controller.password)
            await furnish(made)
            living = asyncio.create_task(Regency(controller, made, COUNT).run())
            yield made
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)
    finally:
        await controller.stop()


def there(api: Api, hall: Hall) -> Callable[[], Awaitable[bool]]:
    """Whether all devices of a hall are, and people have come."""

    async def look() -> bool:
        devices = (await api.get("/devices", site=hall.id))["items"]
        assert isinstance(devices, list)
        if sum(one["online"] for one in devices) < 2 + hall.counters:
            return False
        return bool((await api.get(f"/sites/{hall.id}/queue"))["tickets"])

    return look


def issued(api: Api, site: str, ticket: object) -> Callable[[], Awaitable[bool]]:
    """Whether the hall's log says that a number was given by a clerk."""

    async def look() -> bool:
        events = (await api.get("/events", site=site, kind="ticket.issued"))["events"]
        assert isinstance(events, list)
        return ticket in [one["data"]["no"] for one in events]

    return look


async def test_simulated_halls_have_had_a_morning_and_take_a_clerks_command(api: Api):
    for hall in HALLS[:COUNT]:
        await until(there(api, hall), f"{hall.name} lives")
        outcome = await api.command(hall.id, "uji", op="issue", service="surat")
        assert outcome == await api.command(hall.id, "uji", op="issue", service="surat")
        assert outcome["outcome"] == "done"
        await until(issued(api, hall.id, outcome["ticket"]), "the number is in the log")
        found = await api.get(f"/sites/{hall.id}/queue")
        assert (found["leader"], found["term"]) == ("kiosk-1", 2)
    sites = (await api.get("/sites"))["items"]
    assert isinstance(sites, list)
    known = {one["id"]: one["district"] for one in sites}
    assert (known["genteng-kulon"], len(known)) == ("genteng", COUNT + 1)

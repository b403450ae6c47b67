"""Halls with one light kiosk each at a real controller, for what is counted and measured."""

from bench.hall import COUNTERS, SERVICES
from bench.load import device_name, site_of
from hil.api import Api
from hil.demo.controller import Controller
from hil.light.device import Light


async def furnish(api: Api, controller: Controller, number: int, **how: int) -> Light:
    """Make the hall with this number and claim its kiosk, which is to be `run()`; `how` is the kiosk's."""
    device, site = device_name(number), site_of(number)
    services = [{"id": one, "letter": "ABC"[i], "name": one.upper()} for i, one in enumerate(SERVICES)]
    counters = [{"id": one, "name": f"Loket {one}"} for one in COUNTERS]
    await api.post("/sites", {"id": site, "name": site, "services": services, "counters": counters})
    await api.post("/positions", {"site": site, "id": "kiosk-1", "role": "kiosk", "name": "Anjungan", "leads": True})
    identity = await api.claim(device, site, "kiosk-1")
    return Light(device, controller.broker_port, str(identity["username"]), str(identity["secret"]), **how)

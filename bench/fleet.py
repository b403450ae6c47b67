"""A fleet of the regency's size at a real controller: light devices by the hundred and some halls of real firmware.

Sites, positions and the light devices are written into the controller's database before it starts: claiming 1,700 of
them one by one over HTTP is not what is measured here. The real ones are claimed as a technician would.
"""

import asyncio
import secrets
from collections.abc import Iterable
from pathlib import Path

from sqlmodel import Session

from bench.hall import COUNTERS, SERVICES
from controller.accounts.service import add_user
from controller.broker.vault import Vault
from controller.db import Database
from controller.fleet import service
from controller.fleet.models import Device, Position, Site
from controller.folder import Folder
from controller.ingest.alarms import now_ms
from controller.migrations import upgrade
from hil.api import Api, Json
from hil.bench import Bench
from hil.boards import Boards
from hil.demo.controller import Controller
from hil.demo.stage import BOARD
from hil.light.device import Light
from hil.light.updating import Updating

DEVICES, SITES = 1_740, 287
REAL_HALLS, REAL_ROLES = 10, ("kiosk", "display", "counter", "counter")
ROLES = ("kiosk", "display", "counter", "counter", "display", "counter", "counter")
ADMIN, PASSWORD = "admin", "kata-sandi-admin"
MAC = "24dcc4{:06x}"
BOOTING = 4  # real devices at a time


def place_of(number: int, sites: int) -> tuple[str, int]:
    """Return the site of a light device, and which of its positions it has."""
    return f"desa-{number % sites:03d}", number // sites


class Fleet:
    """`devices` in `sites` halls below `folder`, `halls` of them of real firmware. `open()` it, `close()` it."""

    def __init__(self, folder: Path, devices: int, sites: int, halls: int, **options: str) -> None:
        self.controller = Controller(folder / "controller", **options)
        self.bench = Bench(folder / "devices", Boards())
        self.real: list[str] = []
        self.light: list[Updating] = []
        self._secrets: dict[str, str] = {}
        self._count = devices - halls * len(REAL_ROLES)
        self._sites, self._halls = sites - halls, halls
        self._api: Api | None = None
        self._running: list[asyncio.Task[None]] = []

    @property
    def api(self) -> Api:
        """The controller's, signed in."""
        assert self._api is not None
        return self._api

    @property
    def lights(self) -> list[Light]:
        """The light devices."""
        return [one.light for one in self.light]

    async def open(self) -> None:
        """Write the fleet, start the controller, switch everything on, and wait until all are there."""
        await asyncio.to_thread(self._write)
        await self.controller.start()
        self._api = Api(self.controller.address)
        await self._api.sign_in(ADMIN, PASSWORD)
        for number in range(self._count):
            device = MAC.format(number)
            role = ROLES[place_of(number, self._sites)[1]]
            light = Light(device, self.controller.broker_port, f"{device}.1", self._secrets[device], pause_s=2)
            light.more |= {"role": role, "heap": 60_000, "rssi": -60, "clock": 4}
            self.light.append(Updating(light))
        for hall in range(self._halls):
            await self._real_hall(f"nyata-{hall:02d}", hall)
        await self.on()

    async def on(self) -> None:
        """Switch everything on at once, and wait until all are there and have nothing left to tell."""
        self._running = [asyncio.create_task(one.run()) for one in self.lights]
        booting = asyncio.Semaphore(BOOTING)

        async def boot(name: str) -> None:
            async with booting:
                await self.bench.devices[name].power_on()

        await asyncio.gather(*map(boot, self.real))
        for light in self.lights:
            await light.until(lambda light=light: light.welcome and light.acked == light.last)

    async def cut(self) -> None:
        """Take the electricity from everything."""
        for one in self.lights:
            one.power_cut()
        await self._end()
        await asyncio.gather(*(self.bench.devices[name].cut_power() for name in self.real))

    async def close(self) -> None:
        """End every process."""
        for one in self.light:
            await one.end()
        await self._end()
        await self.bench.stop()
        if self._api is not None:
            await self._api.__aexit__(None, None, None)
        await self.controller.stop()

    async def _end(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running = []

    async def _real_hall(self, site: str, hall: int) -> None:
        positions = list(_positions(site, REAL_ROLES))
        await self.api.post("/sites", _site(site).model_dump(include={"id", "name", "services", "counters"}))
        for number, position in enumerate(positions):
            where: Json = {"site": site, "id": position.id, "role": position.role, "name": position.name}
            await self.api.post("/positions", {**where, "counter": position.counter, "leads": position.leads})
            identity = await self.api.claim(f"02ba1b{hall:04x}{number:02x}", site, position.id)
            name = f"{site}.{position.id}"
            await self.bench.add(name, {**identity, "role": position.role}, **BOARD)
            self.real.append(name)

    def _write(self) -> None:
        folder = Folder(self.controller.data)
        folder.make()
        db = Database(f"sqlite:///{folder.database}")
        vault = Vault(folder.keys / "secrets.key")
        try:
            upgrade(db)
            db.write(lambda session: self._fill(session, vault))
        finally:
            db.close()

    def _fill(self, session: Session, vault: Vault) -> None:
        add_user(session, ADMIN, "admin", PASSWORD)
        places: dict[str, list[str]] = {}
        for number in range(self._count):
            places.setdefault(place_of(number, self._sites)[0], []).append(MAC.format(number))
        for site, devices in places.items():
            session.add(_site(site))
            positions = list(_positions(site, ROLES[: len(devices)]))
            session.add_all(positions)
            for device, position in zip(devices, positions, strict=True):
                self._secrets[device] = secret = secrets.token_urlsafe(24)
                session.add(
                    Device(id=device, site=site, position=position.id, role=position.role, generation=1, last=1,
                           sealed=vault.seal(secret, f"{device}.1"), claimed=now_ms())
                )  # fmt: skip
            session.flush()
            service.grant(session, site)


def _site(site: str) -> Site:
    services: list[Json] = [
        {"id": one, "letter": "ABC"[at], "name": one.upper(), "need": "", "mins": 10} for at, one in enumerate(SERVICES)
    ]
    counters: list[Json] = [{"id": one, "name": f"Loket {one}", "services": []} for one in COUNTERS]
    return Site(
        id=site, name=site, kind="village", tz=420, lang="id", uplink="fibre", share=3, paper=1, hall_url="",
        services=services, counters=counters, hours={},
    )  # fmt: skip


def _positions(site: str, roles: Iterable[str]) -> Iterable[Position]:
    """Give the positions of a hall; keypads stand at the counters in turn."""
    keypads = 0
    for number, role in enumerate(roles):
        counter = ""
        if role == "counter":
            counter, keypads = COUNTERS[keypads % len(COUNTERS)], keypads + 1
        leads = role == "kiosk"
        low, high = service.KIOSK_BANDS[0] if leads else (0, 0)
        yield Position(
            site=site, id=f"{role}-{number}", role=role, name=f"{role} {number}", counter=counter, leads=leads, low=low,
            high=high,
        )  # fmt: skip

"""How long a page of 10,000 devices takes, as a whole answer over HTTP, beside a SELECT of as many rows."""

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from bench.hall import SERVICES
from bench.table import Row
from controller.db import Database
from controller.fleet.inventory.models import DeviceTag
from controller.fleet.models import Device, Position, Site
from controller.fleet.search import figures
from controller.ingest.alarms import now_ms
from tests.controller.inside import Inside

DEVICES = 10_000
SITES = 1_700
PLACES = 6
PAGE = 50
TIMES = 15
TARGET_MS = 300
ASKED = {
    "first page": {},
    "filtered, sorted": {"filter": "role:kiosk (rssi<-70 or backlog>100) -tag:baru seen<30d", "sort": "-backlog,name"},
    "a text anywhere": {"filter": '"desa 12" online:yes', "sort": "seen"},
    "last page": {"offset": str(DEVICES - PAGE), "sort": "heap"},
}


def fill(db: Database) -> None:
    """Write the fleet's tables."""
    chance, now = random.Random(1), now_ms()
    services = [{"id": one, "letter": "ABC"[i], "name": one.upper()} for i, one in enumerate(SERVICES)]

    def site(number: int) -> Site:
        return Site(
            id=f"desa-{number}", name=f"Desa {number}", kind="village", district=f"kecamatan-{number % 25}", tz=420,
            lang="id", uplink="fibre", share=3, paper=1, hall_url="", services=services, counters=[], hours={},
        )  # fmt: skip

    def device(number: int) -> Device:
        place, site = number % PLACES, f"desa-{number // PLACES}"
        made = Device(
            id=f"02ba{number:08x}", site=site, position=f"tempat-{place}", role="kiosk" if not place else "display",
            generation=1, sealed="x", claimed=1, online=chance.random() < 0.9, seen=now - chance.randrange(10**8),
        )  # fmt: skip
        made.state = {
            "fw": chance.choice(["0.1.0", "0.1.1"]), "heap": chance.randrange(15_000, 60_000), "boots": number % 90,
            "rssi": -chance.randrange(40, 90), "backlog": chance.choice([0, 0, 0, 900]), "uptime": 1, "code": "",
        }  # fmt: skip
        figures.note(made, made.state)
        return made

    for first in range(0, SITES, 200):
        numbers = range(first, min(first + 200, SITES))
        db.write(lambda session, numbers=numbers: session.add_all(site(number) for number in numbers))
    for first in range(0, DEVICES, 1000):

        def fn(session: object, first: int = first) -> None:
            made = [device(number) for number in range(first, first + 1000)]
            places = [
                Position(site=one.site, id=one.position, role=one.role, name="Tempat", counter="", leads=False, low=0,
                         high=0)
                for one in made
            ]  # fmt: skip
            session.add_all([*made, *places])  # type: ignore[attr-defined]
            session.add_all(DeviceTag(device=one.id, tag="baru") for one in made[::9])  # type: ignore[attr-defined]

        db.write(fn)


def median_ms(fn: Callable[[], object]) -> float:
    """Return how long a call takes, ms: the median of several after a first one."""
    fn()
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        fn()
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


def measure() -> list[Row]:
    """Ask for pages, each beside a SELECT of as many rows."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        inside = Inside(Path(folder) / "data")
        try:
            fill(inside.parts.db)

            def bare() -> int:
                with inside.parts.db.read() as session:
                    query = text(f"SELECT * FROM fleet_device ORDER BY id LIMIT {PAGE}")
                    return len(session.connection().execute(query).all())

            reference = f"SELECT of {PAGE} rows: {median_ms(bare):.2g} ms"
            for name, asked in ASKED.items():

                def page(asked: dict[str, str] = asked) -> None:
                    answer = inside.admin.get("/devices", params={"limit": PAGE, **asked})
                    assert answer.status_code == 200, answer.text

                took = median_ms(page)
                title = f"{PAGE} of {DEVICES:,} devices over HTTP, {name}"
                rows.append(Row(title, took, "ms", reference, f"at most {TARGET_MS} ms", took <= TARGET_MS))
        finally:
            inside.stop()
    return rows

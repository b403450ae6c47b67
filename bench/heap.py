"""What lives on the kiosk's heap: 200 tickets, connected over TLS, and again after each of seven such days."""

import asyncio
import tempfile
from pathlib import Path

from bench.table import Row
from hil.demo.hall import SERVICES, SITE
from hil.demo.stage import READY, Stage

TICKETS = 200
DAYS = 7
MOST_KB = 110


async def days(folder: Path) -> list[int]:
    """Return the bytes that live at the end of each day (MicroPython's unix port, 64 bits, after a collection)."""
    stage = Stage(folder)
    found = []
    try:
        await stage.open()
        assert stage.api is not None
        kiosk = stage.device("kiosk")
        await kiosk.wait(lambda: kiosk.digits == READY)
        for day in range(DAYS):
            if day:
                await command(stage, f"day.{day}", op="new_day")
            for number in range(TICKETS):
                service = SERVICES[number % len(SERVICES)]["id"]
                await command(stage, f"issue.{day}.{number}", op="issue", service=service, paper=0)
            found.append(await kiosk.heap())
    finally:
        await stage.close()
    return found


async def command(stage: Stage, key: str, **command: object) -> None:
    """Give a command until it is done."""
    assert stage.api is not None
    while (outcome := await stage.api.command(SITE, key, **command))["outcome"] == "unknown":
        pass
    assert outcome["outcome"] == "done", outcome


def measure() -> list[Row]:
    """Measure the first day, and the most of the days after it."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(days(Path(folder)))
    first, later = found[0] / 1000, max(found[1:]) / 1000
    beside = "days: " + ", ".join(f"{one / 1000:.1f}" for one in found)
    return [
        Row(
            f"kiosk's heap, {TICKETS} tickets over TLS", first, "kB", beside, f"at most {MOST_KB} kB", first <= MOST_KB
        ),
        Row("kiosk's heap, most of six later days", later, "kB", beside, "flat: 2 kB more at most", later <= first + 2),
    ]


if __name__ == "__main__":
    for row in measure():
        print(row)

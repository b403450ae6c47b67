"""What lives on the kiosk's heap: 200 tickets, connected over TLS, and again after each of seven such days.

Beside it: what the virtual board alone keeps, which no chip has: panel, wires, parts and air of a bench.
"""

import asyncio
import subprocess
import tempfile
from pathlib import Path

from bench.table import Row
from hil.console import micropython
from hil.demo.hall import SERVICES, SITE
from hil.demo.stage import READY, Stage

TICKETS = 200
DAYS = 7
AT_ONCE = 4  # commands on their way
MOST_KB = 110
BOARD = """
import gc, sys
sys.path.insert(0, "a")
import node
gc.collect()
before = gc.mem_alloc()
import virtual
gc.collect()
print(gc.mem_alloc() - before)
"""


async def days(folder: Path) -> tuple[list[int], int]:
    """Return the bytes that live at the end of each day, and those of the virtual board alone.

    MicroPython's unix port, 64 bits, after a collection.
    """
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
            for first in range(0, TICKETS, AT_ONCE):
                await asyncio.gather(*(issue(stage, day, number) for number in range(first, first + AT_ONCE)))
            found.append(await kiosk.heap())
        return found, await asyncio.to_thread(board, kiosk.folder)
    finally:
        await stage.close()


def board(folder: Path) -> int:
    """Return the bytes that the virtual board alone keeps, from a kiosk's flash."""
    done = subprocess.run([micropython(), "-c", BOARD], cwd=folder, stdout=subprocess.PIPE, check=True)
    return int(done.stdout)


async def issue(stage: Stage, day: int, number: int) -> None:
    """Let a visitor take a ticket."""
    service = SERVICES[number % len(SERVICES)]["id"]
    await command(stage, f"issue.{day}.{number}", op="issue", service=service, paper=0)


async def command(stage: Stage, key: str, **command: object) -> None:
    """Give a command until it is done."""
    assert stage.api is not None
    while (outcome := await stage.api.command(SITE, key, **command))["outcome"] == "unknown":
        pass
    assert outcome["outcome"] == "done", outcome


def measure() -> list[Row]:
    """Measure the first day, and the most of the days after it."""
    with tempfile.TemporaryDirectory() as folder:
        found, alone = asyncio.run(days(Path(folder)))
    first, later = found[0] / 1000, max(found[1:]) / 1000
    beside = f"the virtual board alone: {alone / 1000:.0f} kB"
    all_ = "days: " + ", ".join(f"{one / 1000:.1f}" for one in found)
    return [
        Row(
            f"kiosk's heap, {TICKETS} tickets over TLS", first, "kB", beside, f"at most {MOST_KB} kB", first <= MOST_KB
        ),
        Row("kiosk's heap, most of six later days", later, "kB", all_, "flat: 2 kB more at most", later <= first + 2),
    ]

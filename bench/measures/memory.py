"""The controller's memory while 2,000 events a second come in: ten minutes, or as many as MINUTES says.

Beside it: how much the database has grown. The application's resident memory is looked at every five seconds; what
counts is the line through all but the first fifth, in which caches fill.
"""

import asyncio
import os
import statistics
import tempfile
import time
from itertools import islice
from pathlib import Path

from bench.hall import events
from bench.halls import furnish
from bench.load import site_of
from bench.table import Row
from hil.api import Api
from hil.demo.controller import Controller

KIOSKS = 100
RATE = 2_000  # events a second
TURN_S = 0.5
LOOK_S = 5
LEAST_SHARE = 0.97  # of the events that were meant to come
MOST_SHARE = 0.03  # of the memory, that a run may add


def resident(pid: int) -> int:
    """Return the bytes that a process holds in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def soak(folder: Path, seconds: float) -> tuple[list[tuple[float, int]], int, int]:
    """Return (seconds, bytes) in turn, how many events came in meanwhile, and the database's bytes at the end."""
    controller = Controller(folder)
    await controller.start()
    running: list[asyncio.Task[None]] = []
    try:
        async with Api(controller.address) as api:
            await api.sign_in(controller.name, controller.password)
            kiosks = [await furnish(api, controller, number) for number in range(KIOSKS)]
        days = [events(site_of(number), number) for number in range(KIOSKS)]
        running = [asyncio.create_task(kiosk.run()) for kiosk in kiosks]
        found: list[tuple[float, int]] = []
        began, each, told = time.monotonic(), int(RATE * TURN_S / KIOSKS), 0
        for turn in range(int(seconds / TURN_S)):
            for kiosk, day in zip(kiosks, days, strict=True):
                kiosk.write(islice(day, each))
            if turn % int(LOOK_S / TURN_S) == 0:
                found.append((time.monotonic() - began, resident(controller.pid("application"))))
            if turn % int(60 / TURN_S) == int(60 / TURN_S) - 1:
                told = sum(kiosk.acked for kiosk in kiosks)
                print(f"  {(turn + 1) * TURN_S / 60:.0f} min: {found[-1][1] / 1e6:.1f} MB, {told:,} events", flush=True)
            await asyncio.sleep(max(0.0, began + (turn + 1) * TURN_S - time.monotonic()))
        told = sum(kiosk.acked for kiosk in kiosks)
        return found, told, sum(one.stat().st_size for one in controller.data.glob("balai.db*"))
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await controller.stop()


def measure() -> list[Row]:
    """Measure, and say by how much the memory rises over the whole run."""
    seconds = 60 * float(os.environ.get("MINUTES", "10"))
    with tempfile.TemporaryDirectory() as folder:
        found, told, database = asyncio.run(soak(Path(folder), seconds))
    settled = found[len(found) // 5 :]
    slope, _ = statistics.linear_regression([at for at, _ in settled], [size for _, size in settled])
    rise, size = slope * (settled[-1][0] - settled[0][0]), statistics.median(size for _, size in settled)
    enough = told >= LEAST_SHARE * RATE * seconds
    beside = (
        f"{told:,} events in {seconds / 60:.0f} min, {told / seconds:,.0f}/s; the database is {database / 1e6:.0f} MB"
    )
    met = enough and rise <= MOST_SHARE * size
    return [
        Row("controller's memory, its rise", rise / 1e6, "MB", beside, f"at most {MOST_SHARE:.0%} of it", met),
        Row("controller's memory, median", size / 1e6, "MB", beside),
    ]

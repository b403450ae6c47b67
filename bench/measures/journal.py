"""The kiosk's journal: what an append costs beside a bare write, and how quickly a backlog drains into a controller.

Both on real MicroPython. Appends go to a littlefs on NOR flash in an image file (`hil/flash`): what a chip would spend
is told by the programs and erases of its blocks, not by this machine's microseconds. The drain is a kiosk's own: TLS,
one batch in flight, each committed before the next. Beside it: as many bare round trips of messages as large.
"""

import asyncio
import json
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.hall import document
from bench.measures.press import bare, percentile
from bench.table import Row
from hil.api import Api
from hil.console import micropython
from hil.demo.hall import PLACES, SITE
from hil.demo.stage import READY, Stage

EVENTS = 2_000  # what a hall with 200 visitors a day gathers in two days
MESSAGE = 3_900  # bytes of a full batch
LEAST = 100  # events a second: two days' backlog within 20 s
BENCH = Path(__file__).parents[1]
FLASH = BENCH.parent / "hil" / "flash"
BLOCK, BLOCKS = 4_096, 176  # those of `flash_block`
KIOSK = PLACES[0].device


@dataclass(frozen=True)
class Append:
    """One append: events, microseconds, those of a bare write and close of as many bytes; the operations of either."""

    events: int
    us: int
    bare_us: int
    operations: int
    bare_operations: int


def backlog(root: Path, *document_file: Path, **environment: str) -> tuple[int, list[Append]]:
    """Have a leader on `root` make `EVENTS` events durable; return the last seq, and what each append took.

    `document_file`: a configuration, where the flash has none; only then appends are timed.
    """
    now = str(time.time_ns() // 1_000_000 - 3_600_000)
    command = [micropython(), "-X", "heapsize=8m", BENCH / "backlog.py", root, str(EVENTS), now, *document_file]
    done = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    return int(found["seq"]), [Append(*one) for one in found["appends"]]


def append(folder: Path) -> list[Row]:
    """Measure appends on a littlefs."""
    image, config = folder / "flash.img", folder / "document.json"
    image.write_bytes(b"\xff" * BLOCK * BLOCKS)
    config.write_text(json.dumps(document("desa-000")))
    _, made = backlog(folder, config, BALAI_FLASH=str(image), BALAI_FLASH_DRIVER=str(FLASH))
    median = statistics.median(one.us for one in made) / 1000
    beside = statistics.median(one.bare_us for one in made) / 1000
    rate = sum(one.events for one in made) / sum(one.us for one in made) * 1e6
    theirs = sum(one.events for one in made) / sum(one.bare_us for one in made) * 1e6
    ours = statistics.fmean(one.operations for one in made)
    bare_ = statistics.fmean(one.bare_operations for one in made)
    return [
        Row("journal: an append on littlefs, median", median, "ms", f"bare write and close: {beside:.3g} ms"),
        Row("journal: appends on littlefs", rate, "events/s", f"bare write and close: {theirs:,.0f}/s"),
        Row(
            "journal: flash operations an append",
            ours,
            "programs and erases",
            f"bare write and close: {bare_:.3g}",
            "at most 10 % more",
            ours <= bare_ * 1.1,
        ),
    ]


async def drain(folder: Path) -> list[int]:
    """Return when (Unix ms) the controller committed each event of a kiosk's backlog."""
    stage = Stage(folder)
    try:
        await stage.open("kiosk")
        assert stage.api is not None
        kiosk = stage.device("kiosk")
        await kiosk.wait(lambda: kiosk.digits == READY)
        await kiosk.cut_power()
        known = (await committed(stage.api, 0))[0]
        last, _ = await asyncio.to_thread(backlog, kiosk.folder)
        await kiosk.power_on()
        found: list[int] = []
        after, seq = known, 0
        while seq < last:
            after, seqs, ats = await committed(stage.api, after)
            found += ats
            seq = max([seq, *seqs])
            if not seqs:
                await asyncio.sleep(0.2)
        return found[:EVENTS]
    finally:
        await stage.close()


async def committed(api: Api, after: int) -> tuple[int, list[int], list[int]]:
    """Return the kiosk's next events after the `pos` `after`: the last `pos`, their seqs, and when each was stored."""
    page = await api.get("/events", site=SITE, device=KIOSK, after=after, limit=1000)
    events = page["events"]
    assert isinstance(events, list)
    return (
        max([after, *(one["pos"] for one in events)]),
        [one["seq"] for one in events],
        [one["at"] for one in events],
    )


def measure() -> list[Row]:
    """Measure appends and the drain."""
    with tempfile.TemporaryDirectory() as folder:
        rows = append(Path(folder))
    turn = percentile(bare(MESSAGE), 0.5)
    with tempfile.TemporaryDirectory() as folder:
        at = asyncio.run(drain(Path(folder)))
    batches = len(set(at))  # one in flight, and more than a millisecond apart
    began, took = at[0], at[-1] - at[0]
    later = sum(one > began for one in at)  # the first batch's own time began before it was stored
    rate = later / took * 1000
    ideal = later / ((batches - 1) * turn) * 1000
    beside = f"{batches} batches at the bare round trip of {turn:.2g} ms: {ideal:,.0f}/s"
    rows.append(
        Row(f"journal: drain of {EVENTS:,} events", rate, "events/s", beside, f"at least {LEAST}", rate >= LEAST)
    )
    return rows

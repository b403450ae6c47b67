"""Nothing lost and nothing doubled, counted on both sides, whatever dies in between: real broker, real processes."""

import asyncio
import contextlib
import json
import resource
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from bench.broker import Mosquitto
from controller.db import Database
from controller.ingest import Broker, Bus, Store
from tests.controller.ingest.conftest import HANGS, answer_births
from tests.controller.ingest.kiosk import Kiosk
from tests.controller.ingest.tally import tallies

CHILD = Path(__file__).parent / "child.py"


def fill(kiosk: Kiosk, count: int) -> None:
    first = kiosk.last + 1
    kiosk.write([("ticket.rated", {"no": first + n, "score": 3, "rev": first + n, "term": 1}) for n in range(count)])


@asynccontextmanager
async def running(*kiosks: Kiosk) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(kiosk.run()) for kiosk in kiosks]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(kiosks: list[Kiosk], true: Callable[[], bool]) -> None:
    """Wait until `true()`, which depends on what has been acknowledged to the kiosks."""

    async def each(kiosk: Kiosk) -> None:
        await kiosk.until(true)

    async with asyncio.timeout(HANGS):
        waits = [asyncio.create_task(each(kiosk)) for kiosk in kiosks]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def delivered(kiosks: list[Kiosk]) -> None:
    """Wait until every kiosk has been told that all it has is safe."""
    async with asyncio.timeout(HANGS * 2):
        for kiosk in kiosks:
            await kiosk.until(lambda kiosk=kiosk: kiosk.acked == kiosk.last)


def expected(kiosks: list[Kiosk], count: int) -> list[tuple[str, str, int, int, int]]:
    """Return what the tally must hold: every event once, in order."""
    chain = 0
    for no in range(1, count + 1):
        chain = (chain * 31 + no) % 1_000_003
    return sorted((f"desa-{k.name[:-1]}", k.name, count, count * (count + 1) // 2, chain) for k in kiosks)


def stored(path: Path) -> dict[str, list[int]]:
    """Return the seqs of each device in the file, in the order of their sites."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT device, seq FROM event WHERE device <> 'controller' ORDER BY site, pos")
        made: dict[str, list[int]] = {}
        for device, seq in found:
            made.setdefault(device, []).append(seq)
        return made


async def start(path: Path, port: int, *more: str) -> asyncio.subprocess.Process:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        CHILD,
        path,
        str(port),
        *more,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await said(child)
    return child


async def said(child: asyncio.subprocess.Process) -> str:
    assert child.stdout is not None
    line = await asyncio.wait_for(child.stdout.readline(), HANGS)
    assert line, "the child has died"
    return line.decode().strip()


async def killed(child: asyncio.subprocess.Process) -> None:
    child.send_signal(signal.SIGKILL)
    await child.wait()


async def test_the_controller_killed_in_the_middle_of_100_000_events(broker: Mosquitto, db: Database, path: Path):
    kiosks = [Kiosk(f"kiosk{number:03}", broker.port, batch=40) for number in range(100)]
    each = 1_000
    for kiosk in kiosks:
        fill(kiosk, each)
    child = await start(path, broker.port)
    async with running(*kiosks):
        for share in (0.2, 0.5, 0.8):
            await until(kiosks, lambda share=share: sum(kiosk.acked for kiosk in kiosks) >= share * each * len(kiosks))
            await killed(child)
            safe = {kiosk.name: kiosk.acked for kiosk in kiosks}
            there = stored(path)
            for name, acked in safe.items():
                assert there.get(name, [])[:acked] == list(range(1, acked + 1)), "what was acknowledged is there"
            child = await start(path, broker.port)
        await delivered(kiosks)
    await killed(child)
    assert stored(path) == {kiosk.name: list(range(1, each + 1)) for kiosk in kiosks}
    assert tallies(db) == expected(kiosks, each)


async def test_the_broker_restarted_without_its_memory(broker: Mosquitto, bus: Bus, db: Database, path: Path):
    kiosks = [Kiosk(f"kiosk{number}", broker.port) for number in range(5)]
    for kiosk in kiosks:
        fill(kiosk, 2_000)
    async with running(*kiosks):
        for share in (0.2, 0.6):
            await until(kiosks, lambda share=share: sum(kiosk.acked for kiosk in kiosks) >= share * 10_000)
            await asyncio.to_thread(broker.stop)
            await asyncio.to_thread(broker.start)
        await delivered(kiosks)
    assert tallies(db) == expected(kiosks, 2_000)


async def test_a_broker_that_loses_what_it_had_queued_while_devices_stay_connected(
    tmp_path: Path, store: Store, db: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("controller.ingest.mqtt.bus.EVENTS_AHEAD", 2)
    broker = Mosquitto(tmp_path, more="max_queued_messages 1")
    broker.start()
    bus = Bus(Broker.of(f"mqtt://127.0.0.1:{broker.port}"), store)
    answer_births(bus, store)
    bus.start()
    kiosks = [Kiosk(f"kiosk{number:02}", broker.port, batch=10) for number in range(20)]
    for kiosk in kiosks:
        fill(kiosk, 300)
    try:
        async with running(*kiosks):
            await delivered(kiosks)
    finally:
        bus.stop()
        broker.stop()
    assert sum(kiosk.sent for kiosk in kiosks) > 20 * 30, "some had to be sent again"
    assert tallies(db) == expected(kiosks, 300)


async def test_a_controller_whose_session_ends_makes_devices_send_again(broker: Mosquitto, store: Store, db: Database):
    kiosk = Kiosk("kiosk1", broker.port)
    async with running(kiosk):
        for _ in range(3):
            fill(kiosk, 100)
            bus = Bus(Broker.of(f"mqtt://127.0.0.1:{broker.port}"), store)
            answer_births(bus, store)
            bus.start()
            await delivered([kiosk])
            await asyncio.to_thread(bus.stop)
    assert tallies(db) == expected([kiosk], 300)


async def test_a_restored_backup_of_yesterday_gets_back_what_devices_hold_and_records_what_they_do_not(
    broker: Mosquitto, db: Database, path: Path, tmp_path: Path
):
    keeps, forgets = Kiosk("kiosk1", broker.port, kept=10_000), Kiosk("kiosk2", broker.port)
    backup = tmp_path / "backup.db"
    child = await start(path, broker.port)
    async with running(keeps, forgets):
        for kiosk in (keeps, forgets):
            fill(kiosk, 500)
        await delivered([keeps, forgets])
        with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(backup)) as target:
            source.backup(target)
        for kiosk in (keeps, forgets):
            fill(kiosk, 500)
        await delivered([keeps, forgets])
        await killed(child)
        child = await start(backup, broker.port)
        for kiosk in (keeps, forgets):
            fill(kiosk, 100)
        await delivered([keeps, forgets])
        child.stdin.write(b"alarms\n")
        assert await said(child) == "gap"
    await killed(child)
    there = stored(backup)
    assert there["kiosk1"] == list(range(1, 1101))
    assert there["kiosk2"] == [*range(1, 501), *range(1001, 1101)]
    with contextlib.closing(sqlite3.connect(backup)) as connection:
        (gap,) = connection.execute("SELECT data FROM event WHERE device = 'controller' AND kind = 'gap'").fetchone()
    assert json.loads(gap) == {"device": "kiosk2", "hi": 1000, "lo": 501, "log": forgets.log}


async def test_a_full_database_stops_acknowledging_and_not_serving(
    broker: Mosquitto, bus: Bus, db: Database, store: Store
):
    kiosk = Kiosk("kiosk1", broker.port)
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    bus.on("request", lambda _device, _body: loop.call_soon_threadsafe(asked.set))

    async def limit(pages: str) -> None:
        await db.awrite(lambda session: session.execute(text(f"PRAGMA max_page_count = {pages}")))

    async with running(kiosk):
        fill(kiosk, 100)
        await delivered([kiosk])
        with db.read() as session:
            pages = session.execute(text("PRAGMA page_count")).scalar_one()
        await limit(str(pages + 4))
        fill(kiosk, 2_000)
        async with asyncio.timeout(HANGS):
            while not store.alarms.open():  # noqa: ASYNC110 - raised on another thread
                await asyncio.sleep(0.05)
            assert [alarm.kind for alarm in store.alarms.open()] == ["disk_full"]
            held = kiosk.acked
            assert held < kiosk.last
            kiosk.publish("request", {"id": "1", "op": "config", "args": {}})
            await asked.wait()
            assert kiosk.acked == held, "nothing was acknowledged meanwhile"
        await limit("1000000")
        await delivered([kiosk])
    assert tallies(db) == expected([kiosk], 2_100)
    assert store.alarms.open() == []


async def test_a_full_disk_stops_acknowledging_until_there_is_room(broker: Mosquitto, db: Database, path: Path):
    """The system itself refuses to let the files grow."""
    kiosk = Kiosk("kiosk1", broker.port)
    fill(kiosk, 5_000)
    child = await start(path, broker.port, "600000")
    async with running(kiosk):
        async with asyncio.timeout(HANGS):
            alarm = ""
            while alarm != "disk_full":
                child.stdin.write(b"alarms\n")
                alarm = await said(child)
                await asyncio.sleep(0.05)
        assert 0 < kiosk.acked < 5_000
        assert stored(path)["kiosk1"][: kiosk.acked] == list(range(1, kiosk.acked + 1))
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await delivered([kiosk])
        child.stdin.write(b"alarms\n")
        assert await said(child) == ""
    await killed(child)
    assert tallies(db) == expected([kiosk], 5_000)

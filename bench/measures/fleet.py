"""A fleet of 1,740 devices, forty of them real firmware: all back at once after a power cut, a configuration for all,
a rollout to all.

Every light device comes back with a backlog of 200 events; afterwards they are counted in the database, by device and
number. The rollout is of the firmware itself, by halls, with at most `PARALLEL` devices at a time. Light devices wait
as long as the firmware does before they repeat themselves.
"""

import asyncio
import os
import sqlite3
import tempfile
import time
from pathlib import Path

from bench.fleet import DEVICES, REAL_HALLS, SITES, Fleet
from bench.measures.update import signed
from bench.table import Row
from hil.api import Json

BACKLOG = 200  # events of each light device
BACK_S, CONFIGURED_S = 60, 30
PARALLEL, RATE = 100, 10_000_000  # devices at a time; bytes per second for all together
SETTLED = {"done", "failed", "stopped", "cancelled"}


async def back(fleet: Fleet) -> float:
    """Cut the power of all, have everybody write a backlog, and return the seconds until all of it is stored."""
    await fleet.cut()
    now = int(time.time() * 1000)
    for light in fleet.lights:
        kinds = ("fault.raised", "fault.cleared")
        light.write([(now + one, kinds[one % 2], {"code": "E-08"}) for one in range(BACKLOG)])
    began = time.monotonic()
    await fleet.on()
    await online(fleet)
    return time.monotonic() - began


async def online(fleet: Fleet) -> None:
    """Wait until the controller says that every device is there."""
    while True:
        devices = (await fleet.api.get("/devices"))["items"]
        assert isinstance(devices, list)
        if sum(bool(one["online"]) for one in devices) == len(fleet.lights) + len(fleet.real):
            return
        await asyncio.sleep(0.5)


def stored(fleet: Fleet) -> tuple[int, int]:
    """Return how many events of the light devices are in the database, and of how many devices exactly those that
    were written, each once."""
    with sqlite3.connect(f"file:{fleet.controller.data / 'balai.db'}?mode=ro", uri=True) as db:
        query = "SELECT device, COUNT(*), COUNT(DISTINCT seq), MIN(seq), MAX(seq) FROM event GROUP BY device"
        found = {row[0]: row[1:] for row in db.execute(query)}
    whole = sum(found.get(one.device) == (one.last, one.last, 1, one.last) for one in fleet.lights)
    return sum(found[one.device][0] for one in fleet.lights if one.device in found), whole


async def configured(fleet: Fleet) -> tuple[float, float]:
    """Change the fleet's layer; return the seconds until the request was answered, and until every device has said that
    it uses the configuration that it should."""
    began = time.monotonic()
    await fleet.api.configure("fleet", {"volume": 21, "brightness": 5})
    answered = time.monotonic() - began
    while True:
        devices = (await fleet.api.get("/devices"))["items"]
        assert isinstance(devices, list)
        if all(one["config"] == one["desired"] for one in devices):
            return answered, time.monotonic() - began
        await asyncio.sleep(0.25)


async def rollout(fleet: Fleet, rel: str) -> tuple[float, int, Json]:
    """Return the seconds until every device runs a release, how many were busy at a time at most, and the rollout."""
    most = 0
    for one in fleet.light:
        ordered = one.light.obey["update"]

        def order(args: Json, ordered: object = ordered) -> Json | None:
            nonlocal most
            assert callable(ordered)
            told: Json | None = ordered(args)
            most = max(most, sum(other.busy for other in fleet.light))
            return told

        one.light.obey["update"] = order
    began = time.monotonic()
    body: Json = {"rel": rel, "all": True, "now": True, "rings": [100], "parallel": PARALLEL, "rate": RATE}
    made = await fleet.api.post("/rollouts", body)
    while True:
        found = await fleet.api.get(f"/rollouts/{made['id']}")
        if found["state"] in SETTLED:
            return time.monotonic() - began, most, found
        await asyncio.sleep(1)


async def run(folder: Path) -> list[Row]:
    """Measure on a fleet below `folder`; DEVICES, SITES and REAL_HALLS of the environment make it smaller."""
    devices, sites, halls = (
        int(os.environ.get(name, otherwise))
        for name, otherwise in (("DEVICES", DEVICES), ("SITES", SITES), ("REAL_HALLS", REAL_HALLS))
    )
    made, key = signed(folder, "0.9.0", bench=True)
    fleet = Fleet(folder, devices, sites, halls, release_key=str(key))
    try:
        await fleet.open()
        await online(fleet)
        seconds = await back(fleet)
        count, whole = await asyncio.to_thread(stored, fleet)
        lights = len(fleet.lights)
        answered, reached = await configured(fleet)
        release = await fleet.api.publish(made.data())
        took, most, found = await rollout(fleet, str(release["rel"]))
    finally:
        await fleet.close()
    units = found["devices"]
    assert isinstance(units, list)
    done = sum(one["state"] == "done" for one in units)
    beside = f"{count:,} events, {whole:,} of {lights:,} backlogs whole and once; {len(fleet.real)} of real firmware"
    return [
        Row(f"{devices:,} devices back at once", seconds, "s", beside, f"at most {BACK_S} s, nothing lost or doubled",
            seconds <= BACK_S and whole == lights),
        Row(f"configuration of {devices:,} devices, until all use it", reached, "s",
            f"the change was answered in {answered:.2f} s", f"at most {CONFIGURED_S} s", reached <= CONFIGURED_S),
        Row(f"rollout to {devices:,} devices", took, "s", f"{done:,} run it; {most} at a time",
            f"all, at most {PARALLEL} at a time", done == devices and most <= PARALLEL),
    ]  # fmt: skip


def measure() -> list[Row]:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(run(Path(folder)))

"""The firmware as a bundle, and how long it takes to update a device: ordered, fetched, installed, restarted, seen.

One device of a hall on the virtual bench, over TLS to a real broker and a real controller; `now` is set, so that nobody
waits for a quiet moment. Beside it: how many requests for chunks that is.
"""

import asyncio
import tempfile
import time
from pathlib import Path

from bench.table import Row
from hil.api import Json
from hil.demo.stage import Stage
from provisioning.release import keys
from provisioning.release.bundle import Bundle, build
from provisioning.release.manifest import sequence

LARGEST_KB = 100
MOST_S = 30
CHUNK = 2_048


def signed(folder: Path, version: str, bench: bool = False) -> tuple[Bundle, Path]:
    """Return the firmware as a release of another version, and the file with its public key."""
    private, public = keys.make()
    (folder / "release.key").write_bytes(private)
    (folder / "release.pub").write_bytes(public)
    made = build(version, bench=bench)
    key = keys.private(folder / "release.key")
    return Bundle(made.manifest, keys.sign(key, made.manifest), made.files), folder / "release.pub"


async def update(folder: Path) -> tuple[float, float, Bundle]:
    """Return the seconds until the device runs the release, and until it is confirmed; and the release."""
    made, key = signed(folder, "0.9.0", bench=True)
    stage = Stage(folder / "hall", release_key=str(key))
    try:
        await stage.open("display")
        assert stage.api is not None
        release = await stage.api.publish(made.data())
        assert release["seq"] == sequence("0.9.0")
        while not (await state_of(stage)).get("rel"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
        began = time.monotonic()
        rollout = await stage.api.post("/rollouts", {"rel": made.rel, "all": True, "now": True, "parallel": 1})
        runs = 0.0
        while True:
            found = await stage.api.get(f"/rollouts/{rollout['id']}")
            if not runs and (await state_of(stage)).get("rel") == made.rel:
                runs = time.monotonic() - began
            if found["state"] == "done":
                return runs or time.monotonic() - began, time.monotonic() - began, made
            assert found["state"] == "running", found
            await asyncio.sleep(0.1)
    finally:
        await stage.close()


async def state_of(stage: Stage) -> Json:
    """Return the device's last word, as the controller has it."""
    assert stage.api is not None
    device = await stage.api.get(f"/devices/{stage.device('display').environment['BALAI_DEVICE']}")
    assert isinstance(device["state"], dict)
    return device["state"]


def measure() -> list[Row]:
    """Measure the bundle as it would be published, and an update by one."""
    with tempfile.TemporaryDirectory() as folder:
        size = len(signed(Path(folder), "0.9.0")[0].data()) / 1000
        runs, confirmed, made = asyncio.run(update(Path(folder)))
    chunks = f"{-(-len(made.data()) // CHUNK)} chunks of {CHUNK:,} bytes"
    small = size <= LARGEST_KB
    return [
        Row("bundle of the whole firmware", size, "kB", chunks, f"at most {LARGEST_KB} kB", small),
        Row("update of a device, until it runs", runs, "s", chunks, f"at most {MOST_S} s", runs <= MOST_S),
        Row("update of a device, until it is confirmed", confirmed, "s", "a quarter of a minute of it is the trial"),
    ]

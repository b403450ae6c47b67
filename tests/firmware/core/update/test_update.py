"""A whole device is updated over a real broker: it restarts into the new release, or comes back to the old one."""

import asyncio
import hashlib
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hil.bench import Bench
from provisioning.image import slot as slots
from provisioning.release import keys
from provisioning.release.bundle import Bundle, build
from tests.firmware.core.centre import DEVICE, HANGS, SITE, Centre

IDENTITY = {
    "device": DEVICE, "role": "display", "username": f"{DEVICE}.1", "secret": "x", "generation": 1,
    "site": SITE, "position": "display-1", "networks": [], "lang": "id",
}  # fmt: skip


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    """(the private key, the modulus)."""
    made, public = keys.make()
    path = tmp_path_factory.mktemp("key") / "key"
    path.write_bytes(made)
    return keys.private(path), keys.public(public)


@pytest.fixture(scope="module")
def release(key, tmp_path_factory) -> Callable[..., Bundle]:
    """Make a signed release of the present sources: `release("0.2.0", ("old", "new"), ...)` with texts replaced."""

    def make(version: str, *changes: tuple[str, str], file: str = "firmware/node.py") -> Bundle:
        root = tmp_path_factory.mktemp("sources")
        for part in ("firmware", "protocol"):
            shutil.copytree(slots.ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__", "www"))
        about = root / "firmware" / "__init__.py"
        about.write_text(about.read_text().replace('VERSION = "0.1.0"', f'VERSION = "{version}"'))
        text = (root / file).read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (root / file).write_text(text)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(slots, "ROOT", root)
            patch.setattr(slots, "cache_folder", lambda: root / "cache")
            folder = slots.slot()
        made = build(version, bench=True, folder=folder)
        return Bundle(made.manifest, keys.sign(key[0], made.manifest), made.files)

    return make


class Hall:
    """One device at a broker, and a controller that hands out bundles; `lost`: chunks that get no answer."""

    def __init__(self, centre: Centre, bench: Bench) -> None:
        self.centre, self.bench = centre, bench
        self.bundles: dict[str, bytes] = {}
        self._events_by_seq: dict[int, tuple[str, str]] = {}
        self.answers = 0
        self._task = asyncio.create_task(self._serve())

    @property
    def device(self):
        return self.bench.devices["display"]

    async def _serve(self) -> None:
        """Answer births, commit events, hand out chunks."""
        await asyncio.gather(self._births(), self._requests(), self._events())

    async def _births(self) -> None:
        while True:
            await self.centre.heard("state", lambda body: body["online"], for_ever=True)
            self.centre.ack()

    async def _events(self) -> None:
        while True:
            body = await self.centre.heard("event", for_ever=True)
            rows = body["e"]
            assert isinstance(rows, list)
            self.centre.ack(body["log"], rows[-1][0])
            for row in rows:
                if row[4].startswith("update."):
                    self._events_by_seq[row[0]] = row[4], row[5].get("why", "")

    async def _requests(self) -> None:
        while True:
            body = await self.centre.heard("request", lambda one: one["op"] == "blob", for_ever=True)
            args = body["args"]
            assert isinstance(args, dict)
            data = self.bundles.get(str(args["sha256"]))
            id_ = str(body["id"]).encode()
            if data is None:
                self.centre.down("response", {"id": body["id"], "ok": 0, "reason": "no_blob"})
            else:
                chunk = data[args["off"] : args["off"] + args["len"]]
                self.centre.down("response", b"\x01" + bytes([len(id_)]) + id_ + chunk)
            self.answers += 1

    async def order(self, made: Bundle, id_: str = "order-1", **args: object) -> dict:
        """Order a release; the reply."""
        data = made.data()
        blob = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        self.bundles[blob["sha256"]] = data
        body = {
            "id": id_,
            "expires": 9_999_999_999_999,
            "op": "update",
            "args": {"rel": made.rel, "blob": blob, **args},
        }
        self.centre.down("command", body)
        return await self.centre.heard("reply", lambda reply: reply["id"] == id_)

    async def until(self, true: Callable[[], object]) -> None:
        """Wait for something that the device will say."""
        try:
            async with asyncio.timeout(3 * HANGS):
                while not true():  # noqa: ASYNC110 - what a thread hears
                    await asyncio.sleep(0.05)
        except TimeoutError:
            end = "\n".join(self.device.console[-9:])
            raise AssertionError(f"never seen: {self.events}, {self.answers} chunks, {self.state}\n{end}") from None

    @property
    def events(self) -> list[tuple[str, str]]:
        """What it has told of updates, each once: (kind, why)."""
        return [self._events_by_seq[seq] for seq in sorted(self._events_by_seq)]

    @property
    def state(self) -> dict:
        """The device's last."""
        return next(one for one in reversed(self.centre.states) if one["online"])

    def close(self) -> None:
        self._task.cancel()


@pytest.fixture
async def hall(centre, mosquitto, tmp_path: Path, key) -> AsyncIterator[Hall]:
    async with Bench(tmp_path) as bench:
        brokers = [{"host": "127.0.0.1", "port": mosquitto.port, "tls": False}]
        await bench.add("display", {**IDENTITY, "brokers": brokers, "release_key": key[1]})
        found = Hall(centre, bench)
        await found.device.power_on()
        await found.until(lambda: centre.states)
        yield found
        found.close()


async def test_a_device_restarts_into_the_new_release_and_confirms_it(hall, release):
    made = release("0.2.0")
    before = hall.state
    assert before["fw"] == "0.1.0"
    assert len(before["rel"]) == 64
    assert (await hall.order(made))["outcome"] == "done"
    await hall.until(lambda: hall.state["rel"] == made.rel)
    assert (hall.state["fw"], hall.state["reset"], hall.state["bad_rel"]) == ("0.2.0", "update", "")
    await hall.until(lambda: len(hall.events) == 3)
    assert [kind for kind, _ in hall.events] == ["update.taken", "update.ready", "update.done"]
    assert (await hall.order(made, "order-2"))["reason"] == "runs"
    await hall.device.cut_power()
    await hall.device.power_on()
    await hall.until(lambda: hall.state["reset"] == "power")
    assert hall.state["fw"] == "0.2.0", "confirmed for good"


async def test_a_release_that_crashes_is_left_again_and_said_to_be_bad(hall, release):
    made = release("0.2.0", ("        keep = self._supervisor.start\n", "        raise ValueError('broken')\n"))
    before = hall.state["rel"]
    await hall.order(made, now=1)
    await hall.until(lambda: hall.state["bad_rel"] == made.rel)
    assert (hall.state["fw"], hall.state["rel"]) == ("0.1.0", before)
    await hall.until(lambda: ("update.failed", "crashed") in hall.events)
    assert (await hall.order(made, "order-2"))["reason"] == "bad"


@pytest.mark.soak  # waits for a device's own times
async def test_a_release_that_never_reaches_the_controller_is_left_again(hall, release):
    hurried = ("SILENT_MS = 1_800_000", "SILENT_MS = 2_000")
    deaf = ("if welcome and now", "if not welcome and now < 0 and now")
    made = release("0.2.0", hurried, deaf, file="firmware/core/update/work.py")
    await hall.order(made, now=1)
    await hall.until(lambda: hall.state["bad_rel"] == made.rel)
    assert hall.state["fw"] == "0.1.0"
    await hall.until(lambda: ("update.failed", "silent") in hall.events)


@pytest.mark.soak  # waits for a device's own times
async def test_an_update_goes_on_over_cut_uplinks_and_cut_power(hall, release):
    made = release("0.2.0")
    await hall.order(made, pace=20)
    for _ in range(3):
        seen = hall.answers
        await hall.until(lambda seen=seen: hall.answers >= seen + 5)
        hall.bench.uplink("display", False)
        hall.bench.uplink("display", True)
        seen = hall.answers
        await hall.until(lambda seen=seen: hall.answers >= seen + 3)
        await hall.device.cut_power()
        await hall.device.power_on()
    await hall.until(lambda: hall.state["rel"] == made.rel)
    assert hall.state["fw"] == "0.2.0"


@pytest.mark.soak  # waits for a device's own times
async def test_an_order_can_be_cancelled_and_one_that_is_not_there_fails(hall, release):
    made = release("0.2.0")
    await hall.order(made, pace=500)
    await hall.until(lambda: hall.answers >= 2)
    hall.centre.down(
        "command", {"id": "cancel-1", "expires": 9_999_999_999_999, "op": "cancel", "args": {"rel": made.rel}}
    )
    assert (await hall.centre.heard("reply", lambda reply: reply["id"] == "cancel-1"))["outcome"] == "done"
    await hall.until(lambda: ("update.failed", "cancelled") in hall.events)
    assert (await hall.order(made, "order-2", pace=500))["outcome"] == "done"
    await hall.until(lambda: hall.answers >= 4)
    hall.bundles.clear()
    await hall.until(lambda: ("update.failed", "no_blob") in hall.events)
    assert hall.state["fw"] == "0.1.0"
    assert (await hall.order(made, "order-3"))["reason"] == "bad"
    assert (await hall.order(made, "order-4", again=1))["outcome"] == "done"
    await hall.until(lambda: hall.state["rel"] == made.rel)


def test_an_order_that_makes_no_sense_is_refused(micropython):
    """Whatever a stranger puts into the arguments."""
    code = f"""
import sys; sys.path.insert(0, {str(slots.ROOT)!r})
from firmware.core.update.updates import Updates
from firmware.core.update.work import cancel, order
class Settings:
    def load(self, name): return None
    def save(self, name, value): print("kept", value)
class Identity:
    def release_key(self): return ""
updates = Updates(Settings(), Identity(), None, None, None, None)
good = {{"rel": "a" * 64, "blob": {{"sha256": "b" * 64, "size": 9}}}}
for args in ({{}}, {{"rel": 7}}, {{"rel": "a" * 64}}, {{"rel": "a" * 64, "blob": 7}},
             {{"rel": "a", "blob": good["blob"]}},
             {{"rel": "a" * 64, "blob": {{"sha256": "b" * 64, "size": "9"}}}},
             {{"rel": "a" * 64, "blob": {{"sha256": "b" * 64, "size": 0}}}}):
    print(order(updates, args))
print(order(updates, good), cancel(updates, {{}}), cancel(updates, good))
"""
    done = subprocess.run([micropython, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        *["('refused', 'bad_args')"] * 7,
        "('refused', 'no_key') ('refused', 'none') ('refused', 'none')",
    ]

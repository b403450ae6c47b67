"""A rollout to halls of light devices, through a real broker and a real controller: it keeps to its caps, stops by
itself where it does harm, and goes on after the controller was killed."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bench.load import device_name
from hil.api import Api, Json
from hil.demo.controller import Controller
from hil.light.device import Light
from hil.light.updating import Updating
from tests.controller.updates.bundles import bundle, public
from tests.scenarios.traces import Traces
from tests.scenarios.waiting import until

SERVICES = [{"id": "adm", "letter": "A", "name": "Administrasi"}]
ROLES = ("kiosk", "display")
BUNDLE = bundle("0.2.0")
SETTLED = {"done", "failed", "skipped", "cancelled", "gone"}


class Halls:
    """Halls with a kiosk and a display each, their devices by (hall, role)."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.controller = Controller(folder, release_key=str(public(folder / "release.pem")))
        self.devices: dict[tuple[str, str], Updating] = {}
        self.most = 0  # devices that have been busy at a time
        self.together: list[str] = []  # halls in which two were
        self.ordered: list[tuple[str, str]] = []
        self.rel = ""
        self._api: Api | None = None
        self._running: list[asyncio.Task[None]] = []

    @property
    def api(self) -> Api:
        assert self._api is not None
        return self._api

    async def open(self, count: int, **how: float | str) -> None:
        """Start the controller, and the devices of `count` halls."""
        await self.controller.start()
        self._api = Api(self.controller.address)
        await self._api.sign_in(self.controller.name, self.controller.password)
        for number in range(count):
            await self._furnish(number, how)
        self._running = [asyncio.create_task(one.light.run()) for one in self.devices.values()]
        await until(lambda: all(one.light.welcome for one in self.devices.values()), "all devices are there")
        self.rel = str((await self.api.publish(BUNDLE))["rel"])

    async def _furnish(self, number: int, how: dict[str, float | str]) -> None:
        site = f"desa-{number:02}"
        await self.api.post("/sites", {"id": site, "name": site, "services": SERVICES, "counters": []})
        for at, role in enumerate(ROLES):
            device = device_name(2 * number + at)
            leads = {"leads": True} if role == "kiosk" else {}
            await self.api.post("/positions", {"site": site, "id": role, "role": role, "name": role, **leads})
            identity = await self.api.claim(device, site, role)
            light = Light(device, self.controller.broker_port, str(identity["username"]), str(identity["secret"]))
            one = self.devices[site, role] = Updating(light, **how)  # type: ignore[arg-type]
            self._watch(site, role, one)

    def _watch(self, site: str, role: str, one: Updating) -> None:
        """Have every order counted, with who else is busy just then."""
        obey = one.light.obey["update"]

        def counted(args: Json) -> Json | None:
            reply = obey(args)
            self.ordered.append((site, role))
            busy = [where for where, other in self.devices.items() if other.busy]
            self.most = max(self.most, len(busy))
            if sum(hall == site for hall, _ in busy) > 1:
                self.together.append(site)
            return reply

        one.light.obey["update"] = counted

    async def begin(self, **how: object) -> str:
        """Begin a rollout everywhere; return its path."""
        made = await self.api.post("/rollouts", {"rel": self.rel, "all": True, **how})
        return f"/rollouts/{made['id']}"

    async def state(self, path: str) -> str:
        return str((await self.api.get(path))["state"])

    async def reaches(self, path: str, state: str) -> Json:
        """Wait until a rollout is at a state; return it."""

        async def there() -> bool:
            return await self.state(path) == state

        await until(there, f"the rollout is {state}", 120)
        return await self.api.get(path)

    async def close(self) -> None:
        """End all of it."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        for one in self.devices.values():
            await one.end()
        if self._api is not None:
            await self._api.__aexit__(None, None, None)
        await self.controller.stop()


OpenHalls = Callable[..., Awaitable[Halls]]


@pytest.fixture
async def open_halls(tmp_path: Path, traces: Traces) -> AsyncIterator[OpenHalls]:
    """Open halls: `await open_halls(20)`."""
    opened: list[Halls] = []

    async def begin(count: int, **how: float | str) -> Halls:
        halls = Halls(tmp_path / f"halls{len(opened)}")
        opened.append(halls)
        await halls.open(count, **how)
        return halls

    yield begin
    traces.note()
    for halls in opened:
        await halls.close()


def states(rollout: Json) -> dict[tuple[str, str], str]:
    devices = rollout["devices"]
    assert isinstance(devices, list)
    return {(one["site"], one["role"]): one["state"] for one in devices}


async def test_forty_devices_get_a_release_a_few_at_a_time_and_no_hall_goes_dark(open_halls: OpenHalls):
    halls = await open_halls(20)
    path = await halls.begin(rings=[10, 100], parallel=5, rate=2_000_000)
    done = await halls.reaches(path, "done")
    assert set(states(done).values()) == {"done"}
    assert {one.rel for one in halls.devices.values()} == {halls.rel}
    assert [one.fetched for one in halls.devices.values()] == [1] * 40, "as a blob, whole"
    assert 1 < halls.most <= 5
    assert halls.together == []
    assert len(halls.ordered) == 40
    rings = done["rings"]
    assert isinstance(rings, list)
    first = set(rings[0]["sites"])
    assert {site for site, _ in halls.ordered[:4]} == first, "the first ring is finished before the second begins"
    for site in {site for site, _ in halls.devices}:
        assert [role for hall, role in halls.ordered if hall == site] == ["display", "kiosk"]
    order = halls.devices["desa-00", "kiosk"].orders[0]
    assert order["blob"] == {"sha256": hashlib.sha256(BUNDLE).hexdigest(), "size": len(BUNDLE)}
    assert order["pace"] == 9, "of 5 devices at 3,584 bytes a chunk"
    assert (done["bytes"], done["ended"] != 0) == (40 * len(BUNDLE), True)


@pytest.mark.soak  # a fleet of forty, again
async def test_two_failures_stop_it_and_it_goes_on_when_somebody_says_so(open_halls: OpenHalls):
    halls = await open_halls(10)
    bad = [halls.devices[f"desa-0{number}", "display"] for number in (0, 1)]
    bad[0].fails, bad[1].fails = "signature", "crashed"
    path = await halls.begin(rings=[100], parallel=2, stop_share=50, retries=1)
    stopped = await halls.reaches(path, "stopped")
    assert len(halls.ordered) <= 5, "two that failed, one that did not, and two on their way"
    failed = {where for where, state in states(stopped).items() if state == "failed"}
    assert failed == {("desa-00", "display"), ("desa-01", "display")}
    why = {one["device"]: one["why"] for one in stopped["devices"] if one["state"] == "failed"}  # type: ignore[attr-defined]
    assert set(why.values()) <= {"signature", "crashed", "went_back", "given_up"}
    alarms = (await halls.api.get("/alarms"))["items"]
    assert isinstance(alarms, list)
    assert [one["kind"] for one in alarms] == ["rollout"]
    assert "has stopped" in alarms[0]["detail"]

    async def settled() -> bool:
        return set(states(await halls.api.get(path)).values()) <= {"done", "failed", "pending"}

    await until(settled, "what was on its way is taken back or done")
    count = len(halls.ordered)
    for one in bad:
        one.fails = ""
    await halls.api.post(f"{path}/retry", {})
    done = await halls.reaches(path, "done")
    assert set(states(done).values()) == {"done"}
    assert len(halls.ordered) > count
    assert halls.most <= 2
    assert halls.together == []
    assert (await halls.api.get("/alarms"))["items"] == []
    audit = (await halls.api.get("/audit", limit=1000))["items"]
    assert isinstance(audit, list)
    told = [one["what"] for one in audit if one["what"].startswith("rollout.")]
    assert told == ["rollout.add", "rollout.stop", "rollout.retry", "rollout.done"]


@pytest.mark.soak  # a fleet of forty, again
async def test_silence_is_a_failure_whatever_was_the_last_that_was_heard(open_halls: OpenHalls):
    halls = await open_halls(3)
    for number, step in enumerate(("taken", "ready", "done")):
        halls.devices[f"desa-0{number}", "display"].silent = step
    how = {"rings": [100], "parallel": 3, "stop_share": 100, "retries": 0, "deadline_s": 4}
    path = await halls.begin(**how)
    stopped = await halls.reaches(path, "stopped")
    why = {one["site"]: one["why"] for one in stopped["devices"] if one["state"] == "failed"}  # type: ignore[attr-defined]
    assert why == {"desa-00": "not_taken", "desa-01": "not_ready", "desa-02": "not_done"}
    assert {state for (_, role), state in states(stopped).items() if role == "kiosk"} == {"pending"}


@pytest.mark.soak  # a fleet of forty, again
async def test_a_rollout_survives_the_death_of_the_controller_and_a_pause_gives_no_orders(open_halls: OpenHalls):
    halls = await open_halls(6, step_s=0.3)
    path = await halls.begin(rings=[100], parallel=3, stop_share=100)
    await until(lambda: len(halls.ordered) >= 4, "it has begun")
    await halls.controller.kill("application")

    async def answers() -> bool:
        try:
            return await halls.state(path) != ""
        except Exception:
            return False

    await until(answers, "the controller is back")
    assert (await halls.api.post(f"{path}/pause", {}))["state"] == "paused"

    async def still() -> bool:
        return not {"ordered", "taken", "ready", "trial"} & set(states(await halls.api.get(path)).values())

    await until(lambda: not any(one.busy for one in halls.devices.values()), "what was ordered goes on")
    count = len(halls.ordered)
    await until(still, "and is heard of")
    assert len(halls.ordered) == count
    await halls.api.post(f"{path}/resume", {})
    done = await halls.reaches(path, "done")
    assert set(states(done).values()) == {"done"}
    assert halls.most <= 3
    assert halls.together == []


async def test_who_is_away_is_told_when_it_is_back_and_what_was_cancelled_is_taken_back(open_halls: OpenHalls):
    halls = await open_halls(2)
    away = halls.devices["desa-00", "display"]
    away.silent = "taken"  # the order does not reach it
    path = await halls.begin(rings=[100], parallel=2)
    await until(lambda: away.orders, "it was told")
    away.silent = "ready"
    away.light.power_cut()
    await until(lambda: away.busy, "it is told again at its birth")
    await until(lambda: halls.devices["desa-01", "kiosk"].rel, "the other hall goes on")
    assert halls.devices["desa-00", "kiosk"].orders == [], "the kiosk waits for its display"
    await halls.api.post(f"{path}/cancel", {})

    async def settled() -> bool:
        return set(states(await halls.api.get(path)).values()) <= SETTLED

    await until(settled, "everybody knows")
    assert away.cancels >= 1
    assert not away.busy
    assert halls.devices["desa-00", "kiosk"].orders == []

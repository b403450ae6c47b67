"""A hall is given another release while citizens are there: nobody is interrupted, and the queue goes on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.measures.update import signed
from hil.api import Json
from hil.demo.hall import SERVICES, SITE
from hil.demo.stage import READY, Stage
from hil.device import HANGS
from provisioning.release.bundle import Bundle

IN_FLIGHT = {"ordered", "taken", "ready", "trial", "recalled"}


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[tuple[Stage, Bundle]]:
    """Give a hall that is on, and a release that its controller has."""
    made, key = signed(tmp_path, "0.9.0", bench=True)
    stage = Stage(tmp_path / "hall", release_key=str(key))
    try:
        await stage.open("kiosk", "display")
        assert stage.api is not None
        await stage.api.publish(made.data())
        yield stage, made
    finally:
        await stage.close()


async def states(stage: Stage) -> dict[str, Json]:
    """Return the last words of the devices that have spoken, by role."""
    assert stage.api is not None
    devices = (await stage.api.get("/devices"))["items"]
    assert isinstance(devices, list)
    return {device["role"]: device["state"] for device in devices if device["state"].get("rel")}


async def command(stage: Stage, key: str, **how: object) -> Json:
    """Give a queue command until its outcome is definite."""
    assert stage.api is not None
    while (outcome := await stage.api.command(SITE, key, **how))["outcome"] == "unknown":
        pass
    assert outcome["outcome"] == "done", outcome
    return outcome


@pytest.mark.soak  # three quarters of a minute
async def test_a_hall_is_updated_when_nobody_waits_and_goes_on_with_its_numbers(hall):
    stage, made = hall
    kiosk = stage.device("kiosk")
    await kiosk.wait(lambda: kiosk.digits == READY)
    service = SERVICES[0]["id"]
    first = (await command(stage, "issue.1", op="issue", service=service, paper=0))["ticket"]
    while len(await states(stage)) < 2:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.05)
    rollout = await stage.api.post("/rollouts", {"rel": made.rel, "all": True, "parallel": 2})
    for turn in range(40):  # as long as somebody waits, nothing restarts
        now = await states(stage)
        assert all(state["rel"] != made.rel for state in now.values()), turn
        await asyncio.sleep(0.1)
    called = (await command(stage, "call.1", op="call_next", counter="1"))["ticket"]
    assert called == first
    await command(stage, "finish.1", op="finish", ticket=first)
    for _ in range(20 * HANGS):
        found = await stage.api.get(f"/rollouts/{rollout['id']}")
        devices = found["devices"]
        assert isinstance(devices, list)
        under_way = [one for one in devices if one["state"] in IN_FLIGHT]
        assert len(under_way) <= 1, "two devices of a hall at once"
        if found["state"] == "done":
            break
        await asyncio.sleep(0.05)
    assert {role: state["rel"] for role, state in (await states(stage)).items()} == {
        "kiosk": made.rel,
        "display": made.rel,
    }
    second = (await command(stage, "issue.2", op="issue", service=service, paper=0))["ticket"]
    assert second == int(str(first)) + 1

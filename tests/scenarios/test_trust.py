"""Trust on real devices: another secret, another CA, a spare for a dead kiosk, and a device that is trusted no more."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hil.api import Json
from hil.demo.controller import BALAI
from hil.demo.hall import SITE
from hil.demo.stage import READY, Stage, heading
from hil.device import HANGS, Device


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Give a hall that is on."""
    made = Stage(tmp_path)
    try:
        await made.open()
        kiosk = made.device("kiosk")
        await kiosk.wait(lambda: kiosk.digits == READY)
        yield made
    finally:
        await made.close()


def name_of(stage: Stage, device: str) -> str:
    """Return the id of a device of the bench."""
    return stage.device(device).environment["BALAI_DEVICE"]


async def until(stage: Stage, device: str, seen: Callable[[Json], object]) -> Json:
    """Look at a device, as the controller has it, until `seen(device)`; a hang fails with what was seen last."""
    assert stage.api is not None
    for _ in range(20 * HANGS):
        shown = await stage.api.get(f"/devices/{device}")
        if seen(shown):
            return shown
        await asyncio.sleep(0.05)
    raise AssertionError(shown)


async def ca(stage: Stage, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run `balai ca` at the machine of the controller."""
    command = [BALAI, "ca", *options, "--data", str(stage.controller.data)]
    return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)


def conn(shown: Json) -> str:
    """Return the hash of the connection that a device says it has."""
    state = shown["state"]
    assert isinstance(state, dict)
    return str(state.get("conn", ""))


async def reboot(device: Device) -> None:
    """Pull a device's plug and put it back."""
    await device.cut_power()
    await device.power_on()


async def test_a_kiosk_is_given_another_secret_while_citizens_press(stage: Stage) -> None:
    assert stage.api is not None
    name = name_of(stage, "kiosk")
    await until(stage, name, lambda shown: shown["online"])
    await stage.api.post(f"/devices/{name}/secret", {})
    assert await stage.take("A") == "A 1", "the hall goes on"
    shown = await until(stage, name, lambda shown: shown["generation"] == 2 and shown["online"])
    assert shown["next"] == 0
    await until(stage, name, conn)
    await reboot(stage.device("kiosk"))
    kiosk = stage.device("kiosk")
    await kiosk.wait(lambda: kiosk.digits == READY)
    boots = await until(stage, name, lambda shown: shown["online"] and shown["state"]["boots"] == 2)  # type: ignore[index]
    assert boots["generation"] == 2, "the new secret is on its flash"
    assert await stage.take("B") == "B 2"


async def test_a_spare_takes_the_place_of_a_dead_kiosk_and_goes_on_with_its_queue(stage: Stage) -> None:
    assert stage.api is not None
    dead = name_of(stage, "kiosk")
    assert [await stage.take(button) for button in "AB"] == ["A 1", "B 2"]
    await stage.device("kiosk").cut_power()
    identity = await stage.api.post("/devices/claims", {"device": "02ba1a1000fd", "role": "kiosk"})
    spare = await stage.bench.add("spare", identity, BALAI_CLOCK="host", BALAI_LINE_MS="2")
    await spare.power_on()
    await until(stage, "02ba1a1000fd", lambda shown: shown["status"] == "spare" and shown["online"])
    await stage.api.post("/devices/swaps", {"old": dead, "new": "02ba1a1000fd"})
    await spare.wait(lambda: spare.digits == READY)
    shown = await until(stage, "02ba1a1000fd", lambda shown: shown["online"] and shown["config"] == shown["desired"])
    assert (shown["site"], shown["position"]) == (SITE, "kiosk-1")
    spare.press("D")
    await spare.wait(lambda: bool(spare.tickets) and spare.tickets[-1].whole and spare.digits == READY)
    assert heading(spare.tickets[-1]).startswith("D "), "it issues on"
    queue = await stage.queue()
    tickets = queue["tickets"]
    assert isinstance(tickets, list)
    assert {1, 2} <= {ticket["no"] for ticket in tickets}, "nobody is forgotten"
    old = stage.device("kiosk")
    await old.power_on()
    assert (await until(stage, dead, lambda shown: not shown["online"]))["status"] == "out_of_use"


async def test_the_ca_is_renewed_under_devices_that_are_in_use(stage: Stage) -> None:
    names = [name_of(stage, device) for device in ("kiosk", "display", "counter")]
    for name in names:
        await until(stage, name, lambda shown: shown["online"])
    assert (await ca(stage, "renew")).returncode == 0
    refused = await ca(stage, "renew", "--finish")
    assert (refused.returncode, [name in refused.stdout for name in names]) == (1, [True] * 3)
    for device in ("kiosk", "display", "counter"):
        stage.bench.uplink(device, False)
        stage.bench.uplink(device, True)
    for name in names:
        await until(stage, name, lambda shown: shown["online"] and conn(shown))
    finished = await ca(stage, "renew", "--finish")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    for device, name in zip(("kiosk", "display", "counter"), names, strict=True):
        before = await until(stage, name, lambda shown: shown["online"])
        stage.bench.uplink(device, False)
        await until(stage, name, lambda shown: not shown["online"])
        stage.bench.uplink(device, True)
        await until(stage, name, lambda shown, before=before: shown["online"] and shown["seen"] > before["seen"])
    assert await stage.take("A") == "A 1"


async def test_a_revoked_display_is_out_at_once_and_stays_out(stage: Stage) -> None:
    assert stage.api is not None
    name = name_of(stage, "display")
    await until(stage, name, lambda shown: shown["online"])
    await stage.api.post(f"/devices/{name}/revocation", {})
    shown = await until(stage, name, lambda shown: not shown["online"])
    await reboot(stage.device("display"))
    assert await stage.take("A") == "A 1", "the rest of the hall goes on"
    again = await until(stage, name, lambda shown: True)
    boots = shown["state"]["boots"]
    assert (again["status"], again["online"], again["state"]["boots"]) == ("out_of_use", False, boots)

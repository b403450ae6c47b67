"""A bench ends and leaves no process, no port and no file, whatever was done to it."""

import signal
from pathlib import Path

from hil.demo.stage import Stage
from tests.scenarios.fleet import Fleet
from tests.scenarios.traces import Traces


async def test_a_hall_that_was_ill_treated_leaves_nothing(tmp_path: Path, traces: Traces):
    stage = Stage(tmp_path / "hall")
    await stage.open()
    assert len(traces.processes()) >= 6, "a supervisor, an application, a broker, three devices"
    stage.bench.uplinks["kiosk"].stall()
    stage.bench.uplink("display", False)
    stage.device("kiosk").press("A")
    await stage.device("counter").cut_power()
    await stage.controller.kill("broker")
    await stage.controller.signal("application", signal.SIGKILL)
    traces.note()
    await stage.close()
    assert traces.left() == []


async def test_a_fleet_that_was_sending_leaves_nothing(tmp_path: Path, traces: Traces):
    fleet = Fleet(tmp_path / "fleet")
    await fleet.open(3)
    fleet.fill(1_000)
    traces.note()
    await fleet.close()
    assert traces.left() == []


async def test_what_is_left_is_found(tmp_path: Path, traces: Traces):
    stage = Stage(tmp_path / "hall")
    await stage.open("display")
    traces.note()
    device = stage.bench.devices.pop("display")
    await stage.close()
    found = traces.left()
    assert len(found) == 1
    assert found[0].startswith("process")
    await device.cut_power()

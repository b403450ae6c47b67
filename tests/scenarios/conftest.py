"""What scenarios share: halls on a stage, fleets of light kiosks, and the proof that nothing is left behind."""

import os
import random
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hil.boards import Boards
from hil.demo.stage import Stage
from tests.scenarios.fleet import Fleet
from tests.scenarios.traces import Traces

MACHINE = Path(__file__).parent / "machine"
OpenHall = Callable[..., Awaitable[Stage]]
OpenFleet = Callable[..., Awaitable[Fleet]]


def shifted(stage: Stage, seconds: int) -> None:
    """Set the clock of the controller's machine off; it is so from the next start on."""
    stage.controller.environment = {"PYTHONPATH": os.pathsep.join((str(MACHINE), *sys.path)), "SHIFT_S": str(seconds)}


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Chance; where a test fails its report tells the seed."""
    seed = secrets.randbits(32)
    request.node.add_report_section("setup", "dice", f"random.Random({seed})")
    return random.Random(seed)


@pytest.fixture
def traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Traces]:
    """Look at the end whether a process, a port or a file was left behind."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)  # asked anew
    one = Traces(tmp_path, temporary)
    yield one
    assert one.left() == []


@pytest.fixture
async def open_hall(tmp_path: Path, traces: Traces, boards: Boards) -> AsyncIterator[OpenHall]:
    """Open halls: `await open_hall("kiosk", BALAI_RTC="dead")`; without names with every device of the demo's hall.

    `shift` is by how many seconds the clock of the controller's machine is off, the rest as for `Stage.open`.
    """
    opened: list[Stage] = []

    async def begin(*names: str, shift: int = 0, **how: Any) -> Stage:
        stage = Stage(tmp_path / f"hall{len(opened)}", boards=boards)
        opened.append(stage)
        shifted(stage, shift)
        await stage.open(*names, **how)
        return stage

    yield begin
    traces.note()
    for stage in opened:
        await stage.close()


@pytest.fixture
async def hall(open_hall: OpenHall) -> Stage:
    """A hall with kiosk, display and keypad."""
    return await open_hall()


@pytest.fixture
async def open_fleet(tmp_path: Path, traces: Traces) -> AsyncIterator[OpenFleet]:
    """Open fleets of light kiosks: `await open_fleet(25)`; options of the controller by name."""
    opened: list[Fleet] = []

    async def begin(count: int, **options: str | bool) -> Fleet:
        fleet = Fleet(tmp_path / f"fleet{len(opened)}", **options)
        opened.append(fleet)
        await fleet.open(count)
        return fleet

    yield begin
    traces.note()
    for fleet in opened:
        await fleet.close()

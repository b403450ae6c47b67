"""A rig for the firmware's tests: real MicroPython, the virtual board, and the parts at the other end."""

import asyncio
import json
import os
import signal
import subprocess
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from controller.debian import ensure
from hil.parts import Parts

ROOT = Path(__file__).resolve().parents[2]
HANGS = 20  # seconds after which a wait is given up as hung; no test measures time by it

PRELUDE = """
import sys
sys.path.insert(0, {root!r})
import asyncio, json

def tell(**line):
    print(json.dumps(line))
"""

BOARD = """
from firmware.boards.virtual import Board
board = Board()
clock = board.time_source
parts = board.parts({role!r})

on_go = asyncio.Event()  # the test's own word: {{"go": 1}}
board.front.on("go", lambda value, line: on_go.set())

async def go():
    await on_go.wait()
    on_go.clear()

def hand(**line):
    board.front.take(json.dumps(line))

async def with_panel(*mains):
    for main in mains:
        asyncio.create_task(main())
    await board.panel()
"""


class Rig:
    """One MicroPython process with a panel; `parts` shows what its lines amount to."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.parts = Parts()
        self.lines: list[dict] = []
        self.told: list[dict] = []  # what the program itself said with `tell`
        self.stray: list[str] = []

    def send(self, **line: object) -> None:
        """One line of the panel protocol."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line).encode() + b"\n")

    async def press(self, name: str, **how: object) -> None:
        """Press a button or key and let go."""
        before = sum(1 for line in self.lines if line.get("released") == name)
        self.send(press=name, **how)
        await self.until(lambda rig: sum(1 for line in rig.lines if line.get("released") == name) > before)

    async def until(self, seen: Callable[["Rig"], object]) -> None:
        """Read lines until `seen(rig)` is true."""
        try:
            async with asyncio.timeout(HANGS):
                while not seen(self):
                    await self._read()
        except TimeoutError:
            state = f"told {self.told[-9:]}, shows {self.parts.digits!r}, last {self.lines[-3:]}, {self.stray[-9:]}"
            raise AssertionError(f"never seen: {state}") from None

    async def told_of(self, word: str) -> object:
        """Wait until the program says `word`; its value. Each word is waited for once."""
        await self.until(lambda rig: any(word in line for line in rig.told))
        found = next(line for line in self.told if word in line)
        self.told.remove(found)
        return found[word]

    async def end(self) -> int:
        """Read to the end; the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        while self.process.stdout is not None and not self.process.stdout.at_eof():
            try:
                async with asyncio.timeout(HANGS):
                    await self._read()
            except EOFError:
                break
        return await asyncio.wait_for(self.process.wait(), HANGS)

    def cut_power(self) -> None:
        """SIGKILL."""
        self.process.send_signal(signal.SIGKILL)

    async def _read(self) -> None:
        assert self.process.stdout is not None
        raw = await self.process.stdout.readline()
        if not raw:
            raise EOFError("the program ended:\n" + "\n".join(self.stray[-20:]))
        text = raw.decode()
        if not text.startswith("{"):
            self.stray.append(text.rstrip())
            return
        line = json.loads(text)
        known = {"uart", "paper", "segments", "spi", "lamp", "error", "started", "ready", "released"}
        if known & line.keys():
            self.lines.append(line)
            self.parts.take(line)
        else:
            self.told.append(line)


Start = Callable[..., Awaitable[Rig]]
Run = Callable[..., list[dict]]


@pytest.fixture(scope="session")
def micropython() -> str:
    """Path of a real MicroPython."""
    return str(ensure("micropython"))


@pytest.fixture
def run(micropython: str, tmp_path: Path) -> Run:
    """Run a program to its end in the test's folder: `run(source, ..., BALAI_FLASH_CUT="3")`; what it told."""

    def go(*sources: str, **environment: str) -> list[dict]:
        program = tmp_path / "program.py"
        program.write_text(PRELUDE.format(root=str(ROOT)) + "\n".join(textwrap.dedent(source) for source in sources))
        done = subprocess.run(
            [micropython, "-X", "heapsize=8m", str(program)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, **environment},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    return go


@pytest.fixture
async def start(micropython: str, tmp_path: Path) -> AsyncIterator[Start]:
    """Start a program: `await start(source, ..., role="kiosk", BALAI_RTC="dead")`; ended with the test."""
    started: list[asyncio.subprocess.Process] = []

    async def begin(*sources: str, role: str = "", **environment: str) -> Rig:
        prelude = PRELUDE.format(root=str(ROOT)) + (BOARD.format(role=role) if role else "")
        program = tmp_path / f"program{len(started)}.py"
        program.write_text(prelude + "\n".join(textwrap.dedent(source) for source in sources))
        process = await asyncio.create_subprocess_exec(
            micropython,
            str(program),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=tmp_path,
            env={**os.environ, **environment},
        )
        started.append(process)
        return Rig(process)

    yield begin
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.wait()
        transport = process._transport  # type: ignore[attr-defined]
        transport.close()

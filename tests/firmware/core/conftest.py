"""What the tests of the core share: a journal on each interpreter, and a program on a littlefs of real NOR flash."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.firmware.core.journal_hand import Hand

ROOT = Path(__file__).resolve().parents[3]
FLASH = f"""
import os
sys.path.insert(0, {str(ROOT / "hil" / "flash")!r})
import flash_block
from firmware.core.journal import Journal
from firmware.core.settings import Settings

class Clock:
    def up(self):
        return 1

    def now(self):
        return 0, 0

root = flash_block.mount("image")

def free():
    return os.statvfs(root)[3] * 4096

def fill(leave):
    # As an update would, until so many blocks are free or not one more goes.
    for n in range(free() // 4096 - leave):
        try:
            with open(root + "/update%d" % n, "wb") as file:
                file.write(b"x" * 4000)
        except OSError:
            break

def clear():
    for name in os.listdir(root):
        if name.startswith("update"):
            os.remove(root + "/" + name)
"""


class Far:
    """The same hands on MicroPython."""

    def __init__(self, micropython: str) -> None:
        self.process = subprocess.Popen(
            [micropython, ROOT / "tests/firmware/core/journal_hand.py", ROOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, line: dict[str, object]) -> dict:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "MicroPython has ended"
        return json.loads(answer)

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def far(micropython) -> Iterator[Far]:
    one = Far(micropython)
    yield one
    one.close()


class Both:
    """A journal on each interpreter, told the same things; they must answer the same."""

    def __init__(self, far: Far, folder: Path) -> None:
        self.far, self.near = far, Hand()
        self.folder = folder
        self.logs: set[tuple[str, str]] = set()

    def do(self, what: str, **line: object) -> dict:
        near = json.loads(json.dumps(self.near.do({"do": what, **line})))
        far = self.far.do({"do": what, **line})
        assert near == far
        return near

    def boot(
        self, limit: int = 1 << 20, remembers: bool = True, clock: tuple[int, int] = (1_795_505_400_000, 4)
    ) -> None:
        line = {"do": "boot", "limit": limit, "remembers": remembers, "clock": clock}
        logs = [hand.do({**line, "folder": f"{self.folder}/{name}"})["log"] for name, hand in self.hands.items()]
        self.logs.add(tuple(logs))
        assert len(self.logs) == 1, "the log's id never changes"

    @property
    def hands(self) -> dict[str, Hand | Far]:
        return {"near": self.near, "far": self.far}


@pytest.fixture
def both(far, tmp_path) -> Both:
    return Both(far, tmp_path)


@pytest.fixture
def on_flash(run):
    """Run a program with `Journal`, `Settings`, `root`, `free()` and `fill(blocks to leave)` on this test's image."""
    return lambda source, **environment: run(FLASH, source, **environment)

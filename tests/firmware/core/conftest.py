"""What the tests of the core share: a journal on each interpreter, and a program on a littlefs of real NOR flash."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from bench.broker import Mosquitto
from tests.firmware.core.centre import DEVICE, HANGS, SITE, Centre
from tests.firmware.core.flash.journal_hand import Hand

ROOT = Path(__file__).resolve().parents[3]
FLASH = f"""
import os
sys.path.insert(0, {str(ROOT / "hil" / "flash")!r})
import flash_block
from firmware.core.flash.journal import Journal
from firmware.core.flash.settings import Settings

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
            [micropython, ROOT / "tests/firmware/core/flash/journal_hand.py", ROOT],
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
    return lambda *sources, **environment: run(FLASH, *sources, **environment)


NODE = """
from firmware.boards.virtual import Board
from firmware.node import Node

def quick(**values):
    # Shorter than in a hall, so that a test sees what comes after them.
    for name in sys.modules:
        if name.startswith("firmware."):
            for value in values:
                if hasattr(sys.modules[name], value):
                    setattr(sys.modules[name], value, values[value])

board = Board()
node = Node(board)
journal, link = node._journal, node._link
quick(BACKOFF_MS=10, BIRTH_MS=400, RESEND_MS=200, REQUEST_MS=400, KEEPALIVE_S=2, ANSWER_S=1, CONNECT_S=2)
sys.modules["firmware.core.uplink.link"].LONGEST_MS = 100

def append(n, _line):
    for i in range(n):
        journal.append("ticket.serving", {"no": i, "rev": i, "term": 1})
    link.appended()

def look(_value, _line):
    tell(look={"seq": journal.seq, "acked": journal.acked, "code": link.code, "welcome": link.welcome,
               "refused": link.inbox.refused, "config": node.settings.config, "rejected": node.settings.rejected,
               "session": bool(link.sid), "good": node.settings._good, "time": node._clock.now()[0],
               "q": node._clock.q})

async def ask(n):
    tell(answer=await link.inbox.request("blob", {"n": n}), n=n)

def say(n, _line):
    for i in range(n):
        link.send("reply", {"id": str(i), "outcome": "done"})

board.front.on("append", append)
board.front.on("look", look)
board.front.on("say", say)
board.front.on("ask", lambda n, _line: [asyncio.create_task(ask(i)) for i in range(n)])
"""
RUN = "asyncio.run(node.run())"


@pytest.fixture
def device(start, tmp_path: Path):
    """`await device(port, ...)`: a keypad that was claimed at the brokers on these ports."""

    async def begin(
        *ports: int,
        tls: bool = False,
        host: str = "127.0.0.1",
        source: str = RUN,
        environment: dict[str, str] | None = None,
        **identity: object,
    ):
        brokers = [{"host": host, "port": port, "tls": tls} for port in ports]
        whole = {"device": DEVICE, "role": "counter", "username": f"{DEVICE}.1", "secret": "secret", "brokers": brokers,
                 "site": SITE, "position": "counter-1", "ca": "", "networks": []}  # fmt: skip
        (tmp_path / "identity.json").write_text(json.dumps({**whole, **identity}))
        return await start(NODE, source, **(environment or {}))

    return begin


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A real broker, open to all."""
    one = Mosquitto(tmp_path)
    one.start()
    yield one
    one.stop()


@pytest.fixture
async def centre(mosquitto: Mosquitto) -> AsyncIterator[Centre]:
    """A controller at it."""
    one = Centre(mosquitto.port)
    yield await one.ready()
    one.close()


async def look(rig) -> dict:
    """What the link says of itself."""
    rig.send(look=1)
    return await rig.told_of("look")


async def until(rig, seen: Callable[[dict], object]) -> dict:
    """Ask the link until what it says of itself is as wanted."""
    async with asyncio.timeout(HANGS):
        while not seen(found := await look(rig)):
            pass
    return found

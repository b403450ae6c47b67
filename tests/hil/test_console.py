"""A device on a socket is pressed and read as one that is a process here."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hil import build
from hil.console import ConsoleError, Port, Process, at
from hil.device import Device

MAC = "02ba1a1000aa"
IDENTITY = {
    "device": MAC,
    "role": "counter",
    "username": f"{MAC}.1",
    "secret": "made up",
    "generation": 1,
    "brokers": [{"host": "127.0.0.1", "port": 9, "tls": False}],  # nobody is there
    "ca": None,
    "site": "genteng-kulon",
    "position": "counter-1",
    "networks": [],
    "lang": "id",
}


@pytest.fixture
async def emulator(tmp_path: Path) -> AsyncIterator[str]:
    """Give the address of a device whose console is a socket: a process of MicroPython behind one."""
    folder = tmp_path / "flash"
    build.flash(folder, IDENTITY)
    process = Process(folder)
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while data := await reader.read(4096):
            process.write(data)

    def told(line: bytes) -> None:
        for writer in writers:
            writer.write(line)

    await process.power_on(told, {"BALAI_DEVICE": MAC})
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for writer in writers:
        writer.close()
    server.close()
    await process.cut()


async def test_a_device_on_a_socket_is_started_pressed_and_read(emulator: str, tmp_path: Path) -> None:
    port = at(emulator)
    device = Device("counter", tmp_path, MAC, at=port)
    await device.power_on()
    await device.wait(lambda: device.digits.strip())
    device.hold("*")
    await device.wait(lambda: device.digits == MAC[-4:].upper())  # the second page of what it says of itself
    with pytest.raises(ConsoleError, match="cannot be cut"):
        await device.cut_power()
    await port.close()
    assert not device.powered


async def test_a_port_that_is_not_there_is_one_line() -> None:
    with pytest.raises(ConsoleError, match="cannot be opened"):
        await at("serial:///dev/there-is-none").power_on(lambda line: None, {})
    with pytest.raises(ConsoleError, match="serial:///dev/ttyUSB0 or socket://"):
        at("/dev/ttyUSB0")


async def test_a_device_that_is_unplugged_has_ended(emulator: str, tmp_path: Path) -> None:
    port = Port(emulator)
    gone = asyncio.Event()
    await port.power_on(lambda line: None if line else gone.set(), {})
    await port.close()
    await gone.wait()

"""With nothing in anybody's stead but the chip's silicon: `balai serve`, MicroPython, the firmware, the command."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import pytest_asyncio

from hil.api import Api
from hil.console import micropython
from hil.demo.controller import Controller
from hil.demo.hall import COUNTERS, NAME, SERVICES, SITE
from provisioning.identity import Json
from tests.provisioning.chip.board import Board, Firmware
from tests.provisioning.chip.boot import start
from tests.provisioning.chip.silicon import Silicon
from tests.provisioning.chip.wires import Terminal

pytestmark = pytest.mark.asyncio(loop_scope="module")

BALAI = [sys.executable, "-c", "from controller.cli import main; main()", "device"]


class RealFirmware(Firmware):
    """The files of the flash, unpacked into `folder` and started by MicroPython's unix port."""

    def __init__(self, folder: Path, mac: str) -> None:
        self.folder = folder
        self.mac = mac
        self.process: subprocess.Popen[bytes] | None = None

    def started(self, files: dict[str, bytes]) -> None:
        """Power on."""
        for name, data in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        self.process = subprocess.Popen(
            [micropython(), "-X", "heapsize=4m", "main.py"],
            cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "BALAI_DEVICE": self.mac, "BALAI_CLOCK": "host"},
        )  # fmt: skip
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)

    def said(self) -> bytes:
        """What it wrote."""
        if self.process is None or self.process.stdout is None:
            return b""
        return self.process.stdout.read() or b""

    def stopped(self) -> None:
        """Power off."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        self.process = None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(tmp_path_factory):
    """A controller with a hall, and a technician's token: `(api, token)`."""
    controller = Controller(tmp_path_factory.mktemp("controller"))
    await controller.start()
    try:
        async with Api(controller.address) as api:
            await api.sign_in(controller.name, controller.password)
            site: Json = {"id": SITE, "name": NAME, "services": SERVICES, "counters": COUNTERS}
            await api.post("/sites", site)
            for id_, role in (("kiosk-1", "kiosk"), ("display-1", "display")):
                await api.post("/positions", {"site": SITE, "id": id_, "role": role, "name": id_})
            made = await api.post("/tokens", {"name": "teknisi", "role": "technician"})
            yield api, str(made["token"])
    finally:
        await controller.stop()


async def balai(
    api: Api, token: str, stock: Path, tmp_path: Path, *words: object, place: tuple[str, str] = (SITE, "kiosk-1")
) -> tuple[int, str]:
    """Run `balai device` to its end: its exit code, and all that it said."""
    given = [*words, "--site", place[0], "--position", place[1], "--controller", api.address, "--image", stock]
    given += ["--bench", "--cache", tmp_path / "cache", "--work", tmp_path / "work"]
    process = await asyncio.create_subprocess_exec(
        *BALAI, *(str(word) for word in given), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env={**os.environ, "BALAI_TOKEN": token},
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def waiting(api: Api) -> list[str]:
    """The devices with a claim that nobody has used."""
    found = (await api.get("/devices/claims"))["items"]
    assert isinstance(found, list)
    return [one["device"] for one in found]


async def test_a_board_is_flashed_starts_and_is_seen(hall, stock, tmp_path):
    api, token = hall
    mac = "30aea4c00001"
    firmware = RealFirmware(tmp_path / "flash", mac)
    board = Board(Silicon(mac=mac), firmware)
    wire = Terminal(board)
    try:
        code, said = await balai(api, token, stock, tmp_path, "flash", "--port", wire.name)
        assert code == 0, said + "\n" + firmware.said().decode()
        device = await api.get(f"/devices/{mac}")
        identity = json.loads(start(board.silicon, board.loader.memory)["identity.json"])
        assert (device["online"], device["generation"], device["pending"]) == (True, 1, None)
        assert (device["site"], device["position"]) == (SITE, "kiosk-1")
        assert identity["secret"] not in said
        assert token not in said
        assert mac not in await waiting(api)
    finally:
        firmware.stopped()
        wire.close()


async def test_an_image_holds_a_file_system_that_starts_and_is_seen(hall, stock, tmp_path):
    api, token = hall
    mac, out = "30aea4c00002", tmp_path / "display.bin"
    words = ("image", "--device", mac, "--out", out)
    code, said = await balai(api, token, stock, tmp_path, *words, place=(SITE, "display-1"))
    assert code == 0, said
    assert mac in await waiting(api)
    firmware = RealFirmware(tmp_path / "flash", mac)
    firmware.started(start(Silicon(), out.read_bytes()))
    try:
        async with asyncio.timeout(60):
            while not (await api.get(f"/devices/{mac}"))["online"]:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.1)
        assert mac not in await waiting(api), "the claim is used"
    finally:
        firmware.stopped()


async def test_a_board_that_fails_leaves_nothing_in_the_controller(hall, stock, tmp_path):
    api, token = hall
    mac = "30aea4c00003"
    wire = Terminal(Board(Silicon(mac=mac), corrupt=9))
    try:
        code, said = await balai(api, token, stock, tmp_path, "flash", "--port", wire.name)
    finally:
        wire.close()
    assert code == 8, said
    assert mac not in await waiting(api)
    assert mac not in str(await api.get("/devices"))


@pytest.mark.parametrize(
    ("place", "text"),
    [((SITE, "kiosk-9"), "There is no such position"), (("nowhere", "kiosk-1"), "There is no such site")],
)
async def test_what_the_controller_refuses_is_said_and_nothing_is_erased(place, text, hall, stock, tmp_path):
    api, token = hall
    mac = "30aea4c00004"
    board = Board(Silicon(mac=mac))
    wire = Terminal(board)
    try:
        code, said = await balai(api, token, stock, tmp_path, "flash", "--port", wire.name, place=place)
    finally:
        wire.close()
    assert code == 7
    assert f"the controller refuses: {text} (check --site and --position" in said
    assert not board.loader.erased
    assert mac not in await waiting(api)


async def test_a_claim_token_makes_one_board_and_no_second(hall, stock, tmp_path):
    api, _ = hall
    mac, other = "30aea4c00005", "30aea4c00006"
    made = await api.post("/devices/claims/tokens", {"site": SITE, "position": "kiosk-1", "minutes": 10})
    token = str(made["token"])
    code, said = await balai(api, token, stock, tmp_path, "image", "--device", mac, "--out", tmp_path / "one.bin")
    assert code == 0, said
    code, said = await balai(api, token, stock, tmp_path, "image", "--device", other, "--out", tmp_path / "two.bin")
    assert code == 7
    assert "has been used: ask for another one" in said
    assert not (tmp_path / "two.bin").exists()
    assert mac in await waiting(api)
    assert other not in await waiting(api)
    code, said = await balai(api, token, stock, tmp_path, "image", "--device", mac, "--out", tmp_path / "again.bin")
    assert code == 0, said
    assert (tmp_path / "again.bin").read_bytes() == (tmp_path / "one.bin").read_bytes()

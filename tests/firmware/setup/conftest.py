"""A device in a hall, the phone of a technician, and what is between them."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.firmware.conftest import Rig
from tests.firmware.core.centre import DEVICE, SITE
from tests.firmware.core.conftest import NODE, RUN

AIR = [
    ["Balai Desa", "rahasia-desa", -52],
    ["Warung <Kopi> & \"Teh\"", "", -71],
    ["Rumah Pak Lurah", "bukan-untuk-umum", -83],
]  # fmt: skip
ROOT = Path(__file__).resolve().parents[3]
POINT = "Balai-" + DEVICE[-4:]
# Shorter than in a hall; how long the access point stays open is tried where a clock can be turned.
QUICK = f"""
quick(NETWORK_MS=1_500, LOOK_MS=50, PAUSE_MS=200, LEAVE_MS=100, LOST_MS=100)
sys.path.insert(0, {str(ROOT)!r})
import firmware.setup.portal
firmware.setup.portal.TIME_S = 2
"""


@dataclass
class Phone:
    """A phone in the device's access point."""

    rig: Rig
    http: int
    dns: int

    @property
    def site(self) -> str:
        return f"127.0.0.1:{self.http}"

    async def say(self, raw: bytes) -> bytes:
        """Send bytes as they are and read to the end."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.http)
        except OSError:
            return b""
        try:
            writer.write(raw)
            return await reader.read()
        except OSError:
            return b""
        finally:
            writer.close()

    async def get(self, path: str, host: str = "") -> tuple[int, dict[str, str], bytes]:
        """GET a path; status, headers, body."""
        return taken(await self.say(f"GET {path} HTTP/1.1\r\nHost: {host or self.site}\r\n\r\n".encode()))

    async def post(self, body: bytes, kind: str = "application/json") -> tuple[int, dict[str, str], bytes]:
        """POST /network."""
        head = f"POST /network HTTP/1.1\r\nHost: {self.site}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}"
        return taken(await self.say(head.encode() + b"\r\n\r\n" + body))

    async def choose(self, ssid: str, password: str) -> int:
        """Choose a network; the status."""
        return (await self.post(json.dumps({"ssid": ssid, "password": password}).encode()))[0]

    async def result(self, *states: str) -> dict:
        """Ask until the result's state is one of these."""
        while (found := json.loads((await self.get("/result"))[2]))["state"] not in states:
            pass
        return found


def taken(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split(" ")[1]), dict(line.lower().split(": ", 1) for line in lines), body


@pytest.fixture
def device(start, tmp_path: Path):
    """`await device()`: power on a device that knows no network and whose broker is nowhere, in the air above."""

    async def begin(source: str = QUICK + RUN, **identity: object) -> Rig:
        whole = {"device": DEVICE, "role": "kiosk", "username": f"{DEVICE}.1", "secret": "secret", "generation": 1,
                 "brokers": [{"host": "127.0.0.1", "port": 9, "tls": False}], "site": SITE, "position": "kiosk-1",
                 "ca": "", "networks": []}  # fmt: skip
        file = tmp_path / "identity.json"
        if not file.exists():
            file.write_text(json.dumps({**whole, **identity}))
        return await start(NODE, source, BALAI_AIR=json.dumps(AIR))

    return begin


async def opened(rig: Rig) -> Phone:
    """Wait until the access point is open."""
    await rig.until(lambda rig: any("portal" in line for line in rig.told))
    line = next(line for line in rig.told if "portal" in line)
    found = Phone(rig, line["portal"], line["dns"])
    while not await found.say(b"GET /result HTTP/1.1\r\n\r\n"):
        pass  # the port is told a moment before somebody listens
    return found


@pytest.fixture
async def phone(device) -> Phone:
    """A phone in the access point of such a device."""
    return await opened(await device())

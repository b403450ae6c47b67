"""How commands are tested: in the test's own process; starting an interpreter would be most of the time."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from controller.cli import app
from controller.settings import Settings


class Done(NamedTuple):
    """A command that has ended."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str) -> Done:
    """Run a command of `balai` to its end."""
    result = CliRunner().invoke(app, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


@pytest.fixture(name="balai")
def balai_command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Run `balai`, without settings of whoever runs the tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"BALAI_{name.upper()}", raising=False)
    return run

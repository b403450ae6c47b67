"""Every option and every exit code of `balai device` is in its documentation."""

import inspect
import re
from pathlib import Path

import typer

from provisioning import errors
from provisioning.boards import BOARDS
from provisioning.commands import app
from provisioning.commands.release import app as releases

DOCUMENT = (Path(__file__).resolve().parents[3] / "docs" / "provisioning.md").read_text()


def test_every_command_and_option_is_documented():
    group = typer.main.get_command(app)
    for name, command in group.commands.items():
        assert f"balai device {name}" in DOCUMENT
        section = DOCUMENT.partition(f"## `balai device {name}`")[2].partition("\n## ")[0]
        assert section, name
        for parameter in command.params:
            for word in parameter.opts:
                if word.startswith("--") and word != "--help":
                    assert f"`{word}" in section, f"{word} of {name}"


def test_every_command_and_option_of_releases_is_documented():
    section = DOCUMENT.partition("## `balai release`")[2].partition("\n## ")[0]
    for name, command in typer.main.get_command(releases).commands.items():
        assert f"`balai release {name}`" in section
        rows = section.partition(f"`balai release {name}`")[2].partition("| `balai release")[0]
        words = [word for parameter in command.params for word in parameter.opts if word.startswith("--")]
        assert [word for word in words if word != "--help" and word not in rows] == [], name


def test_every_exit_code_is_documented():
    codes = {
        one.code for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, errors.ProvisioningError)
    }
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", DOCUMENT, re.MULTILINE)}
    assert listed == codes | {0, errors.INTERRUPTED}
    drawn = {int(code) for code in re.findall(r"Error +(\d+) ", errors.__doc__ or "")}
    assert drawn == codes


def test_every_board_is_documented():
    for board in BOARDS.values():
        assert f"`{board.name}`" in DOCUMENT

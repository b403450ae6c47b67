"""What can be set, run and watched stands in docs/operations.md, in the words of the program."""

import re
from importlib.metadata import entry_points
from pathlib import Path

import typer

from controller import metrics
from controller.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "operations.md").read_text()
ELSEWHERE = {"device", "release"}  # in docs/provisioning.md, and there tested option by option


def row(name: str) -> str:
    """The row of a setting."""
    field = Settings.model_fields[name]
    more = field.json_schema_extra
    allowed = more.get("allowed", "") if isinstance(more, dict) else ""
    default = field.get_default()
    shown = "" if default in (None, "", ()) else f"`{str(default).lower() if isinstance(default, bool) else default}`"
    return f"| `{name}` | {field.description} | {allowed} | {shown} |"


def test_every_setting_is_there_as_the_program_describes_it() -> None:
    wanted = [row(name) for name in Settings.model_fields]
    assert [line for line in wanted if line not in TEXT] == []
    listed = re.findall(
        r"^\| `(\w+)` \|.*\|.*\|.*\|$", TEXT.partition("## Settings")[2].partition("\n## ")[0], re.MULTILINE
    )
    assert listed == list(Settings.model_fields)


def test_every_command_is_there() -> None:
    missing = []
    for entry in entry_points(group="balai.commands"):
        if entry.name in ELSEWHERE:
            continue
        found = entry.load()
        group = typer.main.get_command(found) if isinstance(found, typer.Typer) else None
        names = (
            [f"{entry.name} {name}" for name in group.commands]
            if group and hasattr(group, "commands")
            else [entry.name]
        )
        missing += [name for name in names if f"balai {name}" not in TEXT]
    assert missing == []


def test_every_figure_is_there() -> None:
    source = Path(metrics.__file__).read_text()
    names = set(re.findall(r'"(balai_\w+)"', source))
    assert len(names) > 5
    assert {name for name in names if f"`{name}`" not in TEXT} == set()

"""`balai settings`: what is in force, and where from."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from controller.options import with_settings
from controller.sources import Loaded


@with_settings()
def settings(
    loaded: Loaded, as_json: Annotated[bool, typer.Option("--json", help="for programs: one JSON object")] = False
) -> None:
    """Show every setting, its value and where it comes from; secrets are masked."""
    rows = loaded.shown()
    if as_json:
        typer.echo(json.dumps({name: {"value": value, "from": origin} for name, value, origin, _ in rows}, indent=1))
        return
    table = Table("setting", "value", "from", "what it is", box=None, pad_edge=False, header_style="bold")
    for name, value, origin, text in rows:
        table.add_row(name, value, origin, text, style=None if origin == "default" else "bold")
    Console(width=None if Console().is_terminal else 200, highlight=False).print(table)

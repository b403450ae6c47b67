"""`balai device trace`: a device's traceback in the words of the sources."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from provisioning.commands.options import ending
from provisioning.image.slot import slot

PLACE = re.compile(r'File "(?:.*/)?(\w+)(?:\.mpy)?", line (\d+), in \S+')


@ending
def trace(
    file: Annotated[
        Path | None, typer.Argument(help="a file with the traceback; standard input without it", exists=True)
    ] = None,
) -> None:
    """Say where in the sources a device's traceback is: of a device with the firmware of this checkout."""
    lines = json.loads(slot().with_suffix(".json").read_text())
    typer.echo(explained(file.read_text(errors="replace") if file else sys.stdin.read(), lines), nl=False)


def explained(text: str, lines: dict[str, dict[str, tuple[str, int]]]) -> str:
    """Return a traceback with places in the sources for those in parts. `lines`: part -> line -> (file, line)."""

    def place(found: re.Match[str]) -> str:
        known = sorted((int(line), where) for line, where in lines.get(found[1], {}).items())
        before = [where for line, where in known if line <= int(found[2])]
        return f'File "{before[-1][0]}", line {before[-1][1]}' if before else found[0]

    return PLACE.sub(place, text)

"""`balai device boards` and `balai device ports`: what there is."""

import typer

from provisioning.boards import BOARDS, VERSION
from provisioning.commands.options import ending
from provisioning.flash.ports import found


@ending
def boards() -> None:
    """Show the kinds of board, and the MicroPython image of each."""
    typer.echo(f"MicroPython {VERSION}")
    for board in BOARDS.values():
        typer.echo(f"{board.name:10}{board.chip:10}{board.url}")
        typer.echo(f"{'':20}{board.sha256 or 'no SHA-256 is known: name a file with --image, and --sha256'}")


@ending
def ports() -> None:
    """Show the serial ports with USB behind them."""
    there = found()
    for port in there:
        typer.echo(f"{port.name}  {port.about}")
    if not there:
        typer.echo("no board is plugged in, or its driver is missing")

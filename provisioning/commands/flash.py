"""`balai device flash`: boards become devices, one after another or several at once."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from provisioning import places
from provisioning.boards import board_named
from provisioning.claims import Claims
from provisioning.commands.image import fetched
from provisioning.commands.options import (
    CACHE,
    WORK,
    Address,
    Authority,
    Bench,
    Cache,
    Claimed,
    ImageFile,
    Networks,
    Plain,
    Position,
    ReleaseKey,
    Sha256,
    Site,
    Spare,
    TokenFile,
    controller_at,
    ending,
    networks_in,
)
from provisioning.controller import Place
from provisioning.errors import PortError, ProvisioningError, UsageError
from provisioning.flash import batch, report
from provisioning.flash.ports import found
from provisioning.flash.report import DONE, Made
from provisioning.flash.screen import Screen
from provisioning.flash.work import Wishes, Work
from provisioning.image.interpreter import load
from provisioning.release.keys import modulus

_WIDE = 140  # columns, where nothing says how many there are
_NO_BOARD = "no board is plugged in: plug one in, or name its port with --port"


@ending
def flash(
    port: Annotated[list[str] | None, typer.Option(help="serial port; may be given several times")] = None,
    all_ports: Annotated[bool, typer.Option("--all", help="every port with USB behind it")] = False,
    board: Annotated[str, typer.Option(help="kind of board; without it whatever the chip is")] = "",
    site: Site = "",
    position: Position = "",
    spare: Spare = "",
    list_: Annotated[
        Path | None, typer.Option("--list", metavar="CSV", help="site,position[,role] of many, in their order")
    ] = None,
    controller: Address = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    plain_http: Plain = False,
    networks: Networks = None,
    release_key: ReleaseKey = None,
    image: ImageFile = None,
    sha256: Sha256 = "",
    bench: Bench = False,
    wait: Annotated[float, typer.Option(min=0, help="seconds for the controller to see it; 0: do not wait")] = 60.0,
    baud: Annotated[int, typer.Option(min=9600, max=2_000_000, help="bits a second while writing")] = 460_800,
    stub: Annotated[bool, typer.Option("--stub/--no-stub", help="esptool's own loader, which is faster")] = True,
    report_file: Annotated[
        Path | None,
        typer.Option(
            "--report", metavar="CSV", help="boards are added, places done there passed over; else beside the --list"
        ),
    ] = None,
    ask: Annotated[
        bool | None, typer.Option("--ask/--no-ask", help="ask for the next board; else where there is a terminal")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="read the boards, claim and write nothing")] = False,
    cache: Cache = CACHE,
    work: Claimed = WORK,
) -> None:
    """Make boards into devices: read what they are, claim, write, read back, start, wait until they were seen."""
    wishes = Wishes(
        board=board_named(board) if board else None,
        networks=networks_in(networks),
        release_key=modulus(release_key) if release_key else "",
        bench=bench,
        baud=baud,
        stub=stub,
        wait=wait,
    )
    if list_ is not None and report_file is None:
        report_file = list_.with_suffix(".report.csv")
    out = Console(width=None if sys.stdout.isatty() else _WIDE)
    with controller_at(controller, token_file, ca, plain_http) as there:
        wanted = _places(list_, site, position, spare, report_file, there.names_place)
        if not wanted:
            typer.echo(f"all is done already, says {report_file}: remove it to begin anew")
            return
        ports = _ports(port or [], all_ports, len(wanted))
        if wishes.board is not None:
            fetched(wishes.board, cache, image, sha256)  # before anything is touched
        doing = Work(there, Claims(there, work), lambda kind: load(kind, cache, image, sha256), wishes)
        if dry_run:
            _rehearse(doing, list(zip(ports, wanted, strict=False)), out)
            return
        asking = sys.stdin.isatty() if ask is None else ask
        with Screen(out, report_file, (lambda text: out.input(text, markup=False)) if asking else None) as screen:
            rows = batch.run(doing, ports, wanted, screen)
    _end(rows, len(wanted))


def _places(
    list_: Path | None, site: str, position: str, spare: str, report_file: Path | None, named: bool
) -> list[Place]:
    if list_ is not None and (site or position or spare):
        raise UsageError("--list says where the devices are to stand: leave out --site, --position and --spare")
    wanted = places.read(list_) if list_ is not None else [places.place(site, position, spare, named)]
    passed = report.done(report_file) if report_file is not None else set()
    return [one for one in wanted if (one.site, one.position) not in passed]


def _ports(named: list[str], every: bool, wanted: int) -> list[str]:
    """Return the ports to use. Raises UsageError, PortError."""
    if named and every:
        raise UsageError("--all takes every port: leave out --port")
    if len(set(named)) < len(named):
        raise UsageError("a port was named twice")
    if named:
        return named
    there = [one.name for one in found()]
    if not there:
        raise PortError(_NO_BOARD)
    if len(there) > 1 and not every:
        raise UsageError(f"{len(there)} boards are plugged in: name one with --port, or take --all")
    return there[:wanted]


def _rehearse(doing: Work, pairs: list[batch.Pair], out: Console) -> None:
    """Show all that would happen. Raises what the last failing board would have failed with."""
    wrong: ProvisioningError | None = None
    for port, place in pairs:
        try:
            made, image = doing.rehearse(port, place)
        except ProvisioningError as error:
            typer.echo(f"balai: {port}: {error}", err=True)
            wrong = error
            continue
        out.print(f"{port}: {made.chip}, {made.flash >> 20} MB, {made.device}", highlight=False, markup=False)
        out.print(f"would be claimed for {place}, erased and written:", highlight=False, markup=False)
        parts = Table("part", "from", "bytes", box=None)
        for part in image.parts:
            parts.add_row(part.name, f"{part.offset:#010x}", str(len(part.data)))
        out.print(parts)
    out.print("nothing was claimed and nothing was written", highlight=False, markup=False)
    if wrong is not None:
        raise typer.Exit(wrong.code)


def _end(rows: list[Made], wanted: int) -> None:
    """Say on the error output what failed, and end with the code of that."""
    failed = [row for row in rows if row.outcome not in DONE]
    for row in failed:
        typer.echo(f"balai: {row.port}: {row.said}", err=True)
    if missing := wanted - len(rows):
        typer.echo(f"balai: {missing} of {wanted} were not begun: run the same again", err=True)
    codes = {row.code for row in failed if row.code}
    if failed or missing:
        raise typer.Exit(codes.pop() if len(codes) == 1 else 1)

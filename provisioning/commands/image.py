"""`balai device image`: the whole flash of one device, as a file."""

import hashlib
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from provisioning import places
from provisioning.boards import Board, board_named
from provisioning.claims import Claims
from provisioning.commands.claims import mac
from provisioning.commands.options import (
    CACHE,
    WORK,
    Address,
    Authority,
    Bench,
    BoardName,
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
    read_text,
)
from provisioning.errors import ControllerError, UsageError
from provisioning.identity import Json, Network, complete, encode
from provisioning.image import filesystem
from provisioning.image.build import build
from provisioning.image.interpreter import Interpreter, load
from provisioning.image.slot import slot
from provisioning.private import write_private
from provisioning.release.keys import modulus


@ending
def image(
    out: Annotated[Path, typer.Option(metavar="FILE", help="where to write it; only this account may read it")],
    board: BoardName = "esp32",
    device: Annotated[str, typer.Option(metavar="MAC", help="the device's MAC")] = "",
    site: Site = "",
    position: Position = "",
    spare: Spare = "",
    controller: Address = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    plain_http: Plain = False,
    identity: Annotated[
        Path | None, typer.Option(metavar="FILE", help="identity (JSON) of a claim made elsewhere: asks no controller")
    ] = None,
    networks: Networks = None,
    release_key: ReleaseKey = None,
    image: ImageFile = None,
    sha256: Sha256 = "",
    bench: Bench = False,
    cache: Cache = CACHE,
    work: Claimed = WORK,
) -> None:
    """Build the whole flash of one device: to be written at 0x0. Same input, same bytes."""
    kind = board_named(board)
    added = networks_in(networks)
    key = modulus(release_key) if release_key else ""
    if identity is not None:
        if controller or device or site or position or spare:
            raise UsageError("--identity says who the device is: leave out --device, its place and --controller")
        found = _read_identity(identity, added, key)
        interpreter = fetched(kind, cache, image, sha256)
        _write(interpreter, found, bench, out)
        return
    id_ = mac(device)
    with controller_at(controller, token_file, ca, plain_http) as there:
        place = places.place(site, position, spare, there.names_place)
        interpreter = fetched(kind, cache, image, sha256)
        slot()  # whatever can fail without a claim fails before there is one
        claims = Claims(there, work)
        claim = claims.take(id_, place)
        try:
            _write(interpreter, complete(claim, added, key), bench, out)
        except Exception:
            try:
                claims.cancel(id_)
            except ControllerError as second:
                typer.echo(f"balai: the claim of {id_} could not be cancelled: {second}", err=True)
            raise


def fetched(board: Board, cache: Path, file: Path | None, sha256: str) -> Interpreter:
    """Return the MicroPython of a board, fetched with a bar where it must be. Raises ImageError."""
    with Progress(transient=True) as bars:
        task = bars.add_task(board.file, total=None, visible=False)
        return load(
            board,
            cache,
            file,
            sha256,
            lambda come, of: bars.update(task, completed=come, total=of or None, visible=True),
        )


def _read_identity(file: Path, networks: list[Network], release_key: str) -> Json:
    try:
        found = json.loads(read_text(file, "identity"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UsageError(f"{file} is no identity: write the controller's answer to a claim into it")
    return complete(found, networks, release_key)


def _write(interpreter: Interpreter, identity: Json, bench: bool, out: Path) -> None:
    made = build(interpreter, encode(identity), bench)
    whole, files = made.whole(), made.parts[-1].data
    write_private(out, whole)
    typer.echo(f"{out}  {len(whole)} bytes for {interpreter.board.name}  SHA-256 {hashlib.sha256(whole).hexdigest()}")
    typer.echo(f"its files take {filesystem.used(files) // 1024} of {len(files) // 1024} KB")
    typer.echo(f"it holds the secret of {identity['device']}; write it with: esptool write-flash 0x0 {out}")

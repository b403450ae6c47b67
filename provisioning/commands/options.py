"""Options that several commands share, and the one place where an error becomes a line and an exit code."""

import errno
import json
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, ParamSpec

import typer

from provisioning.controller import Controller
from provisioning.errors import INTERRUPTED, DiskError, ProvisioningError, UsageError
from provisioning.identity import Network, networks_of
from provisioning.private import cache_folder, work_folder

P = ParamSpec("P")
TOKEN = "BALAI_TOKEN"  # noqa: S105 - the name of a variable

Address = Annotated[str, typer.Option("--controller", metavar="URL", help="the controller, https://host")]
TokenFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help=f"file with an API token or a claim token; else {TOKEN} is read")
]
Authority = Annotated[
    Path | None,
    typer.Option("--ca", metavar="FILE", help="certificate (PEM) that the controller's HTTPS is trusted by"),
]
Plain = Annotated[bool, typer.Option("--plain-http", help="allow http:// to another computer: the claim can be read")]
Site = Annotated[str, typer.Option(help="where the device is to stand")]
Position = Annotated[str, typer.Option(help="its position there")]
Spare = Annotated[str, typer.Option(metavar="ROLE", help="no place yet: a spare kiosk, display, counter or sensor")]
BoardName = Annotated[str, typer.Option(help="kind of board, see `balai device boards`")]
ImageFile = Annotated[
    Path | None, typer.Option("--image", metavar="FILE", help="MicroPython's .bin, rather than the one that is fetched")
]
Sha256 = Annotated[str, typer.Option("--sha256", metavar="HEX", help="what the SHA-256 of that file is meant to be")]
Networks = Annotated[
    Path | None, typer.Option(metavar="FILE", help='more Wi-Fi: JSON [["name", "password"], ...], or - for the input')
]
ReleaseKey = Annotated[
    Path | None, typer.Option(metavar="FILE", help="public key that releases are signed with; else the controller's")
]
Bench = Annotated[bool, typer.Option("--bench", help="virtual parts, and their panel on the console: for a test bench")]
Cache = Annotated[Path, typer.Option(metavar="FOLDER", help="where images of MicroPython are kept", show_default=False)]
Claimed = Annotated[
    Path, typer.Option("--work", metavar="FOLDER", help="where claims are kept until they are used", show_default=False)
]

CACHE = cache_folder()
WORK = work_folder()


def ending(command: Callable[P, None]) -> Callable[P, None]:
    """Have what stops a command be one line on the error output, and the exit code of its kind."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except ProvisioningError as error:
            raise _end(str(error), error.code) from None
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES):
                raise
            where = error.filename or "a file"
            raise _end(f"{where} cannot be written ({error.strerror}): make room there", DiskError.code) from None
        except KeyboardInterrupt:
            raise _end("stopped: run the same again to go on", INTERRUPTED) from None

    return run


def _end(text: str, code: int) -> typer.Exit:
    typer.echo(f"balai: {text}", err=True)
    return typer.Exit(code)


def controller_at(address: str, token_file: Path | None, ca: Path | None, plain: bool) -> Controller:
    """Return the controller, with the token from a file or from the environment. Raises UsageError."""
    if not address:
        raise UsageError("say which controller with --controller https://host")
    token = read_text(token_file, "token") if token_file is not None else os.environ.get(TOKEN, "")
    return Controller(address, token.strip(), ca, plain)


def networks_in(file: Path | None) -> list[Network]:
    """Return the Wi-Fi networks of a file, none for no file. Raises UsageError."""
    if file is None:
        return []
    text = sys.stdin.read() if str(file) == "-" else read_text(file, "list of Wi-Fi networks")
    try:
        return networks_of(json.loads(text))
    except ValueError:
        raise UsageError(f'{file} is no list of Wi-Fi networks: write [["name", "password"], ...]') from None


def read_text(file: Path, what: str) -> str:
    """Return the text of a file. Raises UsageError that names `what` should be in it."""
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise UsageError(f"{file}, which should hold the {what}, cannot be read ({why})") from None

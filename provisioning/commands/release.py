"""`balai release`: the firmware as signed bundles, from which the fleet updates itself."""

from pathlib import Path
from typing import Annotated

import typer

from provisioning.commands.options import Address, Authority, Plain, TokenFile, controller_at, ending
from provisioning.errors import BuildError, DiskError, UsageError
from provisioning.private import write_private
from provisioning.release import bundle, keys
from provisioning.release.manifest import sequence

app = typer.Typer(help="Releases of the firmware: keys, signed bundles.", no_args_is_help=True, add_completion=False)

File = Annotated[Path, typer.Argument(metavar="BUNDLE", help="the file that `balai release build` has written")]
Key = Annotated[Path, typer.Option("--key", metavar="FILE", help="the private key that `balai release key` has made")]
Secret = Annotated[bool, typer.Option("--passphrase", help="the key is protected: ask for its passphrase")]


@app.command()
@ending
def key(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="the private key; the public one: with .pub")],
    passphrase: Annotated[bool, typer.Option("--passphrase", help="protect it: ask for a passphrase, twice")] = False,
) -> None:
    """Make the key that signs releases. Keep it off the controller; devices trust it for as long as they live."""
    other = out.with_suffix(".pub")
    for one in (out, other):
        if one.exists():
            raise UsageError(f"{one} is there already: devices may trust it; name another file")
    made, public = keys.make(_ask(confirm=True) if passphrase else b"")
    write_private(out, made)
    _write(other, public)
    typer.echo(f"private key: {out} (keep it safe and secret)\npublic key:  {other} (for BALAI_RELEASE_KEY)")


@app.command()
@ending
def build(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="where to write the bundle")],
    back_from: Annotated[
        str, typer.Option(metavar="VERSION", help="a downgrade: it may replace versions up to this one")
    ] = "",
    bench: Annotated[bool, typer.Option("--bench", help="with the virtual parts of a test bench")] = False,
) -> None:
    """Build the firmware of this checkout as a bundle, not signed yet. Same sources, same bytes."""
    made = bundle.build(back=sequence(back_from) if back_from else 0, bench=bench)
    _write(out, made.data())
    typer.echo(f"{out}: {len(made.data()):,} bytes, release {made.rel}")


@app.command()
@ending
def sign(file: File, key: Key, passphrase: Secret = False) -> None:
    """Sign a bundle, in its place."""
    found = bundle.read(_read(file))
    signed = bundle.Bundle(
        found.manifest, keys.sign(keys.private(key, _ask() if passphrase else b""), found.manifest), found.files
    )
    _write(file, signed.data())
    typer.echo(f"{file}: signed, release {signed.rel}")


@app.command()
@ending
def publish(
    file: File,
    controller: Address = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    plain_http: Plain = False,
) -> None:
    """Hand a signed bundle to the controller: from there it is rolled out."""
    data = _read(file)
    found = bundle.read(data)
    if not found.signature:
        raise UsageError(f"{file} is not signed: `balai release sign` it first")
    with controller_at(controller, token_file, ca, plain_http) as there:
        there.publish(data)
    typer.echo(f"{file}: published, release {found.rel}")


def _ask(confirm: bool = False) -> bytes:
    return str(typer.prompt("passphrase", hide_input=True, confirmation_prompt=confirm)).encode()


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BuildError(f"{file} cannot be read ({error.strerror})") from error


def _write(file: Path, data: bytes) -> None:
    aside = file.with_name(file.name + ".part")
    try:
        aside.write_bytes(data)
        aside.replace(file)
    except OSError as error:
        raise DiskError(f"{file} cannot be written ({error.strerror}): make room, or name another place") from error

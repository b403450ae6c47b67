"""`balai ca`: the fleet's certificate authority, by which devices know the broker."""

import os
import signal
from collections.abc import Callable
from typing import Annotated, TypeVar

import typer
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from sqlmodel import Session

from controller.broker.certificates import Authority, CaError, trusted
from controller.broker.mosquitto import Mosquitto
from controller.broker.vault import Vault, VaultError
from controller.db import Database, DatabaseError
from controller.fleet.models import Device
from controller.fleet.trust import connections
from controller.folder import Folder, FolderError
from controller.migrations import upgrade
from controller.options import Stop, with_settings
from controller.sources import Loaded

T = TypeVar("T")

SETTINGS = ("data", "database_url", "broker_url", "broker_ca")
SHOWN = 20  # devices that are named

app = typer.Typer(help="The fleet's certificate authority, by which devices know the broker.", no_args_is_help=True)


@app.command("init")
@with_settings("data")
def init(loaded: Loaded) -> None:
    """Make the CA, where the first start of the controller has not done so."""
    folder = Folder(loaded.settings.data)
    try:
        folder.make()
        if Authority.exists(folder):
            raise Stop(f"there is a CA in {folder.ca} already: `balai ca show`")
        _tell(Authority(folder))
    except (FolderError, OSError) as error:
        raise Stop(str(error)) from None


@app.command("show")
@with_settings(*SETTINGS)
def show(
    loaded: Loaded, pem: Annotated[bool, typer.Option("--pem", help="the certificates themselves, and no more")] = False
) -> None:
    """Show the CA, the broker's certificate, and while the CA is renewed which devices do not know it yet."""
    folder, authority = _there(loaded)
    if pem:
        typer.echo(authority.pem, nl=False)
        return
    _tell(authority)
    server = Mosquitto(loaded.settings, folder).certificate
    if server.exists():
        found = x509.load_pem_x509_certificate(server.read_bytes())
        typer.echo(f"broker    until {found.not_valid_after_utc:%Y-%m-%d}  by {_common_name(found.issuer)}")
    if authority.renewing:
        _list(_without(loaded, folder))


@app.command("renew")
@with_settings(*SETTINGS)
def renew(
    loaded: Loaded,
    finish: Annotated[
        bool, typer.Option("--finish", help="have the broker's certificate signed by the new CA")
    ] = False,
    drop: Annotated[bool, typer.Option("--drop", help="trust the old CA no more")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="with --finish: cut off the devices that do not know the new CA")
    ] = False,
) -> None:
    """Renew the CA in three steps: make a second one, which devices learn; --finish when all know it; then --drop."""
    folder, authority = _there(loaded)
    if force and not finish:
        raise Stop("--force goes with --finish")
    try:
        if finish:
            if authority.renewing and (missing := _without(loaded, folder)) and not force:
                _list(missing)
                raise Stop("devices that do not know the new CA yet would be cut off: wait for them, or --force")
            authority.finish()
        elif drop:
            authority.drop()
        else:
            authority.renew()
    except CaError as error:
        raise Stop(str(error)) from None
    _tell(authority)
    if finish and loaded.settings.own_broker:
        holder = folder.holder()
        if holder:
            os.kill(holder, signal.SIGUSR1)
        typer.echo("The broker's certificate is by the new CA " + ("now." if holder else "from its next start on."))
    elif finish:
        typer.echo("Write the broker's files again with `balai broker config`, and put them where the broker is.")
    elif not drop:
        typer.echo("Devices learn it when they next connect; `balai ca show` lists those that have not.")


def _there(loaded: Loaded) -> tuple[Folder, Authority]:
    folder = Folder(loaded.settings.data)
    if not Authority.exists(folder):
        raise Stop(f"there is no CA in {folder.ca}: `balai ca init`, or start the controller once")
    return folder, Authority(folder)


def _tell(authority: Authority) -> None:
    names, signs = authority.names, "signs"
    for name, found in zip(names, authority.certificates, strict=True):
        print_ = found.fingerprint(SHA256()).hex(":", 2)
        typer.echo(f"{name:9} until {found.not_valid_after_utc:%Y-%m-%d}  {_common_name(found.subject)}  {signs}")
        typer.echo(f"          SHA-256 {print_}")
        signs = "trusted"


def _common_name(name: x509.Name) -> str:
    return str(name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)


def _without(loaded: Loaded, folder: Folder) -> list[Device]:
    """Return the devices that have not said that they know both CAs."""
    ca = trusted(loaded.settings, folder)
    try:
        vault = Vault(folder.keys / "secrets.key")
        return _read(loaded, lambda session: connections.without_ca(session, vault, ca))
    except (DatabaseError, VaultError) as error:
        raise Stop(str(error)) from None


def _read(loaded: Loaded, fn: Callable[[Session], T]) -> T:
    db = Database(loaded.settings.database)
    try:
        upgrade(db)
        with db.read() as session:
            return fn(session)
    finally:
        db.close()


def _list(missing: list[Device]) -> None:
    typer.echo(f"{len(missing)} devices have not said that they know the new CA")
    for one in missing[:SHOWN]:
        typer.echo(f"  {one.id}  {f'{one.site}/{one.position}' if one.site else 'spare'}")
    if len(missing) > SHOWN:
        typer.echo(f"  and {len(missing) - SHOWN} more")

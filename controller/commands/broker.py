"""`balai broker`: the broker's accounts made right again, and the files of a broker elsewhere."""

import os
import pwd
import signal
from pathlib import Path
from typing import Annotated

import typer

from controller import debian
from controller.broker import outside
from controller.broker.access import Access, AccessError, Settled
from controller.broker.mosquitto import Credentials, Mosquitto
from controller.broker.security import KEEPER
from controller.broker.vault import Vault, VaultError
from controller.db import Database, DatabaseError
from controller.fleet.roster import Roster
from controller.folder import Folder, FolderError
from controller.ingest import Broker
from controller.migrations import upgrade
from controller.options import Stop, with_settings
from controller.settings import Settings
from controller.sources import Loaded

CONNECTS_S = 10.0
NAMED = 20  # accounts that are named

app = typer.Typer(help="The broker's accounts, and the files of a broker elsewhere.", no_args_is_help=True)


@app.command("sync")
@with_settings("data", "database_url", "broker_url", "broker_username", "broker_password", "broker_ca")
def sync(
    loaded: Loaded,
    anew: Annotated[
        bool, typer.Option("--anew", help="set every secret again, also the right ones; devices reconnect")
    ] = False,
) -> None:
    """Make the broker's accounts those of the database; also while the controller runs.

    The file of our own broker is written whole where it does not run, or knows nobody any more.
    """
    settings, folder = loaded.settings, Folder(loaded.settings.data)
    db, roster = _fleet(settings, folder)
    made: Settled | None = None
    try:
        if not settings.own_broker or folder.holder():
            try:
                made = _told(_broker(settings, folder), roster, anew)
            except (AccessError, OSError):
                if not settings.own_broker:
                    raise
        if made is None:
            made = _written(Mosquitto(settings, folder), roster)
            if holder := folder.holder():
                os.kill(holder, signal.SIGUSR2)
                typer.echo("the broker did not let us in: its file is written, and it is started again")
    except (AccessError, VaultError, DatabaseError) as error:
        raise Stop(str(error)) from None
    finally:
        db.close()
    for what, names in made._asdict().items():
        typer.echo(f"{what:8} {len(names):5}  {' '.join(names[:NAMED])}{' ...' if len(names) > NAMED else ''}")


@app.command("config")
@with_settings("data", "database_url", "broker_names", "broker_password")
def config(
    loaded: Loaded,
    out: Annotated[Path, typer.Option(help="folder to write to")],
    at: Annotated[
        Path | None, typer.Option(help="where the folder will lie on the broker's machine; by default --out")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="where it listens by TLS")] = 8883,
    host: Annotated[str, typer.Option(help="the address at which it listens; by default at all")] = "",
    plugin: Annotated[
        Path | None, typer.Option(help="the dynamic security plugin there; by default the one of this machine")
    ] = None,
    user: Annotated[str, typer.Option(help="the account that it runs as there; by default yours")] = "",
) -> None:
    """Write what a Mosquitto elsewhere starts from: configuration, accounts, certificates. Devices reach it under
    --broker-names."""
    settings, folder = loaded.settings, Folder(loaded.settings.data)
    if not settings.broker_names:
        raise Stop("under which names do devices reach that broker? --broker-names host[,host]")
    db, roster = _fleet(settings, folder)
    place = outside.Place(
        at or out.absolute(),
        host,
        port,
        plugin or debian.plugin(debian.ensure("mosquitto")).absolute(),
        user or pwd.getpwuid(os.geteuid()).pw_name,
    )
    try:
        outside.write(settings, folder, roster.accounts(), out, place)
    except (OSError, VaultError, DatabaseError) as error:
        raise Stop(f"{out} cannot be written: {error}") from None
    finally:
        db.close()
    typer.echo(f"{out} holds secrets: keep it as safe as the machine itself.")
    typer.echo(f"there   mosquitto -c {place.folder / 'mosquitto.conf'}")
    typer.echo(f"here    set what stands in {out / outside.SETTINGS}, and start the controller again")


def _fleet(settings: Settings, folder: Folder) -> tuple[Database, Roster]:
    if settings.database_url is None and not (settings.data / "balai.db").exists():
        raise Stop(f"there is no controller in {settings.data}: start it once, or name its folder with --data")
    try:
        folder.make()
        db = Database(settings.database)
        upgrade(db)
        return db, Roster(db, Vault(folder.keys / "secrets.key"))
    except (FolderError, DatabaseError, VaultError) as error:
        raise Stop(str(error)) from None


def _broker(settings: Settings, folder: Folder) -> Broker:
    """Return where the broker is, and the account that keeps its accounts."""
    if settings.broker_url is not None:
        password = settings.broker_password.get_secret_value() if settings.broker_password else ""
        return Broker.of(settings.broker_url.get_secret_value(), settings.broker_username, password, settings.broker_ca)
    host, port = Mosquitto(settings, folder).address
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared only
    return Broker(host, port, KEEPER, Credentials.of(folder).keeper)


def _written(mosquitto: Mosquitto, roster: Roster) -> Settled:
    """Write the file of our own broker whole."""
    before, accounts = mosquitto.usernames(), list(roster.accounts())
    mosquitto.write_accounts(accounts)
    now = {account.username for account in accounts}
    return Settled(sorted(now - before), sorted(before - now), [])


def _told(broker: Broker, roster: Roster, anew: bool) -> Settled:
    """Tell a running broker. Raises AccessError."""
    access = Access(broker, roster, alone=False)
    access.start()
    try:
        if not access.connected.wait(CONNECTS_S):
            raise AccessError(f"the broker at {broker.host} port {broker.port} does not let us in")
        return access.settle(anew)
    finally:
        access.stop()

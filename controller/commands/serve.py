"""`balai serve`: run the controller."""

import asyncio
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from controller import log
from controller.debian import DebianError
from controller.folder import Folder, FolderError, write_secret
from controller.options import Stop, with_settings
from controller.sources import Loaded
from controller.supervisor import Ready, Supervisor


@with_settings()
def serve(
    loaded: Loaded,
    ready_file: Annotated[
        Path | None, typer.Option(help="write here, as JSON, where the controller is, once it serves")
    ] = None,
) -> None:
    """Run the controller: the application and a broker of its own, until told to stop."""
    settings = loaded.settings
    log.set_up(settings)
    folder = Folder(settings.data)
    try:
        folder.make()
        folder.lock()
        if ready_file:
            _can_be_written(ready_file)
        supervisor = Supervisor(settings, folder, lambda ready: _say(ready, ready_file))
        wrong = asyncio.run(supervisor.run())
    except (FolderError, DebianError) as error:
        raise Stop(str(error)) from None
    finally:
        if ready_file:
            with suppress(OSError):
                ready_file.unlink()
        folder.unlock()
    if wrong:
        raise Stop(wrong)


def _can_be_written(file: Path) -> None:
    """See now, rather than when all is running, whether `file` can be written; it is not there then, nor meanwhile:
    whoever waits for it would take it for the word that all is running."""
    probe = file.with_name(f"{file.name}.probe")
    try:
        write_secret(probe, b"")
        probe.unlink()
        file.unlink(missing_ok=True)
    except OSError as error:
        raise Stop(f"the file {file} cannot be written: {error.strerror}; name another one with --ready-file") from None


def _say(ready: Ready, file: Path | None) -> None:
    """Tell where the controller is."""
    settings = ready.settings
    brokers = [f"{'mqtts' if tls else 'mqtt'}://{host}:{port}" for host, port, tls in settings.brokers]
    typer.echo(f"Balai is at   {ready.address}")
    typer.echo(f"broker        {', '.join(brokers)}" + ("" if settings.own_broker else " (outside)"))
    typer.echo(f"data folder   {settings.data.absolute()}")
    if ready.admin:
        typer.echo(f"sign in as    {ready.admin[0]}")
        typer.echo(f"password      {ready.admin[1]}    (shown only this once)")
    if file:
        told = {
            "address": ready.address,
            "brokers": [broker._asdict() for broker in settings.brokers],
            "data": str(settings.data.absolute()),
            "pid": os.getpid(),
        }
        write_secret(file, json.dumps(told).encode())

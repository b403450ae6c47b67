"""`balai backup` and `balai restore`."""

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import make_url

from controller import backup as archive
from controller.folder import Folder, FolderError
from controller.options import Stop, with_settings
from controller.settings import Settings
from controller.sources import Loaded


@with_settings("data", "database_url")
def backup(loaded: Loaded, file: Annotated[Path, typer.Argument(help="the archive to write: .tar or .tar.gz")]) -> None:
    """Write the database, keys, CA, broker's accounts and clips to one archive; also while the controller runs."""
    settings = loaded.settings
    database = sqlite_file(settings)
    try:
        size = archive.backup(Folder(settings.data), database, file)
    except archive.BackupError as error:
        raise Stop(str(error)) from None
    typer.echo(f"{file}: {size:,} bytes. It holds secrets: keep it as safe as the machine itself.")
    if database is None:
        typer.echo("The database is outside and not in it: back it up with pg_dump.")


@with_settings("data", "database_url")
def restore(
    loaded: Loaded,
    file: Annotated[Path, typer.Argument(help="an archive of `balai backup`")],
    force: Annotated[bool, typer.Option("--force", help="put aside what is in the data folder")] = False,
) -> None:
    """Put a backup into the data folder. The controller must not run there."""
    settings = loaded.settings
    folder = Folder(settings.data)
    try:
        folder.make_root()
        folder.lock()
        former = archive.restore(file, folder, sqlite_file(settings), force)
    except (FolderError, archive.BackupError) as error:
        raise Stop(str(error)) from None
    finally:
        folder.unlock()
    typer.echo(f"restored to {settings.data.absolute()}")
    if former:
        typer.echo(f"what was there lies in {former}")


def sqlite_file(settings: Settings) -> Path | None:
    """Return the SQLite file that the settings name, None where the database is outside."""
    url = make_url(settings.database)
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None

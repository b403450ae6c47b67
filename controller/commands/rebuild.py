"""`balai rebuild`: make every projection again from the events."""

from rich.progress import Progress
from sqlalchemy.exc import DBAPIError

from controller.commands.backup import sqlite_file
from controller.db import Database, DatabaseError
from controller.folder import Folder, FolderError
from controller.incidents.projector import ConditionProjector
from controller.migrations import upgrade
from controller.options import Stop, with_settings
from controller.queue.projector import QueueProjector
from controller.rebuild import rebuild as make_again
from controller.sources import Loaded
from controller.updates.projector import UpdateProjector


@with_settings("data", "database_url")
def rebuild(loaded: Loaded) -> None:
    """Make every table that is made of events again; what was there before stands until the new one is whole."""
    folder = Folder(loaded.settings.data)
    database = sqlite_file(loaded.settings)
    if database is not None and not database.exists():
        raise Stop(f"there is no controller in {folder.root}: start it once, or name its folder with --data")
    try:
        folder.make()
        folder.lock()
        db = Database(loaded.settings.database)
        try:
            upgrade(db)
            with Progress() as bar:
                task = bar.add_task("events", total=None)
                projectors = [ConditionProjector(), UpdateProjector(), QueueProjector()]
                count = make_again(db, projectors, lambda done, all_: bar.update(task, completed=done, total=all_))
        finally:
            db.close()
    except (FolderError, DatabaseError) as error:
        raise Stop(str(error)) from None
    except DBAPIError as error:
        raise Stop(f"the database cannot be used: {error.orig}") from None
    finally:
        folder.unlock()
    print(f"{count:,} events")  # noqa: T201

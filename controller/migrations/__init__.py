"""The database's tables and how they came to be as they are (Alembic).

python -m controller.migrations "what has changed"      writes the next version from what the models say
"""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlmodel import Session

from controller.db import Database, DatabaseError
from controller.migrations.tables import METADATA

HERE = Path(__file__).parent


class NewerDatabase(DatabaseError):
    """The database was made by a later version of Balai; the text says what to do."""


def upgrade(db: Database) -> None:
    """Bring the tables of `db` up to this version, in one transaction.

    Raises NewerDatabase where it knows a version that this program does not.
    """
    db.write(_upgrade)


def differences(connection: Connection) -> list[object]:
    """Return in what the tables of a database differ from the models, [] for nothing."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, METADATA))


def config(connection: Connection) -> Config:
    """Return Alembic's configuration for one open connection."""
    made = Config()
    made.set_main_option("script_location", str(HERE).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def _upgrade(session: Session) -> None:
    connection = session.connection()
    known = {path.stem.partition("_")[0] for path in (HERE / "versions").glob("[0-9]*_*.py")}
    there = MigrationContext.configure(connection).get_current_revision()
    if there is not None and there not in known:
        raise NewerDatabase(f"the database is of a later version ({there}): run that version, or restore a backup")
    command.upgrade(config(connection), "head")

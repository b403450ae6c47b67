"""The database's tables and how they came to be as they are."""

from sqlmodel import SQLModel

from controller.db import Database


def upgrade(db: Database) -> None:
    """Bring the tables of `db` up to this version."""
    db.write(lambda session: SQLModel.metadata.create_all(session.connection()))

"""The tables that migrations make are those that the models describe."""

from pathlib import Path

import pytest
from sqlmodel import Session, text

from controller.db import Database
from controller.migrations import NewerDatabase, differences, upgrade
from controller.migrations.tables import METADATA


@pytest.fixture
def db(tmp_path: Path) -> Database:
    """Give an empty database."""
    return Database(f"sqlite:///{tmp_path / 'balai.db'}")


def schema(db: Database) -> list[str]:
    """Return what the database says of its tables and indices, white space folded."""
    made = "sql IS NOT NULL AND type <> 'trigger' AND name <> 'alembic_version'"  # models know of no triggers
    query = f"SELECT sql FROM sqlite_master WHERE {made} ORDER BY name"
    with db.read() as session:
        found = session.connection().exec_driver_sql(query)
        return [" ".join(row[0].replace(", ", ",").split()) for row in found]


def test_migrations_make_what_the_models_describe(db: Database, tmp_path: Path) -> None:
    upgrade(db)
    assert db.write(lambda session: differences(session.connection())) == []
    other = Database(f"sqlite:///{tmp_path / 'other.db'}")
    other.write(lambda session: METADATA.create_all(session.connection()))
    assert [line.count("WITHOUT ROWID") for line in schema(db)] == [
        line.count("WITHOUT ROWID") for line in schema(other)
    ]
    assert len(schema(db)) == len(schema(other))
    other.close()
    db.close()


def test_a_second_start_changes_nothing(db: Database) -> None:
    upgrade(db)
    before = schema(db)
    upgrade(db)
    assert schema(db) == before
    db.close()


def test_a_database_of_a_later_version_is_left_alone(db: Database) -> None:
    upgrade(db)

    def later(session: Session) -> None:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))

    db.write(later)
    with pytest.raises(NewerDatabase, match="9999"):
        upgrade(db)
    db.close()


def test_a_migration_that_fails_leaves_nothing_behind(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(session: Session) -> None:
        session.connection().exec_driver_sql("CREATE TABLE probe (id INTEGER)")

    db.write(full)  # stands in the way of the first version
    with pytest.raises(Exception, match="probe"):
        upgrade(db)
    assert len(schema(db)) == 1
    db.close()

"""Plain SQL on the connection of a write transaction, for what must be quick.

Statements are written with `?`; on PostgreSQL it becomes `%s`.
"""

from collections.abc import Sequence
from typing import Any, cast

from sqlmodel import Session

CHUNK = (
    25  # rows a statement: the driver lets go of the interpreter's lock at each one, and may wait 5 ms to get it back
)

Value = str | int


class Raw:
    """A cursor of the session's own connection; what it does is part of the session's transaction."""

    def __init__(self, session: Session) -> None:
        self.sqlite = session.get_bind().dialect.name == "sqlite"
        self._cursor = cast(Any, session.connection().connection).cursor()

    def all(self, statement: str, *values: Value) -> list[tuple[Any, ...]]:
        """Return the rows of a SELECT."""
        self._cursor.execute(self._text(statement), values)
        return cast(list[tuple[Any, ...]], self._cursor.fetchall())

    def one(self, statement: str, *values: Value) -> tuple[Any, ...] | None:
        """Return the first row of a SELECT, or None."""
        self._cursor.execute(self._text(statement), values)
        return cast(tuple[Any, ...] | None, self._cursor.fetchone())

    def run(self, statement: str, *values: Value) -> int:
        """Run one statement; return how many rows it changed."""
        self._cursor.execute(self._text(statement), values)
        return int(self._cursor.rowcount)

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        flat: list[Value],
        update: Sequence[str] = (),
        fixed: Sequence[str] = (),
    ) -> int:
        """Insert the rows whose values stand one after the other in `flat`; return how many were inserted or updated.

        `update` names the key's columns: where a row with that key exists, the other columns are overwritten, but for
        `fixed` ones, whose values never change: an index on one of them is then left alone. Without `update` such a row
        stays as it is.
        """
        width = len(columns)
        one = f"({','.join('?' * width)})"
        verb, tail = "INSERT INTO", " ON CONFLICT DO NOTHING"
        if update:
            kept = ",".join(f"{column}=excluded.{column}" for column in columns if column not in (*update, *fixed))
            tail = f" ON CONFLICT ({','.join(update)}) DO UPDATE SET {kept}"
        elif self.sqlite:
            verb, tail = "INSERT OR IGNORE INTO", ""  # twice as quick there as ON CONFLICT DO NOTHING
        head = f"{verb} {table} ({','.join(columns)}) VALUES "
        many = self._text(head + ",".join([one] * CHUNK) + tail)
        done, at, step = 0, 0, width * CHUNK
        while at + step <= len(flat):
            self._cursor.execute(many, flat[at : at + step])
            done += self._cursor.rowcount
            at += step
        if at < len(flat):
            rest = self._text(head + ",".join([one] * ((len(flat) - at) // width)) + tail)
            self._cursor.execute(rest, flat[at:])
            done += self._cursor.rowcount
        return done

    def _text(self, statement: str) -> str:
        return statement if self.sqlite else statement.replace("?", "%s")

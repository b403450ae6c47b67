"""Make the projections again from the events, the same as they were."""

from collections.abc import Callable, Sequence
from typing import cast

import orjson
from sqlmodel import Session

from controller.db import Database
from controller.ingest.alarms import now_ms
from controller.ingest.check import text
from controller.ingest.group import COLUMNS, LETTER
from controller.ingest.projector import Projector, Row
from controller.ingest.sql import Raw, Value
from controller.ingest.store import project

CHUNK = 5000  # events at a time


def rebuild(
    db: Database, projectors: Sequence[Projector], progress: Callable[[int, int], None] = lambda done, all_: None
) -> int:
    """Empty the tables of `projectors` and project every stored event again, by (site, pos); return how many.

    One transaction: readers see the old tables until the new ones are whole, and other writers wait.
    `progress(done, all)` is called as it goes on.
    """
    return db.write(lambda session: _rebuild(session, projectors, progress))


def _rebuild(session: Session, projectors: Sequence[Projector], progress: Callable[[int, int], None]) -> int:
    raw = Raw(session)
    for projector in projectors:
        projector.forget()
        projector.reset(session)
    count = cast(tuple[int], raw.one("SELECT count(*) FROM event"))[0]
    page = f"SELECT {','.join(COLUMNS)} FROM event WHERE (site, pos) > (?, ?) ORDER BY site, pos LIMIT {CHUNK}"  # noqa: S608
    site, pos, done = "", 0, 0
    while found := raw.all(page, site, pos):
        rows = [Row._make((*values[:-1], orjson.loads(values[-1]))) for values in found]
        site, pos = rows[-1].site, rows[-1].pos
        for projector in projectors:
            if mine := [row for row in rows if row.kind in projector.kinds]:
                project(session, projector, mine, lambda row, error: _letter(raw, row, error))
        done += len(rows)
        progress(done, count)
    for kind in frozenset[str]().union(*(projector.kinds for projector in projectors)):
        raw.run("DELETE FROM event_kind WHERE kind = ?", kind)
    for projector in projectors:
        projector.forget()
    return done


def _letter(raw: Raw, row: Row, error: Exception) -> None:
    """Keep that a projector failed on an event, if it is not known."""
    body = text([row.seq, row.t, row.q, row.up, row.kind, row.data])
    values: list[Value] = [
        now_ms(),
        row.device,
        "projector",
        f"{type(error).__name__}: {error}",
        row.log,
        row.seq,
        body,
    ]
    raw.insert("dead_letter", LETTER, values)

"""The database: one writer with group commit, many readers."""

import sqlite3
import threading
from concurrent.futures import Future

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from controller.db import Busy, Closed, Database, DatabaseError, DiskFull


@pytest.fixture
def db(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/balai.db")
    database.write(lambda session: session.execute(text("CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT)")))
    yield database
    database.close()


def put(body: str):
    def fn(session: Session) -> None:
        session.execute(text("INSERT INTO note (body) VALUES (:body)"), {"body": body})

    return fn


def bodies(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.execute(text("SELECT body FROM note ORDER BY id")).scalars())


def held(database: Database) -> tuple[threading.Event, "Future[None]"]:
    """Hold the writer in a function until the event is set, so that what comes after shares one commit."""
    running, go = threading.Event(), threading.Event()

    def fn(_session: Session) -> None:
        running.set()
        go.wait()

    future = database.submit(fn)
    running.wait()
    return go, future


def test_a_write_is_there_for_readers_when_it_returns(db):
    db.write(put("a"))
    assert bodies(db) == ["a"]


def test_a_write_returns_what_its_function_returns(db):
    assert db.write(lambda _session: 7) == 7


async def test_an_awaited_write_is_committed(db):
    await db.awrite(put("a"))
    assert bodies(db) == ["a"]


def test_a_failing_write_undoes_itself_and_not_its_neighbours(db):
    def bad(session: Session) -> None:
        put("half")(session)
        raise ValueError("no")

    go, _ = held(db)
    futures = [db.submit(put("before")), db.submit(bad), db.submit(put("after"))]
    go.set()
    futures[0].result()
    futures[2].result()
    with pytest.raises(ValueError, match="no"):
        futures[1].result()
    assert bodies(db) == ["before", "after"]


def test_writes_that_wait_together_share_one_commit(db, tmp_path):
    watcher = sqlite3.connect(tmp_path / "balai.db")
    seen = []

    def look(_future: object) -> None:
        seen.append(watcher_version())

    def watcher_version() -> int:
        return sqlite3.connect(tmp_path / "balai.db").execute("SELECT count(*) FROM note").fetchone()[0]

    go, _ = held(db)
    futures = [db.submit(put(str(n))) for n in range(50)]
    futures[0].add_done_callback(look)
    go.set()
    for future in futures:
        future.result()
    watcher.close()
    assert seen == [50]


def test_many_threads_lose_nothing(db):
    def work(n: int) -> None:
        for i in range(20):
            db.write(put(f"{n}-{i}"))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(bodies(db)) == sorted(f"{n}-{i}" for n in range(16) for i in range(20))


def test_readers_cannot_write(db):
    with db.read() as session, pytest.raises(DBAPIError, match="readonly"):
        session.execute(text("INSERT INTO note (body) VALUES ('x')"))


def test_a_reader_sees_one_moment(db):
    db.write(put("a"))
    with db.read() as session:
        before = session.execute(text("SELECT count(*) FROM note")).scalar_one()
        db.write(put("b"))
        assert session.execute(text("SELECT count(*) FROM note")).scalar_one() == before == 1


def test_a_write_within_a_write_is_refused_and_does_not_hang(db):
    with pytest.raises(RuntimeError, match="within a write"):
        db.write(lambda _session: db.write(put("x")))


def test_a_full_database_refuses_writes_and_goes_on_reading_until_there_is_room(db):
    db.write(put("a"))
    forgotten = threading.Event()
    db.on_rollback(forgotten.set)

    def limit(pages: int) -> None:
        db.write(lambda session: session.execute(text(f"PRAGMA max_page_count = {pages}")))

    pages = db.write(lambda session: session.execute(text("PRAGMA page_count")).scalar_one())
    limit(pages)
    go, _ = held(db)
    futures = [db.submit(put("small")), db.submit(put("x" * 100_000)), db.submit(put("small too"))]
    go.set()
    outcomes = [future.exception() for future in futures]
    assert isinstance(outcomes[1], DiskFull)
    told = ["a", *(body for body, outcome in zip(["small", "x", "small too"], outcomes, strict=True) if not outcome)]
    assert bodies(db) == told, "what was said to be written is there, and nothing else"
    assert forgotten.is_set() == (outcomes[0] is not None)
    limit(1_000_000)
    db.write(put("b"))
    assert bodies(db) == [*told, "b"]


def test_another_process_that_holds_the_lock_makes_writes_fail_as_busy(db, tmp_path, monkeypatch):
    db.write(lambda session: session.execute(text("PRAGMA busy_timeout = 1")))
    other = sqlite3.connect(tmp_path / "balai.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy):
        db.write(put("a"))
    other.execute("ROLLBACK")
    other.close()
    db.write(put("b"))
    assert bodies(db) == ["b"]


def test_a_write_that_was_committed_survives_a_close(tmp_path, db):
    futures = [db.submit(put(str(n))) for n in range(10)]
    db.close()
    assert all(future.done() for future in futures)
    with pytest.raises(Closed):
        db.write(put("late"))
    again = Database(f"sqlite:///{tmp_path}/balai.db")
    assert bodies(again) == [str(n) for n in range(10)]
    again.close()


def test_a_database_in_memory_or_of_another_kind_is_refused():
    for url in ("sqlite://", "sqlite:///:memory:", "mysql://localhost/x"):
        with pytest.raises(DatabaseError):
            Database(url)

"""The controller's database: many readers, one writer.

Everything that changes the database goes through `Database.write(fn)`. On SQLite one thread owns the only
writing connection; it takes all functions that wait, runs each in a SAVEPOINT of its own within one
transaction (BEGIN IMMEDIATE, WAL, synchronous=FULL) and commits once for all of them, so that a hundred writers
share one sync of the disk. On PostgreSQL each function is a transaction of its own on a pool.

    DatabaseError    a write did not happen; nothing of it is in the database
    ├─ DiskFull      there is no room: writes fail until there is, reads go on
    ├─ Busy          another process holds the write lock, or the server cannot be reached
    └─ Closed        the database has been closed
"""

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

log = logging.getLogger(__name__)

T = TypeVar("T")

GROUP = 256  # functions that may share one commit
CACHE_KIB = 65536
CHECKPOINT_PAGES = 16384  # 64 MB of WAL: a checkpoint costs two syncs and must not come with every group
BUSY_MS = 10_000


class DatabaseError(Exception):
    """A write did not happen; nothing of it is in the database."""


class DiskFull(DatabaseError):
    """There is no room for a write; it can be tried again when there is."""


class Busy(DatabaseError):
    """The write lock or the server could not be had in time; it can be tried again."""


class Closed(DatabaseError):
    """The database has been closed."""


class Database:
    """One SQLite file or one PostgreSQL, read by many and written in order.

    Args:
        url: `sqlite:///path` or `postgresql://user:password@host/name`.
        readers: connections kept open for reading (SQLite), or for reading and writing (PostgreSQL).
    """

    def __init__(self, url: str | URL, readers: int = 8) -> None:
        self.url = make_url(url)
        if self.url.get_backend_name() == "postgresql":
            self.url = self.url.set(drivername="postgresql+psycopg")
            self._writer: _Writer = _Each(_postgres(self.url, readers))
            self._readers = self._writer.engine
        elif self.url.get_backend_name() == "sqlite" and self.url.database not in (None, "", ":memory:"):
            self._writer = _Thread(_sqlite(self.url, 1, "BEGIN IMMEDIATE"))
            self._readers = _sqlite(self.url, readers, "BEGIN", "query_only = ON")
        else:
            raise DatabaseError(f"{self.url.drivername} is no database that Balai can use")

    @property
    def sqlite(self) -> bool:
        """Whether this is a SQLite file; otherwise it is a PostgreSQL."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def path(self) -> Path | None:
        """The SQLite file, or None."""
        return Path(str(self.url.database)) if self.sqlite else None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that sees one moment of the database and cannot change it."""
        options = {} if self.sqlite else {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
        with self._readers.connect().execution_options(**options) as connection, Session(connection) as session:
            yield session

    def submit(self, fn: Callable[[Session], T], then: Callable[[T], None] = lambda result: None) -> "Future[T]":
        """Have `fn(session)` run in a write transaction; its future is done when that is committed.

        What `fn` raises undoes what it wrote, and only that. `fn` must not commit, and on PostgreSQL it may be run
        again after a deadlock. `then` hears what it returned, once that is committed and before the future is done.
        It and the callbacks of the future run on the writer's thread, before the next group.
        """
        job = _Job(fn, then)
        self._writer.submit(job)
        return job.future

    def write(self, fn: Callable[[Session], T]) -> T:
        """Run `fn(session)` in a write transaction and return its result when that is committed.

        Raises what `fn` raises, or a DatabaseError where the transaction could not be committed.
        """
        if self._writer.mine():
            raise RuntimeError("a write within a write would wait for itself: use the session at hand")
        return self.submit(fn).result()

    async def awrite(self, fn: Callable[[Session], T]) -> T:
        """Do `write(fn)` without holding up the event loop."""
        return await asyncio.wrap_future(self.submit(fn))

    def on_rollback(self, forget: Callable[[], None]) -> None:
        """Have `forget()` called on the writer's thread when writes that had run were not committed after all."""
        self._writer.forget.append(forget)

    def close(self) -> None:
        """Finish the writes that wait and close every connection."""
        self._writer.close()
        self._readers.dispose()


class _Writer:
    """What the two ways to write have in common."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.forget: list[Callable[[], None]] = []

    def submit(self, job: "_Job[Any]") -> None:
        raise NotImplementedError

    def mine(self) -> bool:
        """Whether the calling thread is the writer's own."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def _undone(self) -> None:
        for forget in self.forget:
            forget()


class _Thread(_Writer):
    """SQLite: one thread, one connection, one commit for all that wait."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        with engine.connect():  # a path that cannot be opened is an error of the caller, not of the thread
            pass
        self._thread = threading.Thread(target=self._run, name="database-writer", daemon=True)
        self._thread.start()

    def submit(self, job: "_Job[Any]") -> None:
        with self._lock:
            if self._closed:
                raise Closed("the database is closed")
            self._jobs.put(job)

    def mine(self) -> bool:
        return threading.current_thread() is self._thread

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        if not self.mine():
            self._thread.join()

    def _run(self) -> None:
        with self.engine.connect() as connection:
            last = False
            while not last:
                jobs = [self._jobs.get()]
                while jobs[-1] is not None and len(jobs) < GROUP and not self._jobs.empty():
                    jobs.append(self._jobs.get())
                last = jobs[-1] is None
                if group := [job for job in jobs if job is not None and job.future.set_running_or_notify_cancel()]:
                    self._commit(connection, group)
        self.engine.dispose()

    def _commit(self, connection: Connection, group: "list[_Job[Any]]") -> None:
        """Run all of `group` in one transaction; only when it is committed does anyone hear of success."""
        try:
            with connection.begin():
                for job in group:
                    job.run(connection)
                    _still_open(connection)
        except Exception as error:
            self._undone()
            reason = translate(error)
            for job in group:
                job.future.set_exception(reason)
            return
        for job in group:
            job.tell()


class _Each(_Writer):
    """PostgreSQL: each function a transaction of its own, on one thread: what projectors keep in memory is theirs."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._local = threading.local()
        self._threads = ThreadPoolExecutor(1, "database-writer")

    def submit(self, job: "_Job[Any]") -> None:
        try:
            self._threads.submit(self._run, job)
        except RuntimeError as error:
            raise Closed("the database is closed") from error

    def mine(self) -> bool:
        return getattr(self._local, "writing", False)

    def close(self) -> None:
        self._threads.shutdown()
        self.engine.dispose()

    def _run(self, job: "_Job[Any]") -> None:
        if not job.future.set_running_or_notify_cancel():
            return
        self._local.writing = True
        for attempt in range(3):
            try:
                with self.engine.connect() as connection, connection.begin():
                    job.run(connection)
                    if job.error is not None:
                        raise job.error
                break
            except Exception as error:
                self._undone()
                if attempt < 2 and getattr(_cause(error), "sqlstate", None) in ("40P01", "40001"):
                    continue  # a deadlock: the other one goes first
                job.error = error
                break
        job.tell()


class _Job(Generic[T]):
    """A function that waits to be run, and what became of it."""

    __slots__ = ("error", "fn", "future", "result", "then")

    def __init__(self, fn: Callable[[Session], T], then: Callable[[T], None]) -> None:
        self.fn = fn
        self.then = then
        self.future: Future[T] = Future()
        self.result: T | None = None
        self.error: Exception | None = None

    def run(self, connection: Connection) -> None:
        """Run the function in a SAVEPOINT within the connection's transaction; keep what it returns or raises."""
        self.error = None
        try:
            with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
                self.result = self.fn(session)
                session.commit()
        except Exception as error:
            self.error = error

    def tell(self) -> None:
        """Let those who wait know, after the commit."""
        if self.error is not None:
            self.future.set_exception(translate(self.error))
            return
        try:
            self.then(self.result)  # type: ignore[arg-type]
        except Exception:
            log.exception("something went wrong after a commit")
        self.future.set_result(self.result)  # type: ignore[arg-type]


def _sqlite(url: URL, size: int, begin: str, *pragmas: str) -> Engine:
    engine = create_engine(url, pool_size=size, max_overflow=size * 4, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def opened(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where we say so
        for pragma in (
            f"busy_timeout = {BUSY_MS}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            f"cache_size = -{CACHE_KIB}",
            f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
            *pragmas,
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgres(url: URL, size: int) -> Engine:
    return create_engine(url, pool_size=size, max_overflow=size * 2, pool_pre_ping=True)


def _still_open(connection: Connection) -> None:
    """Raise DiskFull where SQLite has undone the whole transaction by itself, as it does when the disk is full.

    Source: sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction". The driver's commit would
    then do nothing and say nothing.
    """
    if not connection.connection.driver_connection.in_transaction:  # type: ignore[union-attr]
        raise DiskFull("the disk is full or failing: the transaction was undone")


def _cause(error: BaseException) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def translate(error: Exception) -> Exception:
    """Return our error for one of the driver's; what says nothing about the database as a whole comes back as it is."""
    cause = _cause(error)
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0)
        if code & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            return DiskFull(f"the disk is full or failing: {cause}")
        if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return Busy(f"another process is writing: {cause}")
        return error
    state = getattr(cause, "sqlstate", None)
    if state == "53100":
        return DiskFull(f"the database server's disk is full: {cause}")
    lost = isinstance(cause, psycopg.OperationalError) and state is None
    if lost or state in ("57P01", "57P02", "57P03"):
        return Busy(f"the database server cannot be reached: {cause}")
    return error

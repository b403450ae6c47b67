"""What features and ingest have in common: a stored event, the place of a device, and who projects events."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlmodel import Session


class Place(NamedTuple):
    """Where a device stands."""

    site: str
    position: str


class Row(NamedTuple):
    """One stored event. Times are Unix milliseconds, `up` milliseconds since the boot numbered `boot`."""

    site: str
    pos: int  # the event's number within its site
    position: str
    device: str
    log: str
    boot: int
    seq: int
    t: int  # the device's own clock, 0 for none
    q: int  # its quality, 0 to 4
    up: int
    at: int  # when the controller stored it
    time: int  # when it happened, corrected
    kind: str
    data: dict[str, object]


class Projector:
    """Makes tables from events; features derive from it and register with the store.

    What it writes may depend on nothing but the rows and what it wrote before, so that a rebuild gives the same.
    """

    kinds: frozenset[str] = frozenset()

    def project(self, session: Session, rows: Sequence[Row]) -> None:
        """Take `rows` into the tables, within the write transaction that stores them.

        Rows of one site come in the order of `pos`. What it raises is undone; the rows are then given again one by
        one, and the one that raises again becomes a dead letter.
        """
        raise NotImplementedError

    def committed(self, rows: Sequence[Row]) -> None:
        """Hear that `rows` are durable: the moment to publish. On the writer's thread; must be quick."""

    def forget(self) -> None:
        """Drop what is kept in memory: a transaction was undone after `project`, or another process has written.

        On PostgreSQL that is before each transaction, and `project` runs on several threads: keep nothing there.
        """

    def reset(self, session: Session) -> None:
        """Empty the tables, before a rebuild."""
        raise NotImplementedError

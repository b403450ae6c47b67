"""The intake: nothing is acknowledged before it is committed, and nothing of one session in another."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from controller.db import Database
from controller.ingest import Store
from controller.ingest.mqtt import intake as module
from controller.ingest.mqtt.intake import IDLE_S, Intake
from tests.controller.ingest.conftest import HANGS, message
from tests.controller.ingest.test_lane import Pair, publish
from tests.controller.ingest.test_store import batch, seqs

PUBACK = b"\x40\x02"


class Session:
    """An intake with the broker's end of its session."""

    def __init__(self, intake: Intake) -> None:
        self.intake, self.pair = intake, Pair()
        self.lane = self.pair.lane
        self._woken = threading.Event()

    def come(self, first: int, last: int, device: str = "kiosk1") -> None:
        """The broker sends events, one a message; their packet identifiers are their numbers."""
        for seq in range(first, last + 1):
            said = message(device, batch(seq, log=device.rjust(16, "0")))
            self.pair.comes(publish(said.topic, said.body, seq))

    def turn(self) -> float:
        """Do what the connection does when something has come or it was woken."""
        return self.intake.take(self.lane, lambda _: self._woken.set())

    def woken(self) -> None:
        """Wait until the intake wants to go on."""
        assert self._woken.wait(HANGS)
        self._woken.clear()

    def wait(self, seconds: float) -> None:
        """Wait as the connection does: until the intake wants to go on, or for so long."""
        self._woken.wait(seconds)
        self._woken.clear()

    def acked(self) -> list[int]:
        """Return the packet identifiers that have been acknowledged since the last look, in order."""
        sent, made = self.pair.sent(), []
        while sent:
            size, body = sent[1], 2
            if size > 127:
                size, body = size & 127 | sent[2] << 7, 3
            if sent.startswith(PUBACK):
                made.append(int.from_bytes(sent[2:4], "big"))
            sent = sent[body + size :]
        return made


@contextmanager
def busy(db: Database) -> Iterator[None]:
    """Keep the database's writer from everything else."""
    free = threading.Event()
    begun = threading.Event()

    def hold(_session: object) -> None:
        begun.set()
        free.wait(HANGS)

    held = db.submit(hold)
    assert begun.wait(HANGS)
    try:
        yield
    finally:
        free.set()
        held.result()


@pytest.fixture
def intake(store: Store) -> Intake:
    return Intake(store)


@pytest.fixture
def session(intake: Intake) -> Iterator[Session]:
    made = Session(intake)
    yield made
    made.pair.close()


def test_a_group_is_acknowledged_when_it_is_committed_and_not_before(session: Session, db: Database):
    session.come(1, 3)
    with busy(db):
        assert session.turn() == IDLE_S
        session.turn()
        assert session.acked() == []
        assert len(session.lane.messages) == 3, "they stay until then"
    session.woken()
    session.turn()
    assert session.acked() == [1, 2, 3]
    assert seqs(db) == [1, 2, 3]
    assert session.lane.messages == []


def test_what_comes_meanwhile_is_read_and_follows_in_one_group(session: Session, db: Database):
    session.come(1, 2)
    with busy(db):
        session.turn()
        for seq in (3, 4, 5):
            session.come(seq, seq)
            session.turn()
        assert session.acked() == []
    session.woken()
    session.turn()
    assert session.acked() == [1, 2]
    session.woken()
    session.turn()
    assert session.acked() == [3, 4, 5]
    assert seqs(db) == [1, 2, 3, 4, 5]


def test_a_new_session_acknowledges_nothing_of_the_old_one(session: Session, intake: Intake, db: Database):
    session.come(1, 3)
    with busy(db):
        session.turn()
        session.come(4, 5)
        session.turn()
    session.woken()
    new = Session(intake)
    try:
        new.come(4, 4)  # the broker sends again what it has no acknowledgement of; that begins where it likes
        new.turn()
        new.woken()
        new.turn()
        assert new.acked() == [4]
        assert session.acked() == []
        assert seqs(db) == [1, 2, 3, 4]
        new.come(1, 5)
        new.turn()
        new.woken()
        new.turn()
        assert new.acked() == [1, 2, 3, 4, 5]
        assert seqs(db) == [1, 2, 3, 4, 5]
    finally:
        new.pair.close()


def test_a_commit_is_shared_by_some_and_not_by_any_number(
    session: Session, db: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "GROUP_BYTES", 1000)
    session.come(1, 20)
    size = len(session.lane.messages[0].body)
    found: list[list[int]] = []
    while session.lane.messages:
        session.turn()
        session.woken()
        session.turn()
        found.append(session.acked())
    assert [one for group in found for one in group] == list(range(1, 21))
    assert max(map(len, found)) <= 1000 // size + 1
    assert len(found) > 2


def test_a_full_disk_is_tried_again_later_and_in_order(
    session: Session, db: Database, store: Store, monkeypatch: pytest.MonkeyPatch
):
    def limit(pages: int) -> None:
        db.write(lambda one: one.connection().exec_driver_sql(f"PRAGMA max_page_count = {pages}"))

    monkeypatch.setattr(module, "RETRY_S", IDLE_S / 2)
    limit(db.write(lambda one: one.connection().exec_driver_sql("PRAGMA page_count").scalar_one()))
    with busy(db):
        session.come(1, 400)
        session.turn()
        session.come(401, 410)
        session.turn()  # has read what comes after
    session.woken()
    pause = session.turn()
    assert 0 < pause <= module.RETRY_S
    assert session.acked() == []
    assert len(session.lane.messages) == 410
    assert [alarm.kind for alarm in store.alarms.open()] == ["disk_full"]
    assert session.turn() <= pause, "nothing is tried before"
    limit(1_000_000)
    while session.lane.messages:
        session.wait(session.turn())
    assert session.acked() == list(range(1, 411))
    assert seqs(db) == list(range(1, 411))
    assert store.alarms.open() == []

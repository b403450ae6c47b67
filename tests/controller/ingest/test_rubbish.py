"""Whatever a device sends: ingest goes on, acknowledges, counts, and its neighbours lose nothing."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.db import Database
from controller.ingest import Store, check
from controller.ingest.refusals import Unusable
from controller.migrations import upgrade
from controller.queue.projector import QueueProjector
from controller.rebuild import rebuild
from protocol.canonical import decode
from protocol.canonical import encode as canonical
from protocol.errors import BadMessage
from protocol.events import check_event
from tests.controller.ingest.conftest import message, place
from tests.controller.ingest.rubbish import payloads

NUMBERS = count(1)
TABLES = {"queue_ticket": "site, pos", "queue_period": "site, pos, n"}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.soak)])
def fed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, Store]]:
    """A store with the queue's projection that all the rubbish of this module goes into."""
    if request.param == "sqlite":
        db = Database(f"sqlite:///{tmp_path_factory.mktemp('rubbish') / 'balai.db'}")
    else:
        db = Database(request.getfixturevalue("postgres_server").database())
    upgrade(db)
    store = Store(db, place)
    store.register(QueueProjector())
    yield db, store
    db.close()


@contextmanager
def no_errors() -> Iterator[None]:
    """Fail where something went so wrong that it was logged as an error."""
    found: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(f"{record.getMessage()}: {record.exc_info}")

    logger, handler = logging.getLogger("controller"), Handler(logging.ERROR)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
    assert not found


def usable(payload: bytes) -> check.Batch | None:
    try:
        return check.batch(payload)
    except Unusable:
        return None


def is_sound(event: object) -> bool:
    try:
        check_event(event)
        canonical(event, 1 << 20)
    except BadMessage:
        return False
    return True


@settings(max_examples=400)
@given(data=st.data())
def test_rubbish_is_acknowledged_and_counted_and_holds_up_nobody(fed: tuple[Database, Store], data: st.DataObject):
    _, store = fed
    before, stored = store.refusals.counts.copy(), store.stored
    told: dict[bytes, tuple[str, int]] = {}
    unusable = good = bad = 0
    group = []
    for device in ("kiosk1", "kiosk2", "other1"):
        log = f"{next(NUMBERS):016x}"
        payload = data.draw(payloads(log))
        said = message(device, payload)
        group.append(said)
        batch = usable(payload)
        if batch is None:
            unusable += 1
        elif (batch.log, batch.first) == (log, 1):
            good += sum(map(is_sound, batch.events))
            bad += sum(not is_sound(event) for event in batch.events)
            told[said.topic] = (log, len(batch.events))
        else:  # it has hurt the number or the name of its log: nothing to be expected, but that it goes on
            good = -1 << 20
    witness = f"{next(NUMBERS):016x}"
    event = [1, 1_764_046_800_000, 3, 5, "paper.low", {}]
    last = message("last1", {"v": 1, "log": witness, "boot": 1, "lo": 1, "e": [event]})
    with no_errors():
        safe = store.ingest([*group, last])
    assert safe[last.topic] == (witness, 1)
    assert safe.items() >= told.items()
    counted = store.refusals.counts - before
    assert not counted.keys() & {"internal", "projector"}
    assert sum(counted[reason] for reason in ("too_large", "not_json", "bad_version", "bad_envelope")) == unusable
    if good >= 0:
        assert store.stored - stored == good + 1
        assert counted["bad_event"] == bad


def test_what_was_made_of_it_is_made_again(fed: tuple[Database, Store]):
    db, _ = fed

    def tables() -> list[list[tuple[object, ...]]]:
        with db.read() as session:
            ask = session.connection().exec_driver_sql
            return [[tuple(row) for row in ask(f"SELECT * FROM {name} ORDER BY {key}")] for name, key in TABLES.items()]

    before = tables()
    with no_errors():
        rebuild(db, [QueueProjector()])
    assert tables() == before


@given(data=st.data())
def test_a_message_is_read_as_strictly_as_on_a_device(data: st.DataObject):
    """Ingest has a quicker parser than the contract; whatever it takes the contract takes, and the same."""
    payload = data.draw(payloads("a" * 16))
    batch = usable(payload)
    if batch is None:
        return
    texts = check.texts(batch.events)
    sound = [event for event, text in zip(batch.events, texts, strict=True) if isinstance(text, str)]
    for event, text in zip(batch.events, texts, strict=True):
        if isinstance(text, str):
            check_event(event)
            assert text.encode() == canonical(event[5])
    if len(sound) == len(batch.events):
        assert decode(payload)["e"] == batch.events

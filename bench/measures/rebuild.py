"""How long `balai rebuild` takes for a million events, over the time that storing them took in the same run."""

import hashlib
import tempfile
import time
from itertools import islice
from pathlib import Path

from bench.hall import events
from bench.load import device_name, site_of
from bench.table import Row
from controller.db import Database
from controller.ingest import Place, Store
from controller.ingest.mqtt.lane import Message
from controller.migrations import upgrade
from controller.process import tune
from controller.queue.projector import QueueProjector
from controller.rebuild import rebuild
from protocol.canonical import encode

EVENTS = 1_000_000
DEVICES = 200
BATCH = 10
GROUP = 200  # messages stored together


def fill(store: Store, count: int) -> float:
    """Store `count` events of `DEVICES` kiosks; return the seconds that it took, their making left out."""
    journals = [events(site_of(number), number) for number in range(DEVICES)]
    took, messages = 0.0, []
    for first in range(1, count // DEVICES + 1, BATCH):
        for number, journal in enumerate(journals):
            rows = [
                [first + step, t, 3, first + step, kind, data]
                for step, (t, kind, data) in enumerate(islice(journal, BATCH))
            ]
            body = encode({"v": 1, "log": f"{number:016x}", "boot": 1, "lo": 1, "e": rows})
            topic = f"balai/1/{device_name(number)}/up/event".encode()
            messages.append(Message(topic, body, b"\0\1", False))
            if len(messages) == GROUP:
                began = time.perf_counter()
                store.ingest(messages)
                took += time.perf_counter() - began
                messages = []
    return took


def tables(db: Database) -> list[str]:
    """Return a hash of each table that the projection has made."""
    found = []
    with db.read() as session:
        for table, order in (("queue_ticket", "site, pos"), ("queue_period", "site, pos, n")):
            made = hashlib.sha256()
            for row in session.connection().exec_driver_sql(f"SELECT * FROM {table} ORDER BY {order}"):
                made.update(repr(tuple(row)).encode())
            found.append(made.hexdigest())
    return found


def measure() -> list[Row]:
    """Store, rebuild, and see that both made the same tables."""
    tune()
    place = {device_name(number): Place(site_of(number), "kiosk-1") for number in range(DEVICES)}
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'balai.db'}")
        upgrade(db)
        projector = QueueProjector()
        store = Store(db, place.get)
        store.register(projector)
        stored = fill(store, EVENTS)
        before = tables(db)
        began = time.perf_counter()
        count = rebuild(db, [projector])
        took = time.perf_counter() - began
        same = tables(db) == before
        db.close()
    assert count == EVENTS
    beside = f"storing them: {stored:.3g} s"
    return [Row(f"rebuild of {EVENTS:,} events", took, "s", beside, "the same tables", same)]

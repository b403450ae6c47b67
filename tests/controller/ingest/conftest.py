"""What the tests of ingest share: a store on a fresh SQLite file, a real Mosquitto, devices."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.broker import Mosquitto
from controller.db import Database
from controller.ingest import Broker, Bus, Place, Store
from controller.ingest.alarms import now_ms
from controller.ingest.mqtt.lane import Message
from controller.migrations import upgrade
from protocol.canonical import encode
from tests.controller.ingest.tally import Tally

HANGS = 60  # seconds after which a wait is given up as hung; no test measures time by it


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "balai.db"


@pytest.fixture
def db(path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    yield database
    database.close()


def place(device: str) -> Place | None:
    """Every device stands at a site of its own name but for its last digit; one is not in the fleet."""
    return None if device == "stranger" else Place(f"desa-{device[:-1]}", f"kiosk-{device[-1]}")


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def store(db: Database, tally: Tally) -> Store:
    made = Store(db, place)
    tally.create(db)
    made.register(tally)
    return made


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def bus(broker: Mosquitto, store: Store) -> Iterator[Bus]:
    made = Bus(Broker.of(f"mqtt://127.0.0.1:{broker.port}"), store)
    answer_births(made, store)
    made.start()
    assert made.wait(HANGS)
    yield made
    made.stop()


def message(device: str, body: object, mid: int = 1) -> Message:
    """Return a message on the device's topic for events; bytes stand as they are, the rest becomes JSON."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Message(f"balai/1/{device}/up/event".encode(), payload, mid.to_bytes(2, "big"), False)


def answer_births(bus: Bus, store: Store) -> None:
    """Tell each device at its birth how far its log is stored, as the fleet's link does."""

    def born(device: str, body: dict[str, object]) -> None:
        if body.get("online") == 1:
            log, seq = store.last_of([device]).get(device, ("", 0))
            bus.publish(f"balai/1/{device}/down/ack", encode({"log": log, "seq": seq, "now": now_ms(), "rate": 0}))

    bus.on("state", born)

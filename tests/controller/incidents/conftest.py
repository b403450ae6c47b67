"""Halls whose devices come, go and tell as a test says, and which are looked at when it says so."""

from itertools import count

import pytest

from controller.fleet.models import Device
from controller.fleet.presence import Session
from controller.incidents.judging.judge import Limits
from controller.incidents.models import Condition, Incident
from controller.incidents.rounds import Rounds
from controller.ingest.mqtt.lane import Message
from protocol import topics
from protocol.canonical import encode
from protocol.events import envelope
from tests.controller.fleet.hours.test_calendar import at
from tests.controller.fleet.test_presence import SIDS, state
from tests.controller.inside import Inside

MINUTE_MS = 60_000
LOOK_MS = 15_000
NINE = at(420, "2025-11-25T09:00:00")  # a Tuesday
HOURS = {str(day): [["07:00", "14:00"]] for day in range(5)}

_names = count(1)


class Watching:
    """One hall of an application, with devices, and rounds that are made when the test says so."""

    def __init__(self, inside: Inside, *positions: str, ways: tuple[str, ...] = (), **site: object) -> None:
        self.inside, self.parts = inside, inside.parts
        self.site = f"watched-{next(_names)}"
        inside.site(self.site, **{"hours": HOURS, "uplink": "fibre", **site})
        self.devices: dict[str, str] = {}
        for position in positions:
            inside.position(self.site, position)
            self.devices[position] = f"02ba1b{next(_names):06x}"
            inside.claim(self.devices[position], self.site, position)
        self.now = NINE
        self.ways = ways
        self.logs: dict[str, int] = {}
        self.restart()

    def restart(self) -> None:
        """Forget what is in memory, as an end and a start of the controller do."""
        self.rounds = Rounds(self.parts.db, Limits(), lambda _device, rejected: rejected == "bad", self.ways)

    def says(self, position: str, **fields: object) -> None:
        """A device says its state, and is there."""
        body = state(SIDS[0], **{"boots": 3, "uptime": 0, **fields})
        self.parts.roster.seen(self.devices[position], Session(SIDS[0], True, body, self.now, 0.0))
        self.parts.db.write(lambda _session: None)  # what is written by then is

    def goes(self, *positions: str) -> None:
        """Devices go away; all, where none is named."""
        for position in positions or self.devices:
            with self.parts.db.read() as session:
                kept = session.get(Device, self.devices[position]).state
            self.parts.roster.seen(self.devices[position], Session(SIDS[0], False, kept, self.now, 0.0))
        self.parts.db.write(lambda _session: None)

    def tells(self, position: str, *events: tuple[str, dict[str, object]], boot: int = 1) -> None:
        """A device sends events."""
        device = self.devices[position]
        first = self.logs.get(device, 0) + 1
        self.logs[device] = first + len(events) - 1
        items = [[first + n, self.now, 4, 5, kind, data] for n, (kind, data) in enumerate(events)]
        body = encode(envelope(f"{int(device, 16):016x}", boot, 1, items))
        topic = topics.up(device, "event")
        self.parts.store.ingest([Message(topic.encode(), body, b"", False)])

    def go_on(self, ms: int) -> "Watching":
        """Let time pass, with looks."""
        end = self.now + ms
        while self.now < end:
            self.now = min(end, self.now + LOOK_MS)
            self.rounds.look(self.now)
        return self

    def incidents(self, **query: object) -> list[dict]:
        """Return the hall's incidents over HTTP."""
        answer = self.inside.admin.get("/incidents", params={"site": self.site, **query})
        assert answer.status_code == 200, answer.text
        return answer.json()["incidents"]

    @property
    def open(self) -> list[tuple[str, str]]:
        """What is open: (position, kind)."""
        return [(one["position"], one["kind"]) for one in self.incidents(open=True)]

    def condition(self, position: str) -> Condition | None:
        """What the device's events have told."""
        with self.parts.db.read() as session:
            return session.get(Condition, (self.site, self.devices[position]))

    def incident(self, id_: int) -> Incident:
        """Return an incident's row."""
        with self.parts.db.read() as session:
            found = session.get(Incident, id_)
        assert found is not None
        return found


@pytest.fixture
def watching(inside: Inside):
    """Make halls."""
    return lambda *positions, **options: Watching(inside, *positions, **options)

"""Who leads while that changes: a look that is out of date overrules nobody."""

import threading

import pytest

from controller.fleet.models import Grant
from controller.ingest.mqtt.lane import Message
from protocol import topics
from protocol.canonical import encode
from protocol.events import envelope
from tests.controller.inside import Inside
from tests.controller.waiting import HANGS

KIOSK = "02ba1a550001"
LOG = "0123456789abcdef"


def test_a_kiosk_that_has_begun_to_lead_since_we_looked_is_not_overruled(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
):
    inside.site("beralih")
    inside.position("beralih", "kiosk-1", leads=True)
    inside.claim(KIOSK, "beralih", "kiosk-1")
    granted = {"term": 2, "rev": 9, "leader": "kiosk-1", "key": "lead.1"}
    body = encode(envelope(LOG, 1, 1, [[1, 0, 0, 5_000, "lead.granted", granted]]))
    inside.parts.store.ingest([Message(topics.up(KIOSK, "event").encode(), body, b"\0\1", False)])
    looks = [threading.Event() for _ in range(3)]

    def as_it_was() -> list[str]:
        next((look for look in looks if not look.is_set()), looks[-1]).set()
        return ["beralih"]

    monkeypatch.setattr(inside.parts.queue.halls, "led_here", as_it_was)
    assert looks[1].wait(HANGS)
    assert looks[2].wait(HANGS), "what the second look began has ended"
    monkeypatch.undo()
    with inside.parts.db.read() as session:
        found = session.get(Grant, "beralih")
        assert found is not None
        assert (found.leader, found.term) == ("kiosk-1", 2)

"""What strangers and broken devices say over real MQTT: counted, told once, kept where it was an event, acknowledged;
and the kiosk beside them loses nothing."""

import re
import secrets
from collections.abc import Callable, Iterator

import httpx
import pytest

from hil.light.device import Light
from protocol import topics
from tests.scenarios.conftest import OpenFleet
from tests.scenarios.fleet import Fleet
from tests.scenarios.rogue import NOON, Rogue
from tests.scenarios.waiting import until

AGAIN = 3  # times that each thing is said
LONG_AGO, FAR_AHEAD = 0, 4_070_908_800_000  # 1970 and 2099, Unix ms
RATED = {"no": 2, "score": 3, "rev": 2, "term": 1}

# What is said as events; the reason why not; whether it stands for event 2, which is then passed over.
EVENTS: list[tuple[Callable[[Rogue], object], str, bool]] = [
    (lambda _: b"not JSON", "not_json", False),
    (lambda _: b"[" * 4000, "not_json", False),
    (lambda _: b"\xff\xfe\x00", "not_json", False),
    (lambda one: one.batch(one.event(2, data={**RATED, "more": "x" * 5000})), "too_large", True),
    (lambda one: one.batch(one.event(2), boot="one"), "bad_envelope", True),
    (lambda one: one.batch(one.event(2), v=2), "bad_version", True),
    (lambda one: one.batch(one.event(2, t="noon")), "bad_event", True),
    (lambda one: one.batch(one.event(2, t=float(NOON))), "bad_event", True),
    (lambda one: one.batch(one.event(2, data={**RATED, "no": "two"})), "bad_event", True),
    (lambda one: one.batch(one.event(2, kind="No Kind")), "bad_event", True),
    (lambda one: one.batch(one.event(1, data={**RATED, "no": 7})), "seq_reused", False),
    (lambda one: one.batch(one.event(2, t=LONG_AGO)), "clock", True),
    (lambda one: one.batch(one.event(2, t=FAR_AHEAD)), "clock", True),
]
STORED = ("clock",)  # reasons that keep no event out

# What is said otherwise, and the reason why not.
WORDS: list[tuple[str, object, str]] = [
    ("state", b"not JSON", "not_json"),
    ("state", {"sid": 7, "online": 1}, "bad_state"),
    ("state", {"sid": "0" * 16, "online": 1, "role": "kiosk"}, "bad_state"),
    ("reply", {"id": 1}, "bad_reply"),
    ("reply", {"id": "x", "outcome": "perhaps"}, "bad_reply"),
    ("request", {"id": "x", "op": "queue", "args": []}, "bad_request"),
    ("request", {"id": "x", "op": "config", "args": {"more": "x" * 5000}}, "too_large"),
    ("reading", [1, 2, 3], "not_json"),
]


async def refused(fleet: Fleet) -> dict[str, int]:
    """What the controller's metrics say it has refused, by reason."""
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"{fleet.controller.address}/metrics")).text
    found = re.findall(r'^balai_messages_refused_total\{reason="(\w+)"\} (\d+)', text, re.MULTILINE)
    return {reason: int(count) for reason, count in found}


async def counted(fleet: Fleet, reason: str, times: int) -> bool:
    return (await refused(fleet)).get(reason, 0) == times


def told(fleet: Fleet, device: str) -> list[str]:
    """The reasons that the log gives for refusing what a device says, as often as it gives them."""
    return re.findall(rf"message of {device} refused: (\w+)", fleet.controller.log.read_text())


@pytest.fixture
def rogues() -> Iterator[Callable[..., Rogue]]:
    """Make rogues, who all go in the end."""
    made: list[Rogue] = []

    def make(kiosk: Light, secret: str = "") -> Rogue:
        made.append(Rogue(kiosk, secret))
        return made[-1]

    yield make
    for rogue in made:
        rogue.stop()


async def test_events_that_make_no_sense(open_fleet: OpenFleet, rogues: Callable[..., Rogue]):
    fleet = await open_fleet(1 + len(EVENTS))
    fleet.fill(50)
    talk = [(rogues(fleet.dismiss()), *one) for one in EVENTS]
    for rogue, said, _, _ in talk:
        rogue.say("event", rogue.batch(rogue.event(1)))
        await until(lambda rogue=rogue: (rogue.log, 1) in rogue.acks, "a good event is acknowledged")
        for _ in range(AGAIN):
            rogue.say("event", said(rogue))
    fleet.fill(50)
    for rogue, _, reason, passed in talk:
        if passed:
            await until(lambda rogue=rogue: (rogue.log, 2) in rogue.acks, f"{reason} holds up nothing")
        last = 3 if passed else 2
        rogue.say("event", rogue.batch(rogue.event(last)))
        await until(lambda rogue=rogue, last=last: (rogue.log, last) in rogue.acks, "the log goes on")
        known = fleet.ledger.events(rogue.device)
        assert [event[2] for event in known] == [1, *([2] if reason in STORED else []), last], reason
        assert [letter[1] for letter in fleet.ledger.letters() if letter[0] == rogue.device] == [reason]
        assert told(fleet, rogue.device) == [reason]
    counts = await refused(fleet)
    for reason in {reason for _, reason, _ in EVENTS}:
        said_ = sum(AGAIN for _, other, _ in EVENTS if other == reason)
        assert counts[reason] == (said_ if reason not in STORED else said_ // AGAIN), reason
    await fleet.delivered()
    fleet.count()


async def test_states_replies_and_requests_that_make_no_sense(open_fleet: OpenFleet, rogues: Callable[..., Rogue]):
    fleet = await open_fleet(1 + len(WORDS))
    fleet.fill(50)
    for what, body, reason in WORDS:
        rogue = rogues(fleet.dismiss())
        before = (await refused(fleet)).get(reason, 0)
        for _ in range(AGAIN):
            rogue.say(what, body)
        await until(lambda reason=reason, n=before + AGAIN: counted(fleet, reason, n), f"{reason} is counted")
        assert told(fleet, rogue.device) == [reason]
    fleet.fill(50)
    await fleet.delivered()
    fleet.count()


async def test_a_device_can_neither_speak_nor_hear_for_another_and_a_stranger_not_at_all(
    open_fleet: OpenFleet, rogues: Callable[..., Rogue]
):
    fleet = await open_fleet(3)
    fleet.fill(50)
    await fleet.delivered()
    stranger = rogues(fleet.dismiss(), secret=secrets.token_urlsafe(24))
    await until(lambda: stranger.refused, "a stranger is not let in")
    rogue, kiosk = rogues(fleet.dismiss()), fleet.kiosks[0]
    rogue.listen(topics.down(kiosk.device, "ack"))
    rogue.listen("balai/1/#")
    await until(lambda: len(rogue.refused) == 2, "a device reads its own topics only")
    rogue.say("event", rogue.batch(rogue.event(kiosk.last + 1), log=kiosk.log), of=kiosk.device)
    rogue.say("state", {"sid": "0" * 16, "online": 0}, of=kiosk.device)
    rogue.say("event", rogue.batch(rogue.event(1), log=kiosk.log))  # under its own name, in the other's log
    await until(lambda: "foreign_log" in told(fleet, rogue.device), "a log belongs to one device")
    fleet.fill(50)
    await fleet.delivered()
    fleet.count()
    assert not [topic for topic, _ in rogue.heard if kiosk.device in topic]
    assert fleet.ledger.letters() == [(rogue.device, "foreign_log", 1)]
    assert kiosk.log not in {event[0] for event in fleet.ledger.events(rogue.device)}


async def test_what_the_broker_has_retained_is_carried_out_by_nobody(
    open_fleet: OpenFleet, rogues: Callable[..., Rogue]
):
    """A retained message comes again with every start, of the controller and of the device."""
    fleet = await open_fleet(2)
    rogue = rogues(fleet.dismiss())
    rogue.say("event", rogue.batch(rogue.event(1)), retain=True)
    rogue.say("reply", {"id": "x", "outcome": "done"}, retain=True)
    rogue.say("request", {"id": "x", "op": "config", "args": {}}, retain=True)
    await until(lambda: (rogue.log, 1) in rogue.acks, "the event is stored")
    await fleet.controller.kill("application")
    fleet.fill(50)
    await fleet.delivered()
    fleet.count()
    assert (await refused(fleet))["retained"] == 2
    assert [event[2] for event in fleet.ledger.events(rogue.device)] == [1]
    assert fleet.ledger.letters() == []

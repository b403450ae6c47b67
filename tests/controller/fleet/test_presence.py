"""Presence: what a device last said of itself holds, and a will only for the session that it was made in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.fleet.presence import RETURN_S, Presence

KIOSK = "02ba1a500001"
SIDS = ["1" * 16, "2" * 16, "3" * 16]


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def state(sid: str, **fields: object) -> dict[str, object]:
    """Return a device's state."""
    texts = {"role": "kiosk", "fw": "0.1.0", "config": "", "rejected": "", "reset": "power", "code": ""}
    numbers = {"boots": 1, "uptime": 5, "heap": 90_000, "rssi": -60, "clock": 3, "backlog": 0}
    return {"sid": sid, "online": 1, **texts, **numbers, **fields}


def will(sid: str) -> dict[str, object]:
    """Return a device's will."""
    return {"sid": sid, "online": 0}


@given(st.lists(st.tuples(st.sampled_from(SIDS), st.booleans()), max_size=12))
def test_a_device_is_there_until_the_will_of_its_present_session(words):
    """Against a reference that keeps nothing but the last session."""
    presence = Presence()
    sid, online = "", False
    for at, (said, alive) in enumerate(words):
        told = presence.take(KIOSK, state(said) if alive else will(said), at)
        assert not told.bad
        if alive:
            assert told.birth == (said != sid or not online)
            sid, online = said, True
        elif online and said != sid:
            assert told.stale
        else:
            assert not told.stale
            sid, online = said, False
        assert presence.session(KIOSK).online == online
        assert presence.online == online


def test_a_late_will_does_not_mark_a_device_that_is_back_as_gone():
    presence = Presence()
    presence.take(KIOSK, state(SIDS[0]), 1)
    presence.take(KIOSK, state(SIDS[1]), 2)
    told = presence.take(KIOSK, will(SIDS[0]), 3)
    assert told.stale
    assert told.session.sid == SIDS[1]
    assert presence.session(KIOSK).online


def test_a_will_keeps_what_was_known_of_the_device():
    presence = Presence()
    presence.take(KIOSK, state(SIDS[0], fw="1.2.3"), 1)
    told = presence.take(KIOSK, will(SIDS[0]), 9)
    assert told.session.state["fw"] == "1.2.3"
    assert told.session.at == 1, "when it last said something, not when it was missed"


def test_devices_that_do_not_come_back_to_a_new_broker_are_gone_after_a_while():
    clock = Clock()
    presence = Presence(clock)
    for number in range(3):
        presence.take(f"kiosk-{number}", state(SIDS[number]), 1)
    clock.now += 10
    presence.doubt()
    presence.take("kiosk-1", state(SIDS[1]), 2)
    clock.now += RETURN_S - 1
    assert presence.sweep() == []
    clock.now += 2
    assert sorted(device for device, _ in presence.sweep()) == ["kiosk-0", "kiosk-2"]
    assert presence.sweep() == []
    assert presence.online == 1
    assert presence.take("kiosk-0", state(SIDS[0]), 3).birth, "the same session, but it was given up"


def test_a_device_that_was_there_before_the_controllers_start_is_there_until_it_is_missed():
    clock = Clock()
    presence = Presence(clock)
    for number in range(3):
        presence.recall(f"kiosk-{number}", {"fw": "1.0.0"}, 5)
    assert presence.online == 3
    assert presence.take("kiosk-0", state(SIDS[0]), 6).birth
    assert not presence.take("kiosk-1", will(SIDS[1]), 6).stale, "nobody knows its session, so its will holds"
    assert presence.online == 2
    clock.now += 1
    presence.doubt()
    presence.take("kiosk-0", state(SIDS[0]), 7)
    clock.now += RETURN_S
    ((device, gone),) = presence.sweep()
    assert (device, gone.online, gone.state) == ("kiosk-2", False, {"fw": "1.0.0"})


def test_a_device_that_has_spoken_is_not_recalled_over_it():
    presence = Presence()
    presence.take(KIOSK, state(SIDS[0]), 9)
    presence.recall(KIOSK, {}, 1)
    assert presence.session(KIOSK).sid == SIDS[0]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, "sid"),
        ({"sid": "x" * 16, "online": 1}, "sid"),
        ({"sid": "1" * 15, "online": 0}, "sid"),
        ({"sid": 7, "online": 0}, "sid"),
        ({"sid": SIDS[0]}, "online"),
        ({"sid": SIDS[0], "online": True}, "online"),
        ({"sid": SIDS[0], "online": 2}, "online"),
        ({"sid": SIDS[0], "online": 1}, "role"),
        (state(SIDS[0], fw=None), "fw"),
        (state(SIDS[0], config="x" * 65), "config"),
        (state(SIDS[0], heap="many"), "heap"),
        (state(SIDS[0], boots=True), "boots"),
    ],
)
def test_what_is_no_state_changes_nothing_and_is_named(body, wrong):
    presence = Presence()
    presence.take(KIOSK, state(SIDS[1]), 1)
    assert presence.take(KIOSK, body, 2).bad == wrong
    assert presence.session(KIOSK).sid == SIDS[1]
    assert presence.session(KIOSK).at == 1

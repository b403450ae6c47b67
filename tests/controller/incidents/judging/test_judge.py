"""The judge: what is wrong in a hall, when that is said, and when it is over."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.fleet.hours.calendar import MINUTE_MS, calendar
from controller.incidents.judging import kinds
from controller.incidents.judging.judge import DeviceFacts, Key, Limits, SiteFacts, cause, judge, settle
from controller.incidents.judging.kinds import KINDS, OFFLINE, SITE_GONE
from controller.incidents.judging.watch import SETTLE_MS, Watch, looked

TZ = 420
LOOK = 15_000
HALL = calendar(TZ, ({str(day): [["07:00", "14:00"], ["18:00", "21:00"]] for day in range(5)}, {}))
GRACE = Limits().grace


def at(text: str) -> int:
    """Return a moment of Tuesday, 24 November 2026, by the clock on the hall's wall."""
    local = datetime.fromisoformat(f"2026-11-24T{text}").replace(tzinfo=timezone(timedelta(minutes=TZ)))
    return int(local.timestamp()) * 1000


NINE, NIGHT = at("09:00"), at("23:00")


class Hall:
    """A hall that is looked at: the loop of the product, without its database."""

    def __init__(self, *devices: str, now: int = NINE) -> None:
        self.now = now
        self.states = {device: DeviceFacts(device, Watch()) for device in devices}
        self.online = dict.fromkeys(devices, True)
        self.standing: dict[Key, int] = {}
        self.said: list[tuple[str, Key]] = []
        self._hall: Watch | None = None
        self._watches: dict[str, Watch] = {}
        self._seen: dict = {}

    def look(self) -> None:
        """Look once."""
        self._hall = looked(self._hall, any(self.online.values()), self.now)
        devices = []
        for device, state in self.states.items():
            self._watches[device] = looked(self._watches.get(device), self.online[device], self.now)
            devices.append(replace(state, watch=self._watches[device]))
        found = judge(SiteFacts("genteng", HALL, self._hall, standing=frozenset(self.standing)), devices, self.now)
        verdict = settle(self.standing, self._seen, found, self.now)
        self._seen = verdict.seen
        for one in verdict.opened:
            assert HALL.is_open(self.now), "nothing is raised while the hall is closed"
            assert one.key not in self.standing
            self.standing[one.key] = self.now
            self.said.append(("opened", one.key))
        for key in verdict.closed:
            del self.standing[key]
            self.said.append(("closed", key))

    def go_on(self, ms: int) -> "Hall":
        """Let time pass, with looks."""
        end = self.now + ms
        while self.now < end:
            self.now = min(end, self.now + LOOK)
            self.look()
        return self

    def go(self, *devices: str) -> "Hall":
        """Devices go away; all, where none is named."""
        self.online |= dict.fromkeys(devices or self.online, False)
        return self

    def come(self, *devices: str) -> "Hall":
        """Devices come back."""
        self.online |= dict.fromkeys(devices or self.online, True)
        return self

    def change(self, device: str, **facts: object) -> "Hall":
        """Have a device tell something else of itself."""
        self.states[device] = replace(self.states[device], **facts)
        return self

    @property
    def open(self) -> list[tuple[str, str]]:
        """What is open: (device, kind)."""
        return sorted((key.device, key.kind) for key in self.standing)


DEVICES = ("kiosk", "keypad", "screen")


def test_a_hall_without_electricity_is_one_incident_and_not_one_a_device():
    hall = Hall(*DEVICES).go_on(MINUTE_MS).go().go_on(GRACE + MINUTE_MS)
    assert hall.open == [("", SITE_GONE)]
    hall.go_on(3 * GRACE).come().go_on(SETTLE_MS + MINUTE_MS)
    assert hall.said == [("opened", Key("genteng", "", SITE_GONE)), ("closed", Key("genteng", "", SITE_GONE))]


def test_one_device_that_is_gone_is_an_incident_of_its_own():
    hall = Hall(*DEVICES).go_on(MINUTE_MS).go("screen").go_on(GRACE - MINUTE_MS)
    assert hall.open == []
    assert hall.go_on(2 * MINUTE_MS).open == [("screen", OFFLINE)]
    assert hall.come("screen").go_on(SETTLE_MS - MINUTE_MS).open == [("screen", OFFLINE)]
    assert hall.go_on(2 * MINUTE_MS).open == []


def test_whoever_does_not_come_back_with_the_hall_has_the_same_grace_from_then_on():
    hall = Hall(*DEVICES).go_on(MINUTE_MS).go().go_on(3 * GRACE).come("kiosk", "keypad").go_on(GRACE - MINUTE_MS)
    assert hall.open == []
    assert hall.go_on(2 * MINUTE_MS).open == [("screen", OFFLINE)]


def test_what_goes_at_closing_and_comes_at_opening_is_no_incident():
    hall = Hall(*DEVICES, now=at("13:50")).go_on(9 * MINUTE_MS).go().go_on(4 * 60 * MINUTE_MS + 5 * MINUTE_MS)
    assert hall.now > at("18:00")
    hall.come().go_on(60 * MINUTE_MS)
    assert hall.said == []


def test_a_hall_that_does_not_open_in_the_evening_is_one_after_the_grace():
    hall = Hall(*DEVICES, now=at("13:50")).go_on(MINUTE_MS).go()
    hall.go_on(at("18:00") - hall.now)
    assert hall.open == [], "only nine minutes of opening time have passed"
    assert hall.go_on(2 * MINUTE_MS).open == [("", SITE_GONE)]
    hall.go_on(at("23:00") - hall.now)
    assert hall.open == [("", SITE_GONE)], "the hall is closed, but nobody knows that it is well"
    assert hall.come().go_on(SETTLE_MS + MINUTE_MS).open == [], "and it is over at whatever hour"


def test_a_gone_hall_stays_an_incident_where_its_hours_are_changed_meanwhile():
    gone = SiteFacts("genteng", calendar(TZ, ({"6": [["08:00", "09:00"]]}, {})), Watch(False, NINE, NINE))
    devices = [DeviceFacts("kiosk", Watch(False, NINE, NINE))]
    assert judge(gone, devices, NINE + 2 * GRACE) == []
    standing = replace(gone, standing=frozenset({Key("genteng", "", SITE_GONE)}))
    assert [one.key for one in judge(standing, devices, NINE + 2 * GRACE)] == [Key("genteng", "", SITE_GONE)]


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (kinds.PAPER_OUT, {"paper": "out"}),
        (kinds.PAPER_LOW, {"paper": "low"}),
        (kinds.FAULT, {"fault": "E-08"}),
        (kinds.CLOCK, {"clock": 2}),
        (kinds.HEAP, {"heap": 8_000}),
        (kinds.BACKLOG, {"backlog": 101}),
        (kinds.CRASHES, {"crashed": {7: NINE - 3, 8: NINE - 2, 9: NINE - 1}}),
        (kinds.JOURNAL, {"code": "E-10"}),
        (kinds.JOURNAL, {"full": NINE - 1}),
        (kinds.CONFIG, {"refuses": True}),
    ],
)
def test_each_kind_is_found_held_and_over(kind, facts):
    hall = Hall(*DEVICES).change("kiosk", **facts)
    hall.look()
    hold = KINDS[kind].hold
    if hold:
        assert hall.go_on(hold - MINUTE_MS).open == [], "one word may be out of date"
        hall.go_on(2 * MINUTE_MS)
    assert hall.open == [("kiosk", kind)]
    hall.states["kiosk"] = DeviceFacts("kiosk", Watch())
    hall.look()
    assert hall.open == [("kiosk", kind)], "it may come again in a moment"
    assert hall.go_on(SETTLE_MS).open == []
    assert len(hall.said) == 2


@pytest.mark.parametrize("facts", [{"paper": "out"}, {"fault": "E-08"}, {"refuses": True}, {"code": "E-11"}])
def test_nothing_is_found_at_night(facts):
    assert Hall(*DEVICES, now=NIGHT).change("kiosk", **facts).go_on(60 * MINUTE_MS).open == []


def test_of_a_device_that_is_gone_what_stood_stands():
    hall = Hall(*DEVICES).change("kiosk", paper="out")
    hall.look()
    hall.go("kiosk").change("kiosk", paper="ok").go_on(2 * GRACE)
    assert hall.open == [("kiosk", OFFLINE), ("kiosk", kinds.PAPER_OUT)]
    assert hall.come("kiosk").go_on(SETTLE_MS + MINUTE_MS).open == []


def test_a_figure_between_its_limits_opens_nothing_and_closes_nothing():
    hall = Hall(*DEVICES).change("kiosk", heap=10_000, backlog=50).go_on(60 * MINUTE_MS)
    assert hall.open == []
    hall.change("kiosk", heap=5_000, backlog=500).go_on(20 * MINUTE_MS)
    assert hall.open == [("kiosk", kinds.BACKLOG), ("kiosk", kinds.HEAP)]
    hall.change("kiosk", heap=10_000, backlog=50).go_on(60 * MINUTE_MS)
    assert hall.open == [("kiosk", kinds.BACKLOG), ("kiosk", kinds.HEAP)]


def test_two_crashes_in_an_hour_are_no_loop_and_a_loop_is_over_an_hour_after_its_last():
    hall = Hall(*DEVICES).change("kiosk", crashed={1: NINE - 1, 2: NINE - 1}).go_on(MINUTE_MS)
    assert hall.open == []
    hall.change("kiosk", crashed={1: NINE - 1, 2: NINE - 1, 3: hall.now})
    hall.look()
    assert hall.open == [("kiosk", kinds.CRASHES)]
    assert hall.go_on(59 * MINUTE_MS).open == [("kiosk", kinds.CRASHES)]
    assert hall.go_on(SETTLE_MS + 2 * MINUTE_MS).open == []


looks = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(DEVICES), st.booleans()),
        st.dictionaries(st.sampled_from(DEVICES), st.sampled_from(["ok", "low", "out"])),
        st.sampled_from([LOOK, MINUTE_MS, GRACE, 5 * 60 * MINUTE_MS]),
    ),
    max_size=25,
)


@given(looks, st.integers(at("05:00"), at("22:00")))
def test_whatever_happens_openings_and_closings_of_each_alternate_and_a_gone_hall_is_one(story, now):
    hall = Hall(*DEVICES, now=now)
    for online, paper, pause in story:
        hall.online |= online
        for device, state in paper.items():
            hall.change(device, paper=state)
        before = set(hall.standing)
        gone = not any(hall.online.values())
        hall.go_on(pause)
        if gone:
            assert not {key for key in set(hall.standing) - before if key.kind == OFFLINE}
    for key in {key for _, key in hall.said}:
        told = [what for what, about in hall.said if about == key]
        assert told == (["opened", "closed"] * len(told))[: len(told)]
    hall.come()
    for device in DEVICES:
        hall.change(device, paper="ok")
    assert hall.go_on(SETTLE_MS + 2 * LOOK).open == [], "a hall that is well has no incidents"


@given(st.lists(st.integers(1, SETTLE_MS // LOOK - 1), min_size=2, max_size=40))
def test_what_flaps_faster_than_it_settles_is_one_incident(pauses):
    hall = Hall(*DEVICES).change("kiosk", paper="out")
    hall.look()
    for number, count in enumerate(pauses):
        hall.change("kiosk", paper="low" if number % 2 else "out").change("screen", paper="ok")
        hall.online["screen"] = bool(number % 2)
        hall.go_on(count * LOOK)
    assert sum(what == "opened" and key.kind == kinds.PAPER_OUT for what, key in hall.said) == 1
    assert not any(what == "closed" for what, _ in hall.said)


def back(boots: int, before: int, reset: str = "power", there: bool = True) -> DeviceFacts:
    """Return a device of a hall that was out of reach."""
    return DeviceFacts("x", Watch(there=there, boots=before), boots=boots, reset=reset)


@pytest.mark.parametrize(
    ("devices", "why"),
    [
        ([back(4, 3), back(9, 8)], "power"),
        ([back(4, 3), back(8, 8)], "uplink"),
        ([back(4, 4)], "uplink"),
        ([back(4, 3, "watchdog"), back(9, 8)], ""),
        ([back(4, 3), back(9, 9, there=False)], "power"),
        ([back(4, 0)], ""),
        ([], ""),
    ],
)
def test_why_a_hall_was_gone_is_told_by_those_that_are_back(devices, why):
    assert cause(devices) == why

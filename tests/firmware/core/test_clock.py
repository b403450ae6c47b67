"""The device's time: over the wrap of the ticks, by sources that lie, late messages, and a wall clock that jumps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from firmware.core.clock import CHIP, CONTROLLER, FLOOR, LATEST_MS, NONE, NTP, SLACK_MS, TELLINGS, Clock

PERIOD = 1 << 30
NOW = 1_795_505_400  # Unix seconds
EPOCH = 946_684_800


class Source:
    """The chip's ticks and wall clock, with a hand on them."""

    EPOCH = EPOCH

    def __init__(self, ticks: int = PERIOD - 60_000) -> None:
        self.ticks = ticks
        self.wall = 0

    def ticks_ms(self) -> int:
        return self.ticks % PERIOD

    def ticks_diff(self, a: int, b: int) -> int:
        return (a - b + PERIOD // 2) % PERIOD - PERIOD // 2

    def set(self, seconds: int) -> None:
        self.wall = seconds


class Chip:
    """A DS3231 that shows what it is told to."""

    def __init__(self, shows: int) -> None:
        self.shows = shows

    def read(self) -> int:
        return self.shows

    def set(self, unix: int) -> bool:
        self.shows = unix
        return True


@given(start=st.integers(0, PERIOD - 1), steps=st.lists(st.integers(0, PERIOD // 2 - 1), max_size=30))
def test_uptime_goes_on_over_every_wrap(start, steps):
    source = Source(start)
    clock = Clock(source)
    for step in steps:
        before = clock.up()
        source.ticks += step
        assert clock.up() == before + step
    assert clock.up() == sum(steps)


@given(shows=st.integers(0, 1 << 32), floor=st.sampled_from((0, NOW - 86_400, NOW)))
def test_it_starts_with_a_chip_that_can_be_right_else_with_the_floor(shows, floor):
    source = Source()
    clock = Clock(source, Chip(shows), floor)
    t, q = clock.now()
    if q == CHIP:
        assert t == shows * 1_000
        assert floor <= shows < floor + 10 * 365 * 86_400
    elif floor:
        assert (t, q) == (floor * 1_000, FLOOR)
    else:
        assert (t, q) == (0, NONE)
    assert source.wall == (t // 1_000 - EPOCH if q else 0), "certificates are checked against this"


@pytest.mark.parametrize("shows", [NOW - 1, 0, NOW + 11 * 365 * 86_400, 4_102_444_800])
def test_a_chip_that_lies_is_not_believed(shows):
    """An empty battery shows the past; a bit that has fallen, a year in which no certificate is valid any more."""
    assert Clock(Source(), Chip(shows), NOW).now() == (NOW * 1_000, FLOOR)


def test_a_better_source_sets_the_chip_and_a_worse_one_nothing():
    chip = Chip(NOW)
    clock = Clock(Source(), chip, NOW)
    assert clock.set((NOW + 60) * 1_000, CONTROLLER)
    assert chip.shows == NOW + 60
    assert not clock.set((NOW + 90) * 1_000, CHIP)
    assert not clock.set((NOW + 90) * 1_000, FLOOR)
    assert clock.now() == ((NOW + 60) * 1_000, CONTROLLER)
    assert clock.set((NOW + 90) * 1_000, NTP)
    assert not clock.set((NOW + 95) * 1_000, CONTROLLER)


@pytest.mark.parametrize("t", [0, -5])
def test_no_time_is_no_time(t):
    clock = Clock(Source())
    assert not clock.set(t, NTP)
    assert clock.now() == (0, NONE)


def test_the_wall_clock_may_jump_and_nothing_here_does():
    source = Source()
    clock = Clock(source, None, NOW)
    source.wall += 100_000
    source.ticks += 5_000
    assert clock.now() == (NOW * 1_000 + 5_000, FLOOR)


def test_a_step_is_told_once_with_where_from_and_where_to():
    steps: list[tuple[int, int, int]] = []
    source = Source()
    clock = Clock(source, None, NOW, lambda *step: steps.append(step))
    clock.set((NOW + 3_600) * 1_000, CONTROLLER)
    clock.set((NOW + 3_600) * 1_000 + 1_500, CONTROLLER)
    assert steps == [(NOW * 1_000, (NOW + 3_600) * 1_000, CONTROLLER)]


Delays = st.lists(st.integers(0, 45_000), min_size=1, max_size=40)


@given(delays=Delays)
def test_late_messages_never_set_it_back_and_forth(delays):
    """The controller tells the right time in each ack; the uplink delays each by up to a whole session."""
    source = Source()
    steps: list[tuple[int, int, int]] = []
    clock = Clock(source, None, NOW, lambda *step: steps.append(step))
    truth = (NOW + 500) * 1_000
    for delay in delays:
        source.ticks += 60_000
        truth += 60_000
        clock.set(truth - delay, CONTROLLER)
        behind = truth - clock.now()[0]
        assert 0 <= behind <= max(delays) + SLACK_MS, "it is never ahead of the truth"
        if delay <= SLACK_MS:
            assert behind <= 2 * SLACK_MS, "one that is in time is believed"
    back = [step for step in steps if step[1] < step[0]]
    assert len(back) <= len(delays) // TELLINGS


def test_a_clock_that_is_ahead_is_put_right_by_the_best_of_several():
    source = Source()
    clock = Clock(source, None, NOW)
    clock.set((NOW + 30) * 1_000, CONTROLLER)
    taken = [clock.set(NOW * 1_000 - delay, CONTROLLER) for delay in (900, 0, 5_000, 800)]
    assert taken == [False] * (TELLINGS - 1) + [True]
    assert clock.now()[0] == NOW * 1_000


def test_what_cannot_be_a_late_message_is_believed_at_once():
    clock = Clock(Source(), None, NOW)
    clock.set((NOW + 86_400) * 1_000, CONTROLLER)
    assert clock.set(NOW * 1_000, CONTROLLER)
    assert clock.now() == (NOW * 1_000, CONTROLLER)
    assert LATEST_MS >= 45_000, "a session without a word ends after this"


def test_refused_certificates_make_it_try_other_days():
    source = Source()
    clock = Clock(source, Chip(NOW + 9 * 365 * 86_400), NOW, None, NOW - 1_000_000)
    shown = [source.wall + EPOCH]
    for _ in range(3):
        clock.doubt()
        shown.append(source.wall + EPOCH)
    assert shown == [NOW + 9 * 365 * 86_400, NOW, NOW - 1_000_000, NOW + 9 * 365 * 86_400]
    assert clock.now()[1] == CHIP, "only certificates are checked at another day"
    clock.set((NOW + 100) * 1_000, CONTROLLER)
    clock.doubt()
    assert source.wall + EPOCH == NOW, "a controller may have been wrong too"


class Life(RuleBasedStateMachine):
    """Time passes, sources tell it, rightly and not; what is shown follows the ticks from the last that was taken."""

    @initialize(floor=st.sampled_from((0, NOW)), shows=st.sampled_from((0, NOW, NOW + 10)))
    def begin(self, floor, shows):
        self.source = Source()
        self.chip = Chip(shows)
        self.clock = Clock(self.source, self.chip, floor)
        self.passed = 0
        self.last = self.clock.now()
        self.quality = self.clock.q

    @rule(ms=st.integers(0, 5 * 86_400_000))
    def time_passes(self, ms):
        self.source.ticks += ms
        self.passed += ms
        t, q = self.clock.now()
        assert t == (self.last[0] + ms if q else 0)

    @rule(t=st.integers(-1, (NOW + 100_000) * 1_000), q=st.sampled_from((FLOOR, CHIP, CONTROLLER, NTP)))
    def told(self, t, q):
        before = self.clock.now()
        if self.clock.set(t, q):
            assert q >= before[1]
            assert t > 0
            assert self.clock.now() == (t, q) or before[0] - LATEST_MS < self.clock.now()[0] < before[0]
        else:
            assert self.clock.now() == before

    @invariant()
    def uptime_and_quality_never_fall(self):
        self.last = self.clock.now()
        assert self.clock.up() == self.passed
        assert self.clock.q >= self.quality
        self.quality = self.clock.q


TestLife = Life.TestCase


def test_the_same_on_micropython_with_the_board_of_the_chip(run):
    [told] = run(
        """
        from firmware.boards.virtual_time import Time
        from firmware.core.clock import Clock, CONTROLLER
        clock = Clock(Time(before_wrap=30), None, 1795505400)
        import time
        began = clock.up()
        real = time.ticks_ms()
        while time.ticks_diff(time.ticks_ms(), real) < 120:
            pass
        up = clock.up() - began
        t, q = clock.now()
        taken = clock.set(1795509000123, CONTROLLER)
        tell(up=up, t=t - 1795505400000, q=q, taken=taken, now=clock.now()[0] - 1795509000123)
        """
    )
    assert 118 <= told["up"] <= 2_000
    assert told["up"] <= told["t"] <= told["up"] + 100
    assert told["q"] == FLOOR
    assert told["taken"] is True
    assert 0 <= told["now"] < 100

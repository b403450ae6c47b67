"""When a hall is open, in whatever zone, over midnights and holidays, against a look at every minute."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.fleet.hours.calendar import DAY_MS, MINUTE_MS, Calendar, calendar

ZONES = {420: "Asia/Jakarta", 480: "Asia/Makassar", 540: "Asia/Jayapura"}  # WIB, WITA, WIT
NOON = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()) * 1000

zones = st.sampled_from(sorted(ZONES)) | st.integers(-720, 840)
moments = st.integers(NOON - 40 * DAY_MS, NOON + 40 * DAY_MS)
stretches = st.integers(0, 3 * DAY_MS)
days = st.dates(date(2026, 10, 1), date(2027, 1, 20))


@st.composite
def periods(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Up to four periods of a day, apart and rising."""
    times = sorted(draw(st.sets(st.integers(0, 1439), max_size=8)))
    return tuple(zip(times[0::2], times[1::2], strict=False))


weeks = st.dictionaries(st.integers(0, 6), periods())
calendars = st.builds(Calendar, zones, weeks, st.dictionaries(days, periods(), max_size=8))


def open_at(hall: Calendar, at: int) -> bool:
    """The same as the product says, by the standard library's own calendar."""
    local = datetime.fromtimestamp(at / 1000, timezone(timedelta(minutes=hall.tz)))
    if local.date() in hall.holidays:
        found = hall.holidays[local.date()]
    elif hall.week:
        found = hall.week.get(local.weekday(), ())
    else:
        return True
    return any(first <= local.hour * 60 + local.minute < last for first, last in found)


@given(calendars, moments)
def test_a_hall_is_open_when_a_look_at_the_clock_on_its_wall_says_so(hall, at):
    assert hall.is_open(at) == open_at(hall, at)


@given(calendars, moments, st.integers(0, 3000))
def test_the_open_stretch_is_the_sum_of_its_open_minutes(hall, at, minutes):
    since = at - at % MINUTE_MS
    until = since + minutes * MINUTE_MS
    looked = sum(open_at(hall, minute) for minute in range(since, until, MINUTE_MS))
    assert hall.open_ms(since, until) == looked * MINUTE_MS


@given(calendars, moments, stretches, stretches)
def test_opening_time_adds_up_wherever_it_is_cut(hall, at, one, other):
    whole = hall.open_ms(at, at + one + other)
    assert whole == hall.open_ms(at, at + one) + hall.open_ms(at + one, at + one + other)
    assert 0 <= whole <= one + other


@given(calendars, moments, stretches, st.integers(1, 2 * DAY_MS))
def test_one_may_stop_counting_when_it_is_enough(hall, at, stretch, enough):
    assert hall.open_ms(at, at + stretch, enough) == min(enough, hall.open_ms(at, at + stretch))


@given(calendars, moments, stretches)
def test_spans_are_open_apart_and_never_over_a_midnight(hall, at, stretch):
    last = at
    for start, end in hall.spans(at, at + stretch):
        assert last <= start < end <= at + stretch
        assert hall.day(start) == hall.day(end - 1)
        assert hall.is_open(start)
        assert hall.is_open(end - 1)
        last = end


@given(weeks, st.dictionaries(days, periods(), max_size=8), moments, st.integers(-12, 14), stretches)
def test_halls_with_the_same_hours_open_an_hour_earlier_a_zone_further_east(week, holidays, at, hours, stretch):
    here, there = Calendar(0, week, holidays), Calendar(hours * 60, week, holidays)
    earlier = hours * 60 * MINUTE_MS
    assert here.is_open(at) == there.is_open(at - earlier)
    assert here.open_ms(at, at + stretch) == there.open_ms(at - earlier, at - earlier + stretch)


@given(st.sampled_from(sorted(ZONES)), moments)
def test_a_day_begins_at_midnight_in_each_zone_of_indonesia(tz, at):
    hall = Calendar(tz)
    local = datetime.fromtimestamp(at / 1000, ZoneInfo(ZONES[tz]))
    assert hall.day(at) == local.date()
    midnight = datetime.combine(local.date(), datetime.min.time(), ZoneInfo(ZONES[tz]))
    assert hall.begins(local.date()) == int(midnight.timestamp()) * 1000


def at(tz: int, text: str) -> int:
    """Return a moment of the clock on a hall's wall."""
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone(timedelta(minutes=tz))).timestamp()) * 1000


def test_a_hall_that_opens_in_the_evening_too():
    """Monday and Friday from 18 to 21, after the morning; closed on Christmas, and until ten on the day before."""
    hours = {"0": [["07:00", "14:00"], ["18:00", "21:00"]], "4": [["07:00", "11:00"], ["18:00", "21:00"]]}
    hall = calendar(420, (hours, {"2026-12-25": []}), ({}, {"2026-12-28": [["07:00", "10:00"]]}))
    assert not hall.is_open(at(420, "2026-11-23T06:59:59"))  # a Monday
    assert hall.is_open(at(420, "2026-11-23T07:00:00"))
    assert not hall.is_open(at(420, "2026-11-23T14:00:00"))
    assert hall.is_open(at(420, "2026-11-23T20:59:59"))
    assert not hall.is_open(at(420, "2026-11-24T09:00:00"))
    assert not hall.is_open(at(420, "2026-12-25T09:00:00"))  # a Friday
    assert not hall.is_open(at(420, "2026-12-28T10:00:00"))


def test_a_halls_own_hours_go_before_the_fleets_and_its_own_holidays_day_by_day():
    fleet = ({"0": [["08:00", "12:00"]]}, {"2026-12-25": [], "2027-01-01": []})
    bare, own = calendar(420, ({}, {}), fleet), calendar(420, ({"1": []}, {"2027-01-01": [["08:00", "09:00"]]}), fleet)
    assert bare.is_open(at(420, "2026-11-23T09:00:00"))
    assert not own.is_open(at(420, "2026-11-23T09:00:00")), "its week is its own, and closed"
    assert own.is_open(at(420, "2027-01-01T08:30:00"))
    assert not own.is_open(at(420, "2026-12-25T09:00:00"))


def test_a_hall_whose_hours_nobody_has_said_counts_as_always_open_but_for_holidays():
    hall = calendar(540, ({}, {}), ({}, {"2026-12-25": []}))
    assert hall.is_open(at(540, "2026-11-24T03:00:00"))
    assert not hall.is_open(at(540, "2026-12-25T00:00:00"))
    assert hall.is_open(at(540, "2026-12-26T00:00:00"))


@pytest.mark.parametrize("tz", sorted(ZONES))
def test_a_night_with_the_hall_closed_costs_no_opening_time(tz):
    hall = calendar(tz, ({str(day): [["07:00", "14:00"]] for day in range(7)}, {}))
    assert hall.open_ms(at(tz, "2026-11-23T13:58:00"), at(tz, "2026-11-24T07:03:00")) == 5 * MINUTE_MS

"""An absence: it begins when somebody goes, and ends when they have been back for long enough."""

from hypothesis import given
from hypothesis import strategies as st

from controller.incidents.judging.watch import REMEMBERED, SETTLE_MS, Watch, booted, looked

steps = st.lists(st.tuples(st.booleans(), st.integers(1, 2 * SETTLE_MS)), min_size=1, max_size=30)


def watched(looks: list[tuple[bool, int]]) -> list[tuple[int, bool, Watch]]:
    """Look again and again: (when, whether it was there, what is known then)."""
    now, watch, found = 1_000_000, None, []
    for there, pause in looks:
        now += pause
        watch = looked(watch, there, now)
        found.append((now, there, watch))
    return found


@given(steps)
def test_an_absence_lasts_from_the_first_look_without_to_the_look_at_which_it_has_settled(looks):
    """Against a reference that keeps every look."""
    seen = watched(looks)
    away = 0
    for place, (now, there, watch) in enumerate(seen):
        run = place
        while run and seen[run - 1][1] == there:
            run -= 1
        assert watch.there == there
        assert watch.changed == seen[run][0], "since when it is so"
        settled = there and now - seen[run][0] >= SETTLE_MS
        away = 0 if settled else away or (0 if there else now)
        assert watch.away == away


@given(st.lists(st.tuples(st.integers(1, SETTLE_MS - 1), st.integers(1, SETTLE_MS)), min_size=1, max_size=20))
def test_whoever_comes_only_for_a_moment_has_been_away_all_the_time(flaps):
    looks = [(False, 1)]
    for there, gone in flaps:
        looks += [(True, gone), (False, there)]
    seen = watched(looks)
    assert {watch.away for _, _, watch in seen} == {seen[0][0]}


@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from(["crash", "watchdog", "power", "soft"])), max_size=40))
def test_each_boot_after_a_crash_counts_once_however_often_a_state_tells_of_it(states):
    watch, told = Watch(), {}
    for at, (boots, reset) in enumerate(sorted(states, key=lambda one: one[0])):
        watch = booted(watch, boots, reset, at)
        if reset in ("crash", "watchdog"):
            told.setdefault(boots, at)
        assert watch.boots == boots
        assert watch.crashes == tuple(told.items())[-REMEMBERED:]

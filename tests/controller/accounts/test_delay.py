"""Guessing is slowed down, and nobody can keep somebody else out by it."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from controller.accounts.delay import ADDRESS, FORGET_S, HERE, NAME, REMEMBERED, Delay

HOME, ELSEWHERE = "10.0.0.1", "10.0.0.2"


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def failures(delay: Delay, clock: Clock, seconds: float, name: str = "admin", address: str = HOME) -> int:
    """Guess as often as one is let for `seconds`; return how many guesses were looked at."""
    end, count = clock.now + seconds, 0
    while clock.now < end:
        left = delay.attempt(name, address)
        count += left == 0.0
        clock.now += left
    return count


def test_five_failures_are_free_then_each_doubles_the_wait():
    clock = Clock()
    delay = Delay(clock)
    assert [delay.attempt("admin", HOME) for _ in range(HERE.free)] == [0.0] * HERE.free
    waits = []
    for _ in range(11):
        waits.append(delay.attempt("admin", HOME))
        clock.now += waits[-1]
        assert delay.attempt("admin", HOME) == 0.0
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, HERE.longest, HERE.longest]


@given(st.integers(60, 6 * 3600))
def test_whoever_guesses_one_name_gets_few_looks_an_hour(seconds):
    clock = Clock()
    looked_at = failures(Delay(clock), clock, seconds)
    assert looked_at <= HERE.free + 9 + seconds / HERE.longest


def test_of_many_guesses_at_once_only_the_free_ones_are_looked_at():
    delay = Delay()
    with ThreadPoolExecutor(32) as pool:
        lefts = list(pool.map(lambda _: delay.attempt("admin", HOME), range(200)))
    assert sum(left == 0.0 for left in lefts) == HERE.free


def test_an_owner_signs_in_from_home_while_somebody_guesses_elsewhere():
    clock = Clock()
    delay = Delay(clock)
    failures(delay, clock, 3600, address=ELSEWHERE)
    assert delay.attempt("admin", HOME) == 0.0


@given(st.lists(st.integers(0, 5000), max_size=300))
def test_a_name_never_waits_long_however_many_addresses_guess_it(addresses):
    clock = Clock()
    delay = Delay(clock)
    for number in addresses:
        delay.attempt("admin", f"address-{number}")
    assert delay.attempt("admin", HOME) <= NAME.longest


def test_an_address_that_guesses_many_names_waits_too():
    clock = Clock()
    delay = Delay(clock)
    for number in range(ADDRESS.free):
        assert delay.attempt(f"name-{number}", HOME) == 0.0
    assert 0 < delay.attempt("another", HOME) <= ADDRESS.longest
    assert delay.attempt("another", ELSEWHERE) == 0.0


def test_success_is_no_failure():
    delay = Delay()
    for _ in range(500):
        assert delay.attempt("admin", HOME) == 0.0
        delay.succeeded("admin", HOME)


def test_failures_are_forgotten_in_the_end():
    clock = Clock()
    delay = Delay(clock)
    failures(delay, clock, 1200)
    clock.now += FORGET_S + HERE.longest
    assert [delay.attempt("admin", HOME) for _ in range(HERE.free)] == [0.0] * HERE.free


def test_made_up_names_do_not_fill_the_memory():
    delay = Delay()
    for number in range(REMEMBERED):
        delay.attempt(f"name-{number}", f"address-{number}")
    assert len(delay._failures) == REMEMBERED

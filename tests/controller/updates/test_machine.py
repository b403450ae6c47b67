"""Rollouts, whatever happens: caps hold, halls stay up, harm stops them, and nothing is forgotten by a restart."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from controller.updates.rollout import machine
from controller.updates.rollout.looking import again, finished
from controller.updates.rollout.table import dump, load
from controller.updates.rollout.units import (
    DAY_MS,
    IN_FLIGHT,
    Heard,
    Is,
    Plan,
    Rollout,
    Seen,
    Spent,
    Stand,
    Unit,
    World,
)

REL, OTHER = "aa" * 32, "bb" * 32
START = 1_795_453_200_000
SIZE = 1000
ROLES = ("kiosk", "display", "counter")
WHYS = ("hash", "no_blob", "signature", "crashed", "silent")


class Simulated:
    """A device that obeys, or does not. `seen` is what the controller knows of it."""

    def __init__(self) -> None:
        self.seen = Seen(online=True, rel=OTHER)
        self.told = ""  # the command that is out

    def hears(self, **what: int | str) -> None:
        self.seen = self.seen._replace(heard=self.seen.heard._replace(**what))


def made(count: int, rings: int, plan: Plan) -> Rollout:
    """A rollout of `count` halls with three devices each, in rings of about the same size."""
    units = {}
    for number in range(count):
        for role in ROLES:
            name = f"{number:02}-{role}"
            units[name] = Unit(name, f"site-{number:02}", f"{role}-1", role, number * rings // count)
    return Rollout(REL, SIZE, plan, START, units)


PLANS = st.builds(
    Plan,
    parallel=st.integers(1, 4),
    budget=st.sampled_from([0, SIZE, 2 * SIZE, 10 * SIZE]),
    stop_share=st.sampled_from([1, 20, 50, 100]),
    retries=st.integers(0, 2),
    retry_s=st.sampled_from([0, 60]),
)


class Rollouts(RuleBasedStateMachine):
    """One rollout with everything that can happen to it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.traffic: dict[str, Spent] = {}
        self.rollout = made(4, 2, Plan(parallel=2))
        self.devices: dict[str, Simulated] = {}
        self.ordered: list[tuple[str, int]] = []
        self.spent: dict[tuple[str, int], int] = {}

    @rule(plan=PLANS, halls=st.integers(1, 6), rings=st.integers(1, 3))
    @precondition(lambda self: not self.devices)
    def begin(self, plan: Plan, halls: int, rings: int) -> None:
        self.rollout = made(halls, rings, plan)
        self.devices = {name: Simulated() for name in self.rollout.units}

    def look(self) -> machine.Step:
        world = World(self.now, {name: one.seen for name, one in self.devices.items()}, self.traffic)
        before = self.rollout
        step = machine.advance(before, world)
        same = machine.advance(load(dump(before)), world)
        assert (same.rollout, same.tell, same.traffic) == (step.rollout, step.tell, step.traffic), (
            "a restart = the same"
        )
        self.traffic |= step.traffic
        self.rollout = step.rollout
        new = [u for u in step.rollout.units.values() if u.tries > before.units[u.device].tries]
        for unit in new:
            assert before.stand is Stand.RUNNING, "nobody is ordered anything unless it runs"
            earlier = [u for u in before.units.values() if u.ring < unit.ring]
            assert all(finished(u, before.plan) or finished(step.rollout.units[u.device], before.plan) for u in earlier)
            assert self.devices[unit.device].seen.online
            key = (unit.site, (self.now + 420 * 60_000) // DAY_MS)
            self.spent[key] = self.spent.get(key, 0) + SIZE
            assert not before.plan.budget or self.spent[key] <= before.plan.budget, "the day's budget"
            assert unit.tries <= before.plan.retries + 1
        for device in step.tell:
            self.devices[device].told = machine.due(self.rollout, device)
            assert self.devices[device].told in ("update", "cancel")
        return step

    @rule(seconds=st.sampled_from([0, 1, 30, 59, 3600, 40_000]))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * 1000
        self.look()

    @rule(data=st.data(), good=st.booleans(), why=st.sampled_from(WHYS))
    @precondition(lambda self: self.rollout.in_flight)
    def a_device_goes_on(self, data: st.DataObject, good: bool, why: str) -> None:
        flying = sorted(name for name, unit in self.rollout.units.items() if unit.state in IN_FLIGHT)
        name = data.draw(st.sampled_from(flying))
        unit, device = self.rollout.units[name], self.devices[name]
        self.now += 1
        if unit.state is Is.RECALLED:
            outcome, reason = ("done", "") if good else ("refused", "none")
            self.rollout = machine.replied(self.rollout, name, "cancel", outcome, reason, self.now)
        elif not good:
            device.hears(failed=self.now, why=why)
            if why in ("crashed", "silent"):
                device.seen = device.seen._replace(rel=OTHER, bad_rel=REL)
        elif unit.state is Is.ORDERED:
            self.rollout = machine.replied(self.rollout, name, "update", "done", "", self.now)
        elif unit.state is Is.TAKEN:
            device.hears(ready=self.now)
        elif unit.state is Is.READY:
            device.seen = device.seen._replace(rel=REL)
        else:
            device.hears(done=self.now)
        self.look()

    @rule(data=st.data())
    @precondition(lambda self: self.devices)
    def the_lights_go_out_or_on(self, data: st.DataObject) -> None:
        device = self.devices[data.draw(st.sampled_from(sorted(self.devices)))]
        device.seen = device.seen._replace(online=not device.seen.online)
        self.look()

    @rule(data=st.data())
    @precondition(lambda self: self.devices)
    def a_device_is_swapped(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.devices)))
        self.devices[name].seen = self.devices[name].seen._replace(here=False)
        self.look()
        assert self.rollout.units[name].state not in IN_FLIGHT
        assert finished(self.rollout.units[name], self.rollout.plan)

    @rule(days=st.integers(1, 20))
    def the_controller_is_away(self, days: int) -> None:
        before = self.rollout
        self.now += days * DAY_MS
        self.look()
        for name, unit in self.rollout.units.items():
            if unit.why in ("offline", "not_taken", "not_ready", "not_done"):
                assert before.units[name].why == unit.why, "nobody is charged with the controller's own absence"

    @rule()
    def somebody_pauses(self) -> None:
        if self.rollout.stand is Stand.RUNNING:
            self.rollout = machine.pause(self.rollout)
            tries = {name: unit.tries for name, unit in self.rollout.units.items()}
            self.look()
            assert tries == {name: unit.tries for name, unit in self.rollout.units.items()}

    @rule(how=st.sampled_from([machine.resume, machine.retry]))
    def somebody_goes_on(self, how) -> None:
        if self.rollout.stand in (Stand.PAUSED, Stand.STOPPED):
            self.rollout = how(self.rollout, self.now)
            self.look()

    @rule()
    @precondition(lambda self: self.devices)
    def somebody_cancels(self) -> None:
        if self.rollout.stand not in (Stand.DONE, Stand.CANCELLED) and self.now > START + DAY_MS:
            self.rollout = machine.cancel(self.rollout)
            assert not any(unit.state is Is.PENDING for unit in self.rollout.units.values())
            self.look()

    @invariant()
    def caps_hold(self) -> None:
        flying = [unit for unit in self.rollout.units.values() if unit.state in IN_FLIGHT]
        assert len(flying) <= self.rollout.plan.parallel
        assert len({unit.site for unit in flying}) == len(flying), "never two of one hall at the same time"

    @invariant()
    def harm_has_stopped_it(self) -> None:
        if self.rollout.stand is not Stand.RUNNING or not self.devices:
            return
        step = self.look()
        if step.rollout.stand is not Stand.RUNNING:
            return
        for ring in range(3):
            units = [unit for unit in step.rollout.units.values() if unit.ring == ring]
            failures = sum(unit.state is Is.FAILED and not unit.forgiven for unit in units)
            results = failures + sum(unit.state is Is.DONE for unit in units)
            if results >= 3 and failures:
                assert 100 * failures < step.rollout.plan.stop_share * results

    @invariant()
    def success_is_what_the_device_says_itself(self) -> None:
        for name, unit in self.rollout.units.items():
            if unit.state is Is.DONE:
                assert self.devices[name].seen.rel == REL or self.devices[name].seen.bad_rel == REL


TestRollouts = Rollouts.TestCase
TestRollouts.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)


def obey(rollout: Rollout, devices: dict[str, Simulated], now: int, fails: frozenset[str] = frozenset()) -> Rollout:
    """Let every device do its next step at once."""
    for name, unit in rollout.units.items():
        device = devices[name]
        if unit.state is Is.ORDERED:
            rollout = machine.replied(rollout, name, "update", "done", "", now)
        elif unit.state is Is.TAKEN and name in fails:
            device.hears(failed=now, why="signature")
        elif unit.state is Is.TAKEN:
            device.hears(ready=now)
        elif unit.state is Is.READY:
            device.seen = device.seen._replace(rel=REL)
        elif unit.state is Is.TRIAL:
            device.hears(done=now)
    return rollout


def run(rollout: Rollout, fails: frozenset[str] = frozenset(), limit: int = 4000) -> Rollout:
    """Advance until nothing can happen any more; days go by where a budget asks for it."""
    devices = {name: Simulated() for name in rollout.units}
    now, traffic = rollout.moment, {}
    for _ in range(limit):
        if not rollout.alive or (rollout.stand is not Stand.RUNNING and not rollout.in_flight):
            return rollout
        now += 10_000 if rollout.in_flight else DAY_MS // 4
        step = machine.advance(rollout, World(now, {name: one.seen for name, one in devices.items()}, traffic))
        traffic |= step.traffic
        rollout = obey(step.rollout, devices, now, fails)
    raise AssertionError("it does not end")


@given(PLANS, st.integers(1, 8), st.integers(1, 4))
def test_when_all_goes_well_every_device_ends_with_the_release(plan, halls, rings):
    ended = run(made(halls, rings, plan))
    assert ended.stand is Stand.DONE
    assert {unit.state for unit in ended.units.values()} == {Is.DONE}
    assert {unit.tries for unit in ended.units.values()} == {1}


@given(PLANS, st.integers(2, 8), st.integers(1, 4))
def test_when_all_goes_wrong_it_stops_in_the_first_ring(plan, halls, rings):
    rollout = made(halls, rings, plan)
    ended = run(rollout, frozenset(rollout.units))
    assert ended.stand is Stand.STOPPED
    assert "have failed" in ended.why
    assert {unit.ring for unit in ended.units.values() if unit.tries} == {0}
    assert sum(unit.tries > 0 for unit in ended.units.values()) <= 2 + plan.parallel


def lone(**plan: int) -> tuple[Rollout, Simulated]:
    return Rollout(REL, SIZE, Plan(1, **plan), START, {"a": Unit("a", "s", "p", "kiosk", 0)}), Simulated()


def after(rollout: Rollout, device: Simulated, seconds: int, step: int = 30) -> Rollout:
    """Look at a lone device every so often for a while."""
    end = rollout.moment + seconds * 1000
    while rollout.moment < end:
        rollout = machine.advance(rollout, World(min(end, rollout.moment + step * 1000), {"a": device.seen})).rollout
    return rollout


def test_silence_past_a_deadline_is_a_failure_but_not_that_of_a_dark_hall():
    rollout, device = lone(taken_s=100, retries=0, offline_days=14)
    rollout = after(rollout, device, 90)
    assert rollout.units["a"].state is Is.ORDERED
    device.seen = device.seen._replace(online=False)
    dark = after(rollout, device, 13 * 86_400, 50)
    assert dark.units["a"].state is Is.ORDERED, "it cannot speak"
    assert after(dark, device, 2 * 86_400, 50).units["a"].why == "offline"
    device.seen = device.seen._replace(online=True)
    assert after(dark, device, 60).units["a"].why == "not_taken"


def test_a_told_success_is_none_before_the_state_says_so():
    rollout, device = lone()
    rollout = after(rollout, device, 30)
    device.hears(taken=START + 60_000, ready=START + 60_000, done=START + 60_000)
    rollout = after(rollout, device, 600)
    assert rollout.units["a"].state is Is.READY
    device.seen = device.seen._replace(rel=REL)
    assert after(rollout, device, 30).units["a"].state is Is.DONE


def test_a_release_that_runs_without_a_word_is_believed_in_time_and_one_that_goes_back_has_failed():
    rollout, device = lone(retries=0)
    rollout = after(rollout, device, 30)
    device.seen = device.seen._replace(rel=REL)
    rollout = after(rollout, device, 60)
    assert rollout.units["a"].state is Is.TRIAL
    assert after(rollout, device, 120).units["a"].state is Is.DONE
    device.seen = device.seen._replace(rel=OTHER, bad_rel=REL)
    assert after(rollout, device, 30).units["a"].why == "went_back"


def test_what_was_given_up_before_the_order_is_no_failure_of_this_one():
    rollout, device = lone(retries=0)
    device.seen = device.seen._replace(bad_rel=REL)
    rollout = after(rollout, device, 60)
    assert rollout.units["a"].state is Is.ORDERED
    device.seen = device.seen._replace(bad_rel="")
    rollout = after(rollout, device, 60)
    device.seen = device.seen._replace(bad_rel=REL)
    assert after(rollout, device, 30).units["a"].why == "given_up"


def test_a_failure_that_may_pass_is_tried_again_and_one_for_good_is_not():
    for why, tries in (("hash", 3), ("signature", 1)):
        rollout, device = lone(retries=2, retry_s=60, stop_share=100)
        for _ in range(10):
            rollout = after(rollout, device, 60)
            if rollout.units["a"].state is Is.ORDERED:
                device.hears(failed=rollout.moment + 1, why=why)
        assert rollout.units["a"].tries == tries
        assert not again(rollout.units["a"], rollout.plan)
        assert rollout.stand is Stand.STOPPED


def test_a_device_that_has_failed_is_told_that_the_order_holds_all_the_same():
    rollout, device = lone(retries=1, retry_s=0, stop_share=100)
    rollout = after(rollout, device, 30)
    assert not machine.insists(rollout, "a")
    device.hears(failed=rollout.moment + 1, why="hash")
    rollout = after(rollout, device, 60)
    assert (rollout.units["a"].state, rollout.units["a"].tries) == (Is.ORDERED, 2)
    assert machine.insists(rollout, "a")


def test_why_a_release_was_given_up_is_told_by_the_event_that_comes_later():
    rollout, device = lone(retries=1)
    rollout = after(rollout, device, 30)
    device.seen = device.seen._replace(bad_rel=REL)
    rollout = after(rollout, device, 30)
    assert rollout.units["a"].why == "given_up"
    device.hears(failed=rollout.moment, why="crashed")
    assert after(rollout, device, 30).units["a"].why == "crashed"


def test_a_hall_where_another_rollout_is_under_way_waits():
    rollout, device = lone()
    world = World(START + 1000, {"a": device.seen}, busy={"s": frozenset({"b"})})
    assert machine.advance(rollout, world).tell == ()
    assert machine.advance(rollout, replace(world, busy={"s": frozenset({"a"})})).tell == ("a",)


def test_the_kiosk_of_a_hall_is_the_last_of_its_devices():
    rollout = made(1, 1, Plan(parallel=3))
    world = World(START, {name: Seen(online=True, rel=OTHER) for name in rollout.units})
    assert machine.advance(rollout, world).tell == ("00-counter",)
    done = {name: replace(u, state=Is.DONE) if u.role == "counter" else u for name, u in rollout.units.items()}
    seen = {**world.seen, "00-counter": Seen(online=True, rel=REL)}
    assert machine.advance(replace(rollout, units=done), replace(world, seen=seen)).tell == ("00-display",)


def test_going_on_after_a_stop_forgives_and_a_retry_begins_anew():
    rollout = made(4, 1, Plan(parallel=4, retries=0, stop_share=50))
    ended = run(rollout, frozenset(rollout.units))
    assert ended.stand is Stand.STOPPED
    failed = {name for name, unit in ended.units.items() if unit.state is Is.FAILED}
    resumed = run(machine.resume(ended, ended.moment))
    assert resumed.stand is Stand.DONE
    assert {name for name, unit in resumed.units.items() if unit.state is Is.FAILED} == failed
    assert {unit.state for unit in run(machine.retry(ended, ended.moment)).units.values()} == {Is.DONE}


def test_what_is_on_its_way_is_taken_back_when_it_stops_and_what_is_on_trial_is_not():
    rollout = made(5, 1, Plan(parallel=5, retries=0, stop_share=50))
    seen = {name: Seen(online=True, rel=OTHER) for name in rollout.units}
    rollout = machine.advance(rollout, World(START, seen)).rollout
    flying = sorted(name for name, unit in rollout.units.items() if unit.state is Is.ORDERED)
    *failing, tried, idle = flying
    for name in failing:
        seen[name] = seen[name]._replace(heard=Heard(failed=START + 1, why="signature"))
    seen[tried] = seen[tried]._replace(rel=REL)
    step = machine.advance(rollout, World(START + 1000, seen))
    assert (step.rollout.stand, step.tell) == (Stand.STOPPED, (idle,))
    assert machine.due(step.rollout, idle) == "cancel"
    assert step.rollout.units[tried].state is Is.TRIAL
    known = machine.replied(step.rollout, idle, "cancel", "done", "", START + 2000)
    assert known.units[idle].state is Is.PENDING
    late = machine.replied(step.rollout, idle, "cancel", "refused", "trial", START + 2000)
    assert late.units[idle].state is Is.TRIAL
    assert machine.due(machine.resume(step.rollout, START + 3000), idle) == "update"


def test_events_of_before_the_order_say_nothing():
    rollout, device = lone()
    device.seen = device.seen._replace(heard=Heard(START - 1, START - 1, START - 1, START - 1, "hash"))
    assert after(rollout, device, 60).units["a"].state is Is.ORDERED

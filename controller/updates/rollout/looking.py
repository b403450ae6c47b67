"""What a look at one device of a rollout changes. Pure.

A device has succeeded when it says that it runs the release, and has confirmed it or run it long enough. Everything
else that ends an attempt is a failure, silence too: but only while the device could speak. A hall is dark at night.
"""

from dataclasses import replace

from controller.updates.rollout.units import DAY_MS, IN_FLIGHT, ON_ITS_WAY, Is, Plan, Seen, Unit

TRIAL_MS = 120_000  # a device confirms a release after a minute; it may have lost the event that says so
GUESSED = ("went_back", "given_up")  # seen in a state before the event that says why has come
# Failures that another attempt would only repeat.
FOR_GOOD = frozenset(
    {"signature", "manifest", "abi", "least", "role", "older", "crashed", "went_back", "bad", "given_up"}
    | {"no_key", "unknown_op", "offline"}
)


def look(unit: Unit, seen: Seen, rel: str, plan: Plan, now: int, elapsed: int, over: Is) -> Unit:
    """Return a device of a rollout as it is after a look at it.

    Args:
        unit: as it was.
        seen: what is known of the device.
        rel: the release.
        plan: of the rollout.
        now: Unix ms.
        elapsed: ms since the last look.
        over: what a recalled device becomes when it knows.
    """
    if unit.state in (Is.SKIPPED, Is.GONE, Is.CANCELLED):
        return unit
    gave_up = seen.known and seen.bad_rel == rel and not unit.spoilt
    if unit.state is Is.DONE:
        return fail(unit, "went_back", now) if seen.here and seen.rel != rel and gave_up else unit
    if not seen.here:
        return replace(unit, state=Is.GONE, spent=0, absent=0)
    if unit.state is Is.FAILED and unit.why in GUESSED and seen.heard.failed > unit.ordered and seen.heard.why:
        unit = replace(unit, why=seen.heard.why)
    if seen.known and seen.bad_rel != rel and unit.spoilt:
        unit = replace(unit, spoilt=0)
    if seen.known and seen.rel == rel:
        return _runs(unit, seen, plan, now, elapsed)
    if unit.state is Is.PENDING and seen.known and seen.rel is None:
        return replace(unit, state=Is.SKIPPED, why="too_old")
    if unit.state in IN_FLIGHT:
        if seen.heard.failed > unit.ordered:
            return _told_failure(unit, seen.heard.why, now, over)
        if gave_up:
            return fail(unit, "went_back" if unit.state is Is.TRIAL else "given_up", now)
        unit = _further(unit, seen)
    return _clocks(unit, seen, plan, now, elapsed, over)


def fail(unit: Unit, why: str, now: int) -> Unit:
    """Return a device whose attempt has failed."""
    return replace(unit, state=Is.FAILED, why=why[:64], failed=now, spent=0, absent=0, forgiven=0)


def back(unit: Unit, over: Is) -> Unit:
    """Return a recalled device that knows."""
    return replace(unit, state=over, spent=0, absent=0)


def again(unit: Unit, plan: Plan) -> bool:
    """Whether a failed device has another attempt."""
    return unit.tries <= plan.retries and unit.why not in FOR_GOOD


def finished(unit: Unit, plan: Plan) -> bool:
    """Whether the device's ring need not wait for it any more."""
    if unit.state is Is.FAILED:
        return not again(unit, plan)
    return unit.state is not Is.PENDING and unit.state not in IN_FLIGHT


def _runs(unit: Unit, seen: Seen, plan: Plan, now: int, elapsed: int) -> Unit:
    """The device says that it runs the release."""
    if unit.state is Is.PENDING:
        return replace(unit, state=Is.SKIPPED, why="runs", absent=0)
    if unit.state is Is.FAILED or seen.heard.done >= unit.ordered:
        return replace(unit, state=Is.DONE, why="", spent=0, absent=0)
    if unit.state is not Is.TRIAL:
        unit = replace(unit, state=Is.TRIAL, spent=0, absent=0)
    unit = _clocks(unit, seen, plan, now, elapsed, Is.FAILED)
    if unit.state is Is.TRIAL and unit.spent >= TRIAL_MS:
        return replace(unit, state=Is.DONE, spent=0, absent=0)
    return unit


def _told_failure(unit: Unit, why: str, now: int, over: Is) -> Unit:
    if why == "cancelled" and unit.state in (Is.RECALLED, Is.ORDERED):
        return back(unit, over) if unit.state is Is.RECALLED else unit  # it speaks of the order before
    return fail(unit, why, now)


def _further(unit: Unit, seen: Seen) -> Unit:
    """Take in how far the device says that it is."""
    if unit.state in ON_ITS_WAY and seen.heard.ready >= unit.ordered:
        return unit if unit.state is Is.READY else replace(unit, state=Is.READY, spent=0)
    if unit.state is Is.ORDERED and seen.heard.taken >= unit.ordered:
        return replace(unit, state=Is.TAKEN, spent=0)
    return unit


def _clocks(unit: Unit, seen: Seen, plan: Plan, now: int, elapsed: int, over: Is) -> Unit:
    """Count how long the device has been at its step, or away."""
    if unit.state is Is.FAILED and not again(unit, plan):
        return unit
    if not seen.online:
        if not unit.absent:
            return replace(unit, absent=now)
        if now - unit.absent < plan.offline_days * DAY_MS:
            return unit
        if unit.state is Is.FAILED:
            return replace(unit, why="offline", absent=0)
        return back(unit, over) if unit.state is Is.RECALLED else fail(unit, "offline", now)
    if unit.state not in IN_FLIGHT:
        return replace(unit, absent=0) if unit.absent else unit
    unit = replace(unit, spent=unit.spent + elapsed, absent=0)
    if unit.spent <= plan.step_ms(unit.state):
        return unit
    if unit.state is Is.RECALLED:
        return back(unit, over)
    return fail(unit, {Is.ORDERED: "not_taken", Is.TAKEN: "not_ready"}.get(unit.state, "not_done"), now)

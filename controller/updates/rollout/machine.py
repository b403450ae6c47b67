"""The state machine of a rollout: (rollout, world) -> rollout, and who is to be told. No clock, no I/O.

At most `parallel` devices have an order that is not settled, and no two of one hall: a kiosk and its display never go
down together. The next ring begins when the one before is finished. Where the share of failures among the results
of the running ring is too high, the rollout stops, and orders that are not on trial are taken back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from controller.updates.rollout.looking import again, back, fail, finished, look
from controller.updates.rollout.units import (
    DAY_MS,
    IN_FLIGHT,
    ON_ITS_WAY,
    Is,
    Rollout,
    Seen,
    Spent,
    Stand,
    Unit,
    World,
)

RESULTS = 3  # of a ring before its share of failures counts; or the whole ring
CREDIT_MS = 60_000  # a longer pause between two looks is the controller's own absence: nobody is charged with it
LAST = {"kiosk": 1}  # in a hall: it can do without anything but its kiosk


@dataclass(frozen=True)
class Step:
    """What a look at the world makes of a rollout: `tell` those whose order, or its recall, is new."""

    rollout: Rollout
    tell: tuple[str, ...] = ()
    traffic: Mapping[str, Spent] = field(default_factory=dict)  # of the sites where it has changed


def advance(rollout: Rollout, world: World) -> Step:
    """Look at every device, stop or end where that is due, and give the orders that may be given."""
    gap = world.now - rollout.moment
    elapsed = gap if 0 <= gap <= CREDIT_MS else 0
    away = gap if gap > CREDIT_MS else 0
    over = Is.CANCELLED if rollout.stand is Stand.CANCELLED else Is.PENDING
    running = _ring(rollout)
    units = {}
    for device, unit in rollout.units.items():
        if away and unit.absent:
            unit = replace(unit, absent=unit.absent + away)
        if unit.state is Is.PENDING and unit.ring != running and unit.ring >= 0:
            unit = _waiting(unit, world.seen.get(device, GONE), rollout.rel)
        else:
            charged = 0 if unit.state is Is.ORDERED and rollout.stand is not Stand.RUNNING else elapsed
            unit = look(unit, world.seen.get(device, GONE), rollout.rel, rollout.plan, world.now, charged, over)
        units[device] = unit
    rollout = replace(rollout, units=units, moment=world.now)
    if rollout.stand is not Stand.RUNNING:
        return Step(rollout)
    return _go_on(rollout, world)


def replied(rollout: Rollout, device: str, op: str, outcome: str, reason: str, now: int) -> Rollout:
    """Take in what a device answered to the command `op`: "update" or "cancel"."""
    unit = rollout.units.get(device)
    if unit is None:
        return rollout
    if op == "update" and unit.state is Is.ORDERED:
        if outcome == "done":
            return _with(rollout, replace(unit, state=Is.TAKEN, spent=0))
        if reason != "runs":  # its state will say so
            return _with(rollout, fail(unit, reason or "refused", now))
    if op == "cancel" and unit.state is Is.RECALLED:
        if outcome == "done" or reason == "none":
            over = Is.CANCELLED if rollout.stand is Stand.CANCELLED else Is.PENDING
            return _with(rollout, back(unit, over))
        if reason == "trial":
            return _with(rollout, replace(unit, state=Is.TRIAL, spent=0))
    return rollout


def due(rollout: Rollout, device: str) -> str:
    """Return the command that a device is to hear, "" for none."""
    unit = rollout.units.get(device)
    if unit is None:
        return ""
    if unit.state is Is.ORDERED and rollout.stand is Stand.RUNNING:
        return "update"
    return "cancel" if unit.state is Is.RECALLED else ""


def insists(rollout: Rollout, device: str) -> bool:
    """Whether an order holds although the device has given the release up: it was tried in this rollout before."""
    return rollout.units[device].failed > 0


# What people do. Each returns the rollout as it is then; whether it may be done is the caller's to ask.


def pause(rollout: Rollout) -> Rollout:
    """Give no more orders; what was ordered goes on."""
    return replace(rollout, stand=Stand.PAUSED, why="")


def resume(rollout: Rollout, now: int) -> Rollout:
    """Go on; where it had stopped by itself, the failures until then are forgiven."""

    def change(unit: Unit) -> Unit:
        return replace(unit, forgiven=1) if unit.state is Is.FAILED else unit

    return _running(_each(rollout, change) if rollout.stand is Stand.STOPPED else rollout, now)


def retry(rollout: Rollout, now: int) -> Rollout:
    """Go on, with what has failed tried again."""

    def change(unit: Unit) -> Unit:
        if unit.state is not Is.FAILED:
            return unit
        return replace(unit, state=Is.PENDING, why="", tries=0, absent=0, forgiven=0)

    return _running(_each(rollout, change), now)


def cancel(rollout: Rollout) -> Rollout:
    """Give no more orders, and take back those that are not on trial."""

    def change(unit: Unit) -> Unit:
        if unit.state is Is.PENDING:
            return replace(unit, state=Is.CANCELLED)
        return _recalled(unit)

    return replace(_each(rollout, change), stand=Stand.CANCELLED, why="")


def left(rollout: Rollout, device: str) -> Rollout:
    """Settle a device that has an order of another rollout now."""
    unit = rollout.units[device]
    return _with(rollout, replace(unit, state=Is.CANCELLED, spent=0)) if unit.state in IN_FLIGHT else rollout


# Within.

GONE = Seen(here=False)


def _waiting(unit: Unit, seen: Seen, rel: str) -> Unit:
    """A device whose ring has not begun: it may go, or come to the release by itself; its absence is not counted."""
    if not seen.here:
        return replace(unit, state=Is.GONE)
    if seen.known and seen.rel == rel:
        return replace(unit, state=Is.SKIPPED, why="runs")
    return unit


def _ring(rollout: Rollout) -> int:
    """Return the running ring, -1 where all are finished."""
    rings = (unit.ring for unit in rollout.units.values() if not finished(unit, rollout.plan))
    return min(rings, default=-1)


def _go_on(rollout: Rollout, world: World) -> Step:
    if why := _too_many(rollout):
        stopped = replace(_each(rollout, _recalled), stand=Stand.STOPPED, why=why)
        recalled = [device for device, unit in stopped.units.items() if unit != rollout.units[device]]
        return Step(stopped, tuple(recalled))
    ring = _ring(rollout)
    if ring < 0:
        return Step(replace(rollout, stand=Stand.DONE))
    return _order(rollout, ring, world)


def _too_many(rollout: Rollout) -> str:
    """Return why the rollout has to stop, "" where it need not: for the running ring, and those that are finished."""
    running = _ring(rollout)
    rings: dict[int, list[Unit]] = {}
    for unit in rollout.units.values():
        rings.setdefault(unit.ring, []).append(unit)
    for ring, units in sorted(rings.items()):
        failures = sum(unit.state is Is.FAILED and not unit.forgiven for unit in units)
        results = failures + sum(unit.state is Is.DONE for unit in units)
        whole = ring != running and all(finished(unit, rollout.plan) for unit in units)
        enough = results >= RESULTS or whole
        if failures and enough and 100 * failures >= rollout.plan.stop_share * results:
            return f"{failures} of {results} devices of ring {ring + 1} have failed"
    return ""


def _order(rollout: Rollout, ring: int, world: World) -> Step:
    """Order the update of as many devices as may be on their way at a time."""
    plan, units, traffic, tell = rollout.plan, dict(rollout.units), dict(world.traffic), []
    changed: dict[str, Spent] = {}
    taken = {unit.site for unit in units.values() if unit.state in IN_FLIGHT}
    free = plan.parallel - rollout.in_flight
    for unit in sorted((unit for unit in units.values() if unit.ring == ring), key=_turn):
        if free <= 0:
            break
        seen = world.seen.get(unit.device, GONE)
        if unit.site in taken or not _able(unit, seen, rollout, world):
            continue
        day = (world.now + seen.tz * 60_000) // DAY_MS
        known = traffic.get(unit.site, Spent(day, 0))
        spent = known.bytes if known.day == day else 0
        if plan.budget and spent + rollout.size > plan.budget:
            continue
        traffic[unit.site] = changed[unit.site] = Spent(day, spent + rollout.size)
        units[unit.device] = replace(
            unit, state=Is.ORDERED, why="", tries=unit.tries + 1, ordered=world.now, spent=0, absent=0, forgiven=0,
            spoilt=int(seen.bad_rel == rollout.rel), bytes=unit.bytes + rollout.size,
        )  # fmt: skip
        taken.add(unit.site)
        tell.append(unit.device)
        free -= 1
    return Step(replace(rollout, units=units), tuple(tell), changed)


def _turn(unit: Unit) -> tuple[int, str, int, str, str]:
    """By site; those that have failed after all others, the kiosk of a hall after its other devices."""
    return (unit.state is Is.FAILED, unit.site, LAST.get(unit.role, 0), unit.position, unit.device)


def _able(unit: Unit, seen: Seen, rollout: Rollout, world: World) -> bool:
    """Whether a device may be ordered an update, as far as itself and other rollouts are concerned."""
    if not seen.here or not seen.online or not seen.known or seen.rel in (None, rollout.rel):
        return False
    if world.busy.get(unit.site, frozenset()) - {unit.device}:
        return False
    if unit.state is Is.FAILED:
        return again(unit, rollout.plan) and world.now - unit.failed >= 1000 * rollout.plan.retry_s
    return unit.state is Is.PENDING


def _running(rollout: Rollout, now: int) -> Rollout:
    """Let a rollout run; what was recalled and does not know it yet is ordered again."""

    def change(unit: Unit) -> Unit:
        return replace(unit, state=Is.ORDERED, ordered=now, spent=0) if unit.state is Is.RECALLED else unit

    return replace(_each(rollout, change), stand=Stand.RUNNING, why="", moment=now)


def _recalled(unit: Unit) -> Unit:
    return replace(unit, state=Is.RECALLED, spent=0) if unit.state in ON_ITS_WAY else unit


def _each(rollout: Rollout, change: Callable[[Unit], Unit]) -> Rollout:
    return replace(rollout, units={device: change(unit) for device, unit in rollout.units.items()})


def _with(rollout: Rollout, unit: Unit) -> Rollout:
    return replace(rollout, units={**rollout.units, unit.device: unit})

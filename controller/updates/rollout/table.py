"""Rollouts in the database: written as they are, read as they were. What a restart needs is all there."""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace

from sqlmodel import Session, col, select

from controller.updates.models import Rollout as Row
from controller.updates.models import RolloutUnit, Traffic
from controller.updates.rollout.units import IN_FLIGHT, Is, Plan, Rollout, Spent, Stand, Unit

OPEN = (Stand.RUNNING.value, Stand.PAUSED.value, Stand.STOPPED.value)
FIELDS = tuple(one.name for one in fields(Unit))
KEEP_MS = 10_000  # clocks alone are written this often

Json = dict[str, object]


def dump(rollout: Rollout) -> Json:
    """Return a rollout as JSON has it."""
    return {**asdict(replace(rollout, units={})), "units": [asdict(unit) for unit in rollout.units.values()]}


def load(value: Mapping[str, object]) -> Rollout:
    """Return the rollout that `dump` has made a value of."""
    given = dict(value)
    found: list[Json] = given.pop("units")  # type: ignore[assignment]
    plan: dict[str, int] = given.pop("plan")  # type: ignore[assignment]
    units = [Unit(**{**one, "state": Is(str(one["state"]))}) for one in found]  # type: ignore[arg-type]
    stand = Stand(str(given.pop("stand")))
    return Rollout(plan=Plan(**plan), units={one.device: one for one in units}, stand=stand, **given)  # type: ignore[arg-type]


def read(session: Session, row: Row, device: str = "") -> Rollout:
    """Return a rollout with its devices, or with one of them only."""
    columns = [getattr(RolloutUnit, name) for name in FIELDS]
    query = select(*columns).where(RolloutUnit.rollout == row.id).order_by(col(RolloutUnit.device))
    if device:
        query = query.where(RolloutUnit.device == device)
    units = [dict(zip(FIELDS, values, strict=True)) for values in session.exec(query)]
    value = {"rel": row.rel, "size": row.size, "plan": row.plan, "moment": row.moment, "stand": row.state}
    return load({**value, "why": row.why, "units": units})


def write(session: Session, row: Row, before: Rollout | None, after: Rollout) -> None:
    """Write what has changed of a rollout."""
    row.state, row.why, row.moment = after.stand.value, after.why, after.moment
    session.add(row)
    session.flush()
    for device, unit in after.units.items():
        if before is None or before.units.get(device) != unit:
            session.merge(RolloutUnit(rollout=row.id or 0, **{**asdict(unit), "state": unit.state.value}))
    session.flush()


def matters(before: Rollout, after: Rollout) -> bool:
    """Whether more has changed than a few seconds on clocks."""
    if after.stand != before.stand or after.moment - before.moment >= KEEP_MS or after.moment < before.moment:
        return True
    return any(
        replace(unit, spent=0) != replace(before.units[device], spent=0)
        for device, unit in after.units.items()
        if unit is not before.units[device]
    )


def alive(session: Session) -> list[Row]:
    """Return the rollouts in which something can still happen, the first first."""
    flying = select(RolloutUnit.rollout).where(col(RolloutUnit.state).in_([state.value for state in IN_FLIGHT]))
    query = select(Row).where(col(Row.state).in_(OPEN) | col(Row.id).in_(flying)).order_by(col(Row.id))
    return list(session.exec(query))


def traffic(session: Session) -> dict[str, Spent]:
    """Return what sites were ordered to fetch on their last day with any."""
    return {one.site: Spent(one.day, one.bytes) for one in session.exec(select(Traffic))}


def add_traffic(session: Session, changed: Mapping[str, Spent]) -> None:
    """Keep what sites were ordered to fetch."""
    for site, spent in changed.items():
        session.merge(Traffic(site=site, day=spent.day, bytes=spent.bytes))

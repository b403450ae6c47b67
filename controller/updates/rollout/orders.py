"""What people ask of rollouts: to plan and begin one, to pause, resume, cancel and retry it. Within a transaction."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Literal, NamedTuple

from sqlmodel import Session, col, select

from controller.accounts.service import audit
from controller.fleet.models import Site
from controller.fleet.service import FleetError
from controller.ingest.models import Alarm
from controller.updates.models import Release, RolloutUnit
from controller.updates.models import Rollout as Row
from controller.updates.release.shelf import release_of
from controller.updates.rollout import machine, plan
from controller.updates.rollout.plan import PlanError, Ring
from controller.updates.rollout.seeing import Listen, targets
from controller.updates.rollout.table import OPEN, read, write
from controller.updates.rollout.units import IN_FLIGHT, Is, Plan, Rollout, Stand
from controller.web.i18n import N_

ALARM = "rollout"  # of one that has stopped by itself

Action = Literal["pause", "resume", "cancel", "retry"]
FROM: dict[Action, tuple[Stand, ...]] = {
    "pause": (Stand.RUNNING,),
    "resume": (Stand.PAUSED, Stand.STOPPED),
    "cancel": (Stand.RUNNING, Stand.PAUSED, Stand.STOPPED),
    "retry": (Stand.RUNNING, Stand.PAUSED, Stand.STOPPED, Stand.DONE),
}


class Asked(NamedTuple):
    """A rollout as it is asked for. `sites` is None for all."""

    rel: str
    sites: Sequence[str] | None
    rings: Sequence[Ring]
    plan: Plan
    note: str


def draw(session: Session, listen: Listen, asked: Asked, now: int) -> tuple[Release, Rollout]:
    """Return the rollout that would be made. Raises FleetError, PlanError."""
    release = release_of(session, asked.rel)
    plan.check(asked.plan, release.size)
    known = set(session.exec(select(Site.id)))
    sites = known if asked.sites is None else set(asked.sites)
    if not sites <= known:
        raise PlanError(N_("There is no such site"))
    found = targets(session, listen, sites, release.rel, now)
    of_site = plan.rings({one.site for one in found}, asked.rings, asked.rel)
    units = plan.units(found, of_site, release.rel, release.roles.split(), asked.plan)
    return release, Rollout(release.rel, release.size, asked.plan, now, units)


def begin(session: Session, listen: Listen, asked: Asked, who: str, now: int) -> tuple[Row, Rollout]:
    """Begin a rollout. Raises FleetError, PlanError."""
    _alone(session)
    release, rollout = draw(session, listen, asked, now)
    if all(unit.state is Is.SKIPPED for unit in rollout.units.values()):
        raise PlanError(N_("No device needs this release"))
    row = Row(
        rel=release.rel, fw=release.fw, sha256=release.sha256, size=release.size, plan=dict(asdict(asked.plan)),
        note=asked.note, state="", moment=now, who=who, at=now,
    )  # fmt: skip
    write(session, row, None, rollout)
    after = {"rel": release.rel, "fw": release.fw, "sites": len({unit.site for unit in rollout.units.values()})}
    audit(session, who, "rollout.add", str(row.id), None, {**after, **row.plan, "note": asked.note})
    return row, rollout


def act(session: Session, id_: int, action: Action, who: str, now: int) -> tuple[Row, Rollout]:
    """Carry out what somebody asks of a rollout. Raises FleetError."""
    row = rollout_of(session, id_)
    before = read(session, row)
    if before.stand not in FROM[action]:
        raise FleetError(REFUSED[action])
    if before.stand is Stand.DONE:
        _alone(session)
        release_of(session, row.rel)
    change: dict[Action, Callable[[], Rollout]] = {
        "pause": lambda: machine.pause(before),
        "resume": lambda: machine.resume(before, now),
        "cancel": lambda: machine.cancel(before),
        "retry": lambda: machine.retry(before, now),
    }
    after = change[action]()
    row.ended = now if after.stand is Stand.CANCELLED else 0
    write(session, row, before, after)
    close_alarm(session, now)
    audit(session, who, f"rollout.{action}", str(id_), {"state": before.stand.value}, {"state": after.stand.value})
    return row, after


REFUSED: dict[Action, str] = {
    "pause": N_("Only a rollout that runs can be paused"),
    "resume": N_("Only a rollout that is paused or has stopped can go on"),
    "cancel": N_("The rollout has ended already"),
    "retry": N_("A rollout that was cancelled cannot go on: begin another"),
}


def rollout_of(session: Session, id_: int) -> Row:
    """Return a rollout's row. Raises FleetError."""
    row = session.get(Row, id_)
    if row is None:
        raise FleetError("There is no such rollout", missing=True)
    return row


def close_alarm(session: Session, now: int) -> None:
    """Somebody has seen to a rollout that had stopped."""
    for alarm in session.exec(select(Alarm).where(Alarm.kind == ALARM, Alarm.until == 0)).all():
        alarm.until = now
        session.add(alarm)


def settle_elsewhere(session: Session, id_: int, devices: Sequence[str]) -> None:
    """Devices that have an order of one rollout are settled in those before."""
    query = select(RolloutUnit).where(
        col(RolloutUnit.device).in_(devices),
        RolloutUnit.rollout != id_,
        col(RolloutUnit.state).in_([state.value for state in IN_FLIGHT]),
    )
    for unit in session.exec(query).all():
        row = rollout_of(session, unit.rollout)
        before = read(session, row)
        write(session, row, before, machine.left(before, unit.device))


def _alone(session: Session) -> None:
    if session.exec(select(Row.id).where(col(Row.state).in_(OPEN)).limit(1)).first() is not None:
        raise FleetError("Another rollout has not ended: cancel it first")

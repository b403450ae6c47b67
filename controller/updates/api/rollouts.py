"""HTTP of rollouts."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import Session, col, select

from controller.accounts.deps import FleetAdmin
from controller.accounts.service import Who
from controller.ingest.alarms import now_ms
from controller.parts import Parts, PartsDep
from controller.updates.models import Rollout as Row
from controller.updates.rollout import orders
from controller.updates.rollout.orders import Action
from controller.updates.rollout.table import read
from controller.updates.schemas import RolloutCreate, RolloutPath, RolloutPublic, RolloutWhole, shown

router = APIRouter()


@router.post("/rollouts", status_code=201)
def add_rollout(
    body: RolloutCreate,
    who: FleetAdmin,
    response: Response,
    parts: PartsDep,
    dry: Annotated[int, Query(ge=0, le=1, description="1: only show what would be done")] = 0,
) -> RolloutWhole:
    """Begin a rollout, or with `dry=1` show which devices it would go to in which ring, and whom it leaves out."""
    asked, now, listen = body.asked(), now_ms(), parts.updates.conductor.listen
    if dry:
        response.status_code = 200
        with parts.db.read() as session:
            release, rollout = orders.draw(session, listen, asked, now)
            row = Row(
                rel=release.rel, fw=release.fw, sha256=release.sha256, size=release.size, plan={}, note=asked.note,
                state="", moment=now, who=who.name, at=now,
            )  # fmt: skip
            return shown(row, rollout)
    made = parts.db.write(lambda session: shown(*orders.begin(session, listen, asked, who.name, now)))
    parts.updates.conductor.wake()
    return made


@router.get("/rollouts")
def rollouts(
    who: FleetAdmin,
    parts: PartsDep,
    before: Annotated[int, Query(ge=1, lt=2**31)] = 2**31 - 1,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> list[RolloutPublic]:
    """Return rollouts with an id below `before`, the newest first."""
    query = select(Row).where(col(Row.id) < before).order_by(col(Row.id).desc()).limit(limit)
    with parts.db.read() as session:
        return [
            RolloutPublic.model_validate(shown(row, read(session, row)).model_dump())
            for row in session.exec(query).all()
        ]


@router.get("/rollouts/{id}")
def rollout(id: RolloutPath, who: FleetAdmin, parts: PartsDep) -> RolloutWhole:
    """Return a rollout and where each of its devices stands."""
    with parts.db.read() as session:
        row = orders.rollout_of(session, id)
        return shown(row, read(session, row))


@router.post("/rollouts/{id}/pause")
def pause(id: RolloutPath, who: FleetAdmin, parts: PartsDep) -> RolloutWhole:
    """Give no more orders; what was ordered goes on."""
    return _act(parts, id, "pause", who)


@router.post("/rollouts/{id}/resume")
def resume(id: RolloutPath, who: FleetAdmin, parts: PartsDep) -> RolloutWhole:
    """Go on. Where it had stopped by itself, the failures until then do not count any more."""
    return _act(parts, id, "resume", who)


@router.post("/rollouts/{id}/cancel")
def cancel(id: RolloutPath, who: FleetAdmin, parts: PartsDep) -> RolloutWhole:
    """End it: no more orders, and those that are not on trial are taken back. What runs the release stays."""
    return _act(parts, id, "cancel", who)


@router.post("/rollouts/{id}/retry")
def retry(id: RolloutPath, who: FleetAdmin, parts: PartsDep) -> RolloutWhole:
    """Go on, with the devices that have failed tried again."""
    return _act(parts, id, "retry", who)


def _act(parts: Parts, id_: int, action: Action, who: Who) -> RolloutWhole:
    def fn(session: Session) -> RolloutWhole:
        return shown(*orders.act(session, id_, action, who.name, now_ms()))

    made = parts.db.write(fn)
    parts.updates.conductor.wake()
    return made

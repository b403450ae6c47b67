"""HTTP of rollouts."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import col, select

from controller.accounts.deps import FleetAdmin
from controller.parts import PartsDep
from controller.updates.models import Rollout as Row
from controller.updates.rollout import orders
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
    if dry:
        response.status_code = 200
        return parts.updates.preview(body, who.name)
    return parts.updates.begin(body, who.name)


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
    return parts.updates.act(id, "pause", who.name)


@router.post("/rollouts/{id}/resume")
def resume(id: RolloutPath, who: FleetAdmin, parts: PartsDep) -> RolloutWhole:
    """Go on. Where it had stopped by itself, the failures until then do not count any more."""
    return parts.updates.act(id, "resume", who.name)


@router.post("/rollouts/{id}/cancel")
def cancel(id: RolloutPath, who: FleetAdmin, parts: PartsDep) -> RolloutWhole:
    """End it: no more orders, and those that are not on trial are taken back. What runs the release stays."""
    return parts.updates.act(id, "cancel", who.name)


@router.post("/rollouts/{id}/retry")
def retry(id: RolloutPath, who: FleetAdmin, parts: PartsDep) -> RolloutWhole:
    """Go on, with the devices that have failed tried again."""
    return parts.updates.act(id, "retry", who.name)

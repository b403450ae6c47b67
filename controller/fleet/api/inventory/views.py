"""HTTP of views: lists of devices as people keep them."""

from typing import Annotated

from fastapi import APIRouter, Path
from sqlmodel import Session

from controller.accounts.deps import Viewer
from controller.accounts.service import Who
from controller.fleet.inventory import views
from controller.fleet.inventory.models import View
from controller.fleet.inventory.schemas import ViewBase, ViewPublic
from controller.parts import PartsDep
from controller.web.problems import Problem

router = APIRouter()

ViewPath = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]


@router.get("/views")
def theirs(who: Viewer, parts: PartsDep) -> list[ViewPublic]:
    """Return your own views and those that others share."""
    with parts.db.read() as session:
        return [shown(one) for one in views.theirs(session, who)]


@router.post("/views", status_code=201)
def add(body: ViewBase, who: Viewer, parts: PartsDep) -> ViewPublic:
    """Keep a view. To share one takes a technician."""
    _may_share(who, body)
    return parts.db.write(lambda session: shown(views.add(session, who, body)))


@router.put("/views/{id}")
def change(id: ViewPath, body: ViewBase, who: Viewer, parts: PartsDep) -> ViewPublic:
    """Keep another view in the place of one of yours."""
    _may_share(who, body)
    return parts.db.write(lambda session: shown(views.change(session, who, id, body)))


@router.delete("/views/{id}", status_code=204)
def remove(id: ViewPath, who: Viewer, parts: PartsDep) -> None:
    """Remove a view of yours; an admin of the whole fleet also removes one that somebody shares."""

    def fn(session: Session) -> None:
        views.remove(session, who, id)

    parts.db.write(fn)


def shown(view: View) -> ViewPublic:
    """Return a view as others see it."""
    return ViewPublic.model_validate(view.model_dump())


def _may_share(who: Who, body: ViewBase) -> None:
    if body.shared and not who.may("technician"):
        raise Problem(403, "To share a view takes a technician")

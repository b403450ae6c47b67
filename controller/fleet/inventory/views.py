"""Views: lists of devices as people keep them, for themselves or for all."""

import secrets

from sqlmodel import Session, col, func, or_, select

from controller.accounts.service import Who, audit
from controller.fleet.inventory.models import View
from controller.fleet.inventory.schemas import ViewBase
from controller.fleet.search.order import order
from controller.fleet.search.parse import parse
from controller.fleet.service import FleetError

MOST = 50  # of one account


def theirs(session: Session, who: Who) -> list[View]:
    """Return somebody's own views, and those that others share."""
    query = select(View).where(or_(View.owner == who.person, col(View.shared)))
    return list(session.exec(query.order_by(col(View.name), col(View.owner))))


def add(session: Session, who: Who, body: ViewBase) -> View:
    """Keep a view. Raises FleetError, and FilterError where its filter or its order is none."""
    _check(body)
    if session.exec(select(func.count()).where(View.owner == who.person)).one() >= MOST:
        raise FleetError("An account has at most 50 views: remove one first")
    _free(session, who.person, body.name)
    made = View(id=secrets.token_hex(8), owner=who.person, **body.model_dump())
    session.add(made)
    audit(session, who.name, "view.add", f"{made.owner}/{made.name}", None, body.model_dump())
    return made


def change(session: Session, who: Who, id_: str, body: ViewBase) -> View:
    """Keep another view in the place of one's own. Raises as `add` does."""
    _check(body)
    found = _own(session, who, id_)
    if found.name != body.name:
        _free(session, who.person, body.name)
    before = _shown(found)
    for name, value in body.model_dump().items():
        setattr(found, name, value)
    session.add(found)
    audit(session, who.name, "view.change", f"{found.owner}/{found.name}", before, body.model_dump())
    return found


def remove(session: Session, who: Who, id_: str) -> None:
    """Remove one's own view; an admin of the whole fleet also one that somebody shares. Raises FleetError."""
    found = session.get(View, id_)
    if found is None or not (found.shared and who.everywhere and who.may("admin")):
        found = _own(session, who, id_)
    session.delete(found)
    audit(session, who.name, "view.remove", f"{found.owner}/{found.name}", _shown(found))


def _check(body: ViewBase) -> None:
    parse(body.filter)
    order(body.sort, sqlite=True)


def _own(session: Session, who: Who, id_: str) -> View:
    found = session.get(View, id_)
    if found is None or found.owner != who.person:
        raise FleetError("There is no such view of yours", missing=True)
    return found


def _free(session: Session, owner: str, name: str) -> None:
    if session.exec(select(View.id).where(View.owner == owner, View.name == name)).first() is not None:
        raise FleetError("You have a view of this name already")


def _shown(view: View) -> dict[str, object]:
    return ViewBase.model_validate(view.model_dump(exclude={"id", "owner"})).model_dump()

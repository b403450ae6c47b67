"""HTTP of what is one's own: sessions and the second factor."""

import hashlib
import io
from typing import Annotated

import segno
from fastapi import APIRouter, Path, Request
from sqlmodel import Session, col, select

from controller.accounts import factor, service
from controller.accounts.deps import COOKIE, FleetAdmin, WhoDep, attempt, change
from controller.accounts.desk import people
from controller.accounts.models import SignIn
from controller.accounts.schemas import (
    CodeGiven,
    FactorMade,
    FactorPublic,
    Password,
    RecoveryCodes,
    SessionListed,
)
from controller.accounts.service import Who
from controller.parts import Parts, PartsDep
from controller.web.problems import ANSWERS, Problem

router = APIRouter(tags=["accounts"], responses=ANSWERS)
SHOWN = 16  # hex digits of what names a session


@router.get("/sessions")
def sessions(request: Request, who: WhoDep, parts: PartsDep) -> list[SessionListed]:
    """Return your sessions, the one used last first."""
    here = service.hashed(request.cookies.get(COOKIE, ""))
    with parts.db.read() as session:
        found = session.exec(select(SignIn).where(SignIn.user == who.person).order_by(col(SignIn.seen).desc()))
        return [
            SessionListed(id=_name(one), agent=one.agent, created=one.created, seen=one.seen, here=one.id == here)
            for one in found
        ]


@router.delete("/sessions/{id}", status_code=204)
def end_session(id: Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")], who: WhoDep, parts: PartsDep) -> None:
    """End a session of yours."""

    def fn(session: Session) -> bool:
        found = [one for one in session.exec(select(SignIn).where(SignIn.user == who.person)) if _name(one) == id]
        for one in found:
            session.delete(one)
            service.audit(session, who.name, "session.end", who.person)
        return bool(found)

    if not parts.db.write(fn):
        raise Problem(404, "There is no such session")


@router.get("/session/factor")
def second_factor(who: WhoDep, parts: PartsDep) -> FactorPublic:
    """Return whether you are asked for a code."""
    with parts.db.read() as session:
        return FactorPublic(on=factor.is_on(session, who.person), codes=factor.left(session, who.person))


@router.post("/session/factor", status_code=201)
def begin(body: Password, request: Request, who: WhoDep, parts: PartsDep) -> FactorMade:
    """Make a secret for an authenticator app. No code is asked for before the first one is confirmed."""
    _prove(parts, request, who, body.password)
    secret, uri = change(parts, lambda session: factor.begin(session, parts.vault, who.name))
    return FactorMade(secret=secret, uri=uri, qr=_drawn(uri))


@router.put("/session/factor")
def confirm(body: CodeGiven, request: Request, who: WhoDep, parts: PartsDep) -> RecoveryCodes:
    """Turn the second factor on with a first code; your other sessions end."""
    _cookie_only(who)
    here = service.hashed(request.cookies.get(COOKIE, ""))

    def fn(session: Session) -> list[str]:
        codes = factor.confirm(session, parts.vault, who.name, body.code)
        service.end_sessions(session, who.name, but=here)
        service.audit(session, who.name, "factor.on", who.name)
        return codes

    return RecoveryCodes(codes=change(parts, fn))


@router.post("/session/factor/removal", status_code=204)
def remove(body: Password, request: Request, who: WhoDep, parts: PartsDep) -> None:
    """Take your second factor away."""
    _prove(parts, request, who, body.password)

    def fn(session: Session) -> None:
        factor.remove(session, who.name)
        service.audit(session, who.name, "factor.off", who.name)

    change(parts, fn)


@router.delete("/users/{name}/factor", status_code=204)
def remove_of(name: str, who: FleetAdmin, parts: PartsDep) -> None:
    """Take the second factor of somebody who has lost it away; their sessions end."""
    change(parts, lambda session: people.remove_factor(session, name, who))


def _name(one: SignIn) -> str:
    """Return what names a session to its owner: nothing of the hash that the cookie is found by."""
    return hashlib.sha256(f"shown {one.id}".encode()).hexdigest()[:SHOWN]


def _cookie_only(who: Who) -> None:
    if not who.csrf:
        raise Problem(403, "A token cannot do this: sign in")


def _prove(parts: Parts, request: Request, who: Who, password: str) -> None:
    """Have the password typed once more: a session that was left open must not be enough. Raises Problem."""
    _cookie_only(who)
    succeeded = attempt(request, who.name)
    with parts.db.read() as session:
        if service.check_password(session, who.name, password) is None:
            raise Problem(422, "The password is wrong")
    succeeded()


def _drawn(uri: str) -> str:
    """Return a QR code as SVG."""
    made = io.BytesIO()
    segno.make(uri, micro=False).save(made, kind="svg", scale=4, xmldecl=False)
    return made.getvalue().decode()

"""HTTP of accounts: sessions, users, tokens, the audit log."""

import logging
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from controller.accounts import factor, service
from controller.accounts.deps import COOKIE, FleetAdmin, WhoDep, attempt, change
from controller.accounts.desk import log as log_of
from controller.accounts.desk import people
from controller.accounts.desk import tokens as tokens_of
from controller.accounts.models import SignIn
from controller.accounts.schemas import (
    AuditPublic,
    Credentials,
    SessionPublic,
    TokenCreate,
    TokenMade,
    TokenPublic,
    UserCreate,
    UserPublic,
)
from controller.parts import PartsDep
from controller.web.problems import ANSWERS, Problem

router = APIRouter(tags=["accounts"], responses=ANSWERS)
log = logging.getLogger(__name__)

FACTOR = {"X-Factor": "code"}  # beside a 401: the password was right


@router.post("/session")
def sign_in(body: Credentials, request: Request, response: Response, parts: PartsDep) -> SessionPublic:
    """Open a session. After five failures each further attempt must wait longer (429, `Retry-After`)."""
    address = request.client.host if request.client else ""
    succeeded = attempt(request, body.name)
    with parts.db.read() as session:
        user = service.check_password(session, body.name, body.password)
        if user is not None:
            session.expunge(user)
    if user is None:
        log.warning("a sign-in from %s failed", address)  # not the name: people type passwords there
        raise Problem(401, "The name or the password is wrong")
    found, agent = user, request.headers.get("user-agent", "")

    def fn(session: Session) -> tuple[str, str] | None:
        if factor.is_on(session, found.name) and not factor.check(session, parts.vault, found.name, body.code):
            return None
        return service.open_session(session, found, agent)

    opened = parts.db.write(fn)
    if opened is None:
        if body.code:
            log.warning("a sign-in from %s failed at the second factor", address)
            raise Problem(401, "The code is wrong, or was used: wait for the next one", FACTOR)
        raise Problem(401, "This account has a second factor: type its code too", FACTOR)
    succeeded()
    token, csrf = opened
    response.set_cookie(
        COOKIE, token, httponly=True, samesite="lax", secure=request.url.scheme == "https", max_age=30 * 86_400
    )
    return SessionPublic(name=user.name, role=user.role, csrf=csrf, sites=user.sites.split())


@router.get("/session")
def session_now(who: WhoDep) -> SessionPublic:
    """Return who is signed in."""
    return SessionPublic(name=who.name, role=who.role, csrf=who.csrf, sites=list(who.scope))


@router.delete("/session", status_code=204)
def sign_out(request: Request, response: Response, who: WhoDep, parts: PartsDep) -> None:
    """End the session."""
    token = request.cookies.get(COOKIE, "")

    def fn(session: Session) -> None:
        found = session.get(SignIn, service.hashed(token))
        if found is not None:
            session.delete(found)

    parts.db.write(fn)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=request.url.scheme == "https")


@router.get("/users")
def users(who: FleetAdmin, parts: PartsDep) -> list[UserPublic]:
    """Return all accounts."""
    with parts.db.read() as session:
        return people.listed(session)


@router.post("/users", status_code=201)
def add_user(body: UserCreate, who: FleetAdmin, parts: PartsDep) -> UserPublic:
    """Make an account."""
    return change(parts, lambda session: people.add(session, body, who))


@router.delete("/users/{name}", status_code=204)
def remove_user(name: str, who: FleetAdmin, parts: PartsDep) -> None:
    """Remove an account, with its sessions and tokens."""
    change(parts, lambda session: people.remove(session, name, who))


@router.get("/tokens")
def tokens(who: WhoDep, parts: PartsDep) -> list[TokenPublic]:
    """Return your tokens; an admin of the whole fleet sees everybody's."""
    with parts.db.read() as session:
        return tokens_of.listed(session, who)


@router.post("/tokens", status_code=201)
def add_token(body: TokenCreate, who: WhoDep, parts: PartsDep) -> TokenMade:
    """Make a token for a program; it can do no more than its maker."""
    return change(parts, lambda session: tokens_of.add(session, body, who))


@router.delete("/tokens/{user}/{name}", status_code=204)
def remove_token(user: str, name: str, who: WhoDep, parts: PartsDep) -> None:
    """End a token of yours; an admin of the whole fleet ends anybody's."""
    change(parts, lambda session: tokens_of.remove(session, user, name, who))


@router.get("/audit")
def audit_log(
    who: FleetAdmin,
    parts: PartsDep,
    after: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[AuditPublic]:
    """Return changes with an id above `after`, in their order."""
    with parts.db.read() as session:
        return log_of.after(session, after, limit)

"""HTTP of accounts: sessions, users, tokens, the audit log."""

import logging
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session, col, select

from controller.accounts import factor, service
from controller.accounts.deps import COOKIE, FleetAdmin, WhoDep, attempt, change
from controller.accounts.models import ApiToken, AuditEntry, SignIn, User
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
        found = session.exec(select(User).order_by(col(User.name))).all()
        return [UserPublic(name=user.name, role=user.role, sites=user.sites.split()) for user in found]


@router.post("/users", status_code=201)
def add_user(body: UserCreate, who: FleetAdmin, parts: PartsDep) -> UserPublic:
    """Make an account."""

    def fn(session: Session) -> None:
        service.add_user(session, body.name, body.role, body.password, " ".join(body.sites))
        service.audit(session, who.name, "user.add", body.name, None, {"role": body.role, "sites": body.sites})

    change(parts, fn)
    return UserPublic(name=body.name, role=body.role, sites=body.sites)


@router.delete("/users/{name}", status_code=204)
def remove_user(name: str, who: FleetAdmin, parts: PartsDep) -> None:
    """Remove an account, with its sessions and tokens."""

    def fn(session: Session) -> None:
        service.remove_user(session, name)
        service.audit(session, who.name, "user.remove", name)

    change(parts, fn)


@router.get("/tokens")
def tokens(who: WhoDep, parts: PartsDep) -> list[TokenPublic]:
    """Return your tokens; an admin of the whole fleet sees everybody's."""
    query = select(ApiToken).order_by(col(ApiToken.user), col(ApiToken.name))
    if not _all_tokens(who):
        query = query.where(ApiToken.user == who.person)
    with parts.db.read() as session:
        return [
            TokenPublic(user=one.user, name=one.name, role=one.role, sites=one.sites.split(), created=one.created)
            for one in session.exec(query)
        ]


@router.post("/tokens", status_code=201)
def add_token(body: TokenCreate, who: WhoDep, parts: PartsDep) -> TokenMade:
    """Make a token for a program; it can do no more than its maker."""
    if not who.csrf:
        raise Problem(403, "A token cannot make tokens: sign in")
    if not who.may(body.role):
        raise Problem(403, "Your account has no right to this")

    def fn(session: Session) -> str:
        made = service.add_token(session, who.name, body.name, body.role, body.sites)
        after = {"role": body.role, "sites": body.sites}
        service.audit(session, who.name, "token.add", f"{who.name}/{body.name}", None, after)
        return made

    return TokenMade(name=body.name, role=body.role, token=change(parts, fn))


@router.delete("/tokens/{user}/{name}", status_code=204)
def remove_token(user: str, name: str, who: WhoDep, parts: PartsDep) -> None:
    """End a token of yours; an admin of the whole fleet ends anybody's."""
    if who.person != user and not _all_tokens(who):
        raise Problem(404, "there is no such token")

    def fn(session: Session) -> None:
        service.remove_token(session, user, name)
        service.audit(session, who.name, "token.remove", f"{user}/{name}")

    change(parts, fn)


def _all_tokens(who: service.Who) -> bool:
    return who.may("admin") and who.everywhere


@router.get("/audit")
def audit_log(
    who: FleetAdmin,
    parts: PartsDep,
    after: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[AuditPublic]:
    """Return changes with an id above `after`, in their order."""
    with parts.db.read() as session:
        query = select(AuditEntry).where(col(AuditEntry.id) > after).order_by(col(AuditEntry.id)).limit(limit)
        return [AuditPublic.model_validate(row.model_dump()) for row in session.exec(query)]

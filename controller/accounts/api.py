"""HTTP of accounts: sessions, users, tokens, the audit log."""

import secrets
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select

from controller.accounts import service
from controller.accounts.deps import COOKIE, Admin, WhoDep
from controller.accounts.models import ApiToken, AuditEntry, SignIn, User
from controller.accounts.service import AccountError
from controller.ingest.alarms import now_ms
from controller.parts import PartsDep
from controller.web.problems import ANSWERS, Problem

router = APIRouter(tags=["accounts"], responses=ANSWERS)
delay = service.Delay()

Name = Annotated[str, Field(min_length=1, max_length=64)]
Secret = Annotated[str, Field(min_length=1, max_length=256, json_schema_extra={"format": "password"})]
Role = Annotated[str, Field(pattern=r"^(viewer|clerk|technician|admin)$")]
Sites = Annotated[list[Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]], Field(max_length=300)]


class Strict(BaseModel):
    """A body that has nothing but what is named."""

    model_config = ConfigDict(extra="forbid")


class Credentials(Strict):
    """A name and its password."""

    name: Name
    password: Secret


class SessionPublic(BaseModel):
    """Who is signed in; `csrf` goes into the header X-CSRF of every write."""

    name: str
    role: str
    csrf: str
    sites: list[str]


class UserCreate(Strict):
    """An account to be made."""

    name: Name
    role: Role
    password: Annotated[str, Field(min_length=service.SHORTEST, max_length=256)]
    sites: Sites = []


class UserPublic(BaseModel):
    """An account as others see it."""

    name: str
    role: str
    sites: list[str]


class TokenCreate(Strict):
    """A token to be made for a program, of at most the role of its maker."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    role: Role
    sites: Sites = []


class TokenPublic(BaseModel):
    """A token; shown only here."""

    name: str
    role: str
    token: str


class AuditPublic(BaseModel):
    """One change."""

    id: int
    at: int
    who: str
    what: str
    target: str
    before: str
    after: str


@router.post("/session")
def sign_in(body: Credentials, request: Request, response: Response, parts: PartsDep) -> SessionPublic:
    """Open a session. After five failures each further attempt must wait longer."""
    address = "from " + (request.client.host if request.client else "?")
    keys = ("name " + body.name, address)
    if (left := delay.left(*keys)) > 0:
        raise Problem(429, "Too many attempts: wait a little", {"Retry-After": str(int(left) + 1)})
    with parts.db.read() as session:
        user = service.check_password(session, body.name, body.password)
        if user is not None:
            session.expunge(user)
    if user is None:
        delay.failed(*keys)
        raise Problem(401, "The name or the password is wrong")
    delay.succeeded(keys[0])
    found = user
    token, csrf = parts.db.write(lambda session: service.open_session(session, found))
    response.set_cookie(
        COOKIE, token, httponly=True, samesite="lax", secure=request.url.scheme == "https", max_age=30 * 86_400
    )
    return SessionPublic(name=user.name, role=user.role, csrf=csrf, sites=user.sites.split())


@router.get("/session")
def session_now(who: WhoDep) -> SessionPublic:
    """Return who is signed in."""
    return SessionPublic(name=who.name, role=who.role, csrf=who.csrf, sites=sorted(who.sites))


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
def users(who: Admin, parts: PartsDep) -> list[UserPublic]:
    """Return all accounts."""
    with parts.db.read() as session:
        found = session.exec(select(User).order_by(col(User.name))).all()
        return [UserPublic(name=user.name, role=user.role, sites=user.sites.split()) for user in found]


@router.post("/users", status_code=201)
def add_user(body: UserCreate, who: Admin, parts: PartsDep) -> UserPublic:
    """Make an account."""

    def fn(session: Session) -> None:
        service.add_user(session, body.name, body.role, body.password, " ".join(body.sites))
        service.audit(session, who.name, "user.add", body.name, None, {"role": body.role, "sites": body.sites})

    _try(parts, fn)
    return UserPublic(name=body.name, role=body.role, sites=body.sites)


@router.delete("/users/{name}", status_code=204)
def remove_user(name: str, who: Admin, parts: PartsDep) -> None:
    """Remove an account, with its sessions and tokens."""

    def fn(session: Session) -> None:
        if session.get(User, name) is None:
            raise Problem(404, "There is no such account")
        service.remove_user(session, name)
        service.audit(session, who.name, "user.remove", name)

    _try(parts, fn)


@router.post("/tokens", status_code=201)
def add_token(body: TokenCreate, who: WhoDep, parts: PartsDep) -> TokenPublic:
    """Make a token for a program; it can do no more than its maker."""
    if not who.csrf:
        raise Problem(403, "A token cannot make tokens: sign in")
    if not who.may(body.role):
        raise Problem(403, "Your account has no right to this")
    token = secrets.token_urlsafe(32)
    row = ApiToken(
        id=service.hashed(token),
        name=body.name,
        user=who.name,
        role=body.role,
        sites=" ".join(body.sites),
        created=now_ms(),
    )

    def fn(session: Session) -> None:
        session.add(row)
        service.audit(session, who.name, "token.add", f"{who.name}/{body.name}", None, {"role": body.role})

    parts.db.write(fn)
    return TokenPublic(name=body.name, role=body.role, token=token)


@router.get("/audit")
def audit_log(
    who: Admin,
    parts: PartsDep,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[AuditPublic]:
    """Return changes with an id above `after`, in their order."""
    with parts.db.read() as session:
        query = select(AuditEntry).where(col(AuditEntry.id) > after).order_by(col(AuditEntry.id)).limit(limit)
        return [AuditPublic.model_validate(row.model_dump()) for row in session.exec(query)]


def _try(parts: PartsDep, fn: Callable[[Session], None]) -> None:
    try:
        parts.db.write(fn)
    except AccountError as error:
        raise Problem(409, str(error)) from None

"""Who asks: the dependencies with which routes say what they need."""

import hmac
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from sqlmodel import Session

from controller.accounts import service
from controller.accounts.delay import Delay
from controller.accounts.models import SignIn
from controller.accounts.service import AccountError, Who
from controller.ingest.alarms import now_ms
from controller.parts import Parts, PartsDep
from controller.web.problems import Problem

COOKIE = "balai_session"
CSRF = "X-CSRF"
T = TypeVar("T")
READING = ("GET", "HEAD", "OPTIONS")
WAYS = (  # to prove who one is, as the OpenAPI document shows them
    Security(APIKeyCookie(name=COOKIE, scheme_name="session", description="POST /session", auto_error=False)),
    Security(HTTPBearer(scheme_name="token", description="POST /tokens", auto_error=False)),
)


def somebody(request: Request, parts: PartsDep) -> Who:
    """Return who asks, by the bearer token or the session's cookie. Raises a 401 or, without the CSRF token, a 403."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme:
        with parts.db.read() as session:
            who = service.by_token(session, token.strip()) if scheme.lower() == "bearer" else None
        if who is None:
            raise Problem(401, "This token is not known", {"WWW-Authenticate": "Bearer"})
        return who
    cookie = request.cookies.get(COOKIE, "")
    with parts.db.read() as session:
        found = service.by_cookie(session, cookie) if cookie else None
    if found is None:
        raise Problem(401, "Sign in first", {"WWW-Authenticate": "Bearer"})
    who, stale = found
    if request.method not in READING and not hmac.compare_digest(
        request.headers.get(CSRF, "").encode(), who.csrf.encode()
    ):
        raise Problem(403, "The header X-CSRF is missing or wrong: reload the page")
    if stale:
        parts.db.submit(lambda session: seen(session, service.hashed(cookie)))
    return who


def _somebody(request: Request, parts: PartsDep, _cookie: object = WAYS[0], _token: object = WAYS[1]) -> Who:
    return somebody(request, parts)


def seen(session: Session, id_: str) -> None:
    """Write down that a session was used just now."""
    found = session.get(SignIn, id_)
    if found is not None:
        found.seen = now_ms()
        session.add(found)


WhoDep = Annotated[Who, Depends(_somebody)]


def attempt(request: Request, name: str) -> Callable[[], None]:
    """Begin an attempt to prove that one is `name`; return what to call when it has succeeded. Raises a 429."""
    address = request.client.host if request.client else ""
    delay = request.app.state.delay
    assert isinstance(delay, Delay)
    if (left := delay.attempt(name, address)) > 0:
        raise Problem(429, "Too many attempts: wait a little", {"Retry-After": str(int(left) + 1)})
    return lambda: delay.succeeded(name, address)


def change(parts: Parts, fn: Callable[[Session], T]) -> T:
    """Write in one transaction. Raises a Problem where the accounts cannot be so."""
    try:
        return parts.db.write(fn)
    except AccountError as error:
        raise Problem(error.status, str(error)) from None


def _at_least(role: str, everywhere: bool = False) -> object:
    def check(request: Request, who: WhoDep) -> Who:
        if not who.may(role, request.path_params.get("site")) or (everywhere and not who.everywhere):
            raise Problem(403, "Your account has no right to this")
        return who

    return Depends(check)


# At the site in the path, where there is one; routes that take a site elsewhere ask `who.may(role, site)` themselves.
Viewer = Annotated[Who, _at_least("viewer")]
Clerk = Annotated[Who, _at_least("clerk")]
Technician = Annotated[Who, _at_least("technician")]
Admin = Annotated[Who, _at_least("admin")]
FleetAdmin = Annotated[Who, _at_least("admin", everywhere=True)]  # of what belongs to no site

"""Who asks: the dependencies with which routes say what they need."""

import hmac
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session

from controller.accounts import service
from controller.accounts.models import SignIn
from controller.accounts.service import Who
from controller.ingest.alarms import now_ms
from controller.parts import PartsDep
from controller.web.problems import Problem

COOKIE = "balai_session"
CSRF = "X-CSRF"
READING = ("GET", "HEAD", "OPTIONS")


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
        parts.db.submit(lambda session: _seen(session, service.hashed(cookie)))
    return who


def _seen(session: Session, id_: str) -> None:
    found = session.get(SignIn, id_)
    if found is not None:
        found.seen = now_ms()
        session.add(found)


WhoDep = Annotated[Who, Depends(somebody)]


def _at_least(role: str) -> object:
    def check(request: Request, who: WhoDep) -> Who:
        if not who.may(role, request.path_params.get("site")):
            raise Problem(403, "Your account has no right to this")
        return who

    return Depends(check)


Viewer = Annotated[Who, _at_least("viewer")]
Clerk = Annotated[Who, _at_least("clerk")]
Technician = Annotated[Who, _at_least("technician")]
Admin = Annotated[Who, _at_least("admin")]

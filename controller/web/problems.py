"""Errors as problem documents (RFC 9457), the same for every route."""

import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from controller.broker.access import AccessError
from controller.db import Busy, DatabaseError, DiskFull
from controller.db import translate as translate_error
from controller.web.i18n import N_, language, translate

log = logging.getLogger(__name__)

MEDIA = "application/problem+json"
TITLES = {
    400: N_("The request makes no sense"),
    401: N_("Please sign in"),
    403: N_("You may not do this"),
    404: N_("There is no such thing"),
    405: N_("That cannot be done here"),
    409: N_("That contradicts what is there"),
    412: N_("Somebody else was quicker"),
    413: N_("The request is too large"),
    415: N_("Send JSON, and a bundle as application/octet-stream"),
    422: N_("Something in the request is wrong"),
    428: N_("Say which state you have seen: If-Match"),
    429: N_("Too many attempts: wait a little"),
    500: N_("Something went wrong here"),
    503: N_("Not possible at the moment: try again"),
    507: N_("The controller's disk is full: call an admin"),
}


class Problem(Exception):
    """Ends a request with a problem document; `detail` says what happened and what to do, and holds no secret."""

    def __init__(self, status: int, detail: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


def document(
    request: Request,
    status: int,
    detail: str = "",
    headers: dict[str, str] | None = None,
    more: Mapping[str, object] | None = None,
) -> JSONResponse:
    """Return the response for a problem, in the language that the client prefers; `more`: members of its own."""
    lang = language(request)
    body: dict[str, object] = {
        **(more or {}),
        "type": "about:blank",
        "title": translate(TITLES.get(status, N_("The request failed")), lang),
        "status": status,
        "detail": translate(detail, lang) if detail else "",
    }
    return JSONResponse(body, status, headers, MEDIA)


def install(app: FastAPI) -> None:
    """Have every error of `app` answered with a problem document."""

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> JSONResponse:
        return document(request, error.status, error.detail, error.headers)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers) if error.headers else None
        if error.status_code == 405:
            headers = {"Allow": ", ".join(sorted(_methods(request)))}
        return document(request, error.status_code, "", headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        found = error.errors()
        if all(one["loc"][0] == "path" for one in found):
            return document(request, 404)  # a name that nothing can have
        wrong = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in found]
        return document(request, 422, "; ".join(wrong[:10]))

    @app.exception_handler(DatabaseError)
    async def database(request: Request, error: DatabaseError) -> JSONResponse:
        if not isinstance(error, DiskFull | Busy):
            log.error("a write failed: %s", error)
        return document(request, 507 if isinstance(error, DiskFull) else 503)

    @app.exception_handler(AccessError)
    async def access(request: Request, error: AccessError) -> JSONResponse:
        log.warning("the broker's accounts: %s", error)
        return document(request, 503, N_("The broker cannot be told now; it will be when it is back"))

    @app.exception_handler(DBAPIError)
    async def driver(request: Request, error: DBAPIError) -> JSONResponse:
        reason = translate_error(error)  # of a look at the database; those of writes are translated already
        if isinstance(reason, DatabaseError):
            log.warning("the database could not be read: %s", reason)
            return document(request, 503)
        raise error


def _methods(request: Request) -> set[str]:
    """Return the methods that the path of a request knows."""
    path = request.scope["path"]
    found: dict[str, set[str]] = {}
    for route in iter_route_contexts(request.app.routes):
        if route.path and route.methods and compile_path(route.path)[0].match(path):
            found.setdefault(route.path, set()).update(route.methods)
    if not found:
        return {"GET", "HEAD"}  # a folder of files
    return found[min(found, key=lambda template: template.count("{"))]  # the name of a thing, not of any thing


ANSWERS: dict[int | str, dict[str, object]] = {
    status: {"description": TITLES[status], "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status in (400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 503, 507)
}

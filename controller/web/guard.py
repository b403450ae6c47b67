"""What every request and answer goes through: limits to the body, headers that tell browsers to be strict, and the last
place where a failure becomes an answer."""

import logging

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from controller.web.problems import document

log = logging.getLogger(__name__)

API = "/api/"
LARGEST = 1 << 20  # bytes of a request's body
JSON = "application/json"
KINDS = {"/api/v1/releases": "application/octet-stream"}  # of bodies that are no JSON, by path
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
YEAR_S = 31_536_000


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless its body is too large or not what the API reads."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False
        received = 0
        of_api = scope["path"].startswith(API)

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > LARGEST:
                raise HTTPException(413)
            return message

        async def strict(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                # A page's script is asked for again each time: after an upgrade it must not be older than the page.
                headers.setdefault("Cache-Control", "no-store" if of_api else "no-cache")
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", f"max-age={YEAR_S}")
            await send(message)

        if wrong := _refused(Headers(scope=scope), KINDS.get(scope["path"], JSON) if of_api else ""):
            await document(Request(scope), wrong)(scope, receive, strict)
            return
        try:
            await self.app(scope, limited, strict)
        except Exception as error:
            if started:
                raise
            log.error("%s %s failed", scope["method"], scope["path"], exc_info=error)
            await document(Request(scope), 500)(scope, receive, strict)


def _refused(headers: Headers, wanted: str) -> int:
    """Return the status with which a request is refused before its body is read, 0 for none.

    `wanted`: the media type that a body has to be of, "" for any.
    """
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length) > LARGEST:
        return 413
    has_body = length != "0" or "transfer-encoding" in headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return 415 if wanted and has_body and kind != wanted else 0

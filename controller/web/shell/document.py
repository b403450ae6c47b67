"""What a page of NiceGUI is sent with: the narrowest policy under which it works, and scripts that carry its nonce."""

import secrets

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from controller.web.templates import wrong

# NiceGUI evaluates what its own server sends it (props that are functions, JavaScript of handlers), and Vue and Quasar
# set styles at elements. Scripts in the page itself run by a nonce only; nothing at all comes from another host.
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
MARK = "x-nicegui-content"  # of an answer that is a page


class Documents:
    """ASGI middleware around NiceGUI: gives its pages their policy."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; its answer, where it is a page, is held until it is whole."""
        start: Message | None = None
        body = bytearray()

        async def held(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and MARK in MutableHeaders(raw=message["headers"]):
                start = message
            elif start is None:
                await send(message)
            else:
                body.extend(message.get("body", b""))

        await self.app(scope, receive, held)
        if start is None:
            return
        if start["status"] != 200:  # NiceGUI's page of an error belongs to no session: its socket would be refused
            await wrong(Request(scope), start["status"])(scope, receive, send)
        else:
            await _send(start, bytes(body), send)


async def _send(start: Message, body: bytes, send: Send) -> None:
    nonce = secrets.token_urlsafe(16)
    # What people have written stands in the page with its "<" escaped: whatever script is there is NiceGUI's or ours.
    body = body.replace(b"<script", f'<script nonce="{nonce}"'.encode())
    headers = MutableHeaders(raw=list(start["headers"]))
    headers["Content-Security-Policy"] = POLICY.format(nonce=nonce)
    headers["Content-Length"] = str(len(body))
    headers["Cache-Control"] = "no-store"
    await send({**start, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})

"""The staff pages as one part of the application: NiceGUI, begun when the first of them is asked for."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from controller.parts import Parts
from controller.web.shell.document import Documents
from controller.web.shell.page import Page, Panel

PAGES = "/fleet"
FILES = "/_nicegui/"
SOCKET = "/_nicegui_ws/"
PARTS = "balai.parts"  # in the scope of a request: the parts of the application that it came to
SMALLEST = 1024  # bytes of a file that is compressed


class Staff:
    """ASGI middleware: serves what belongs to the staff pages and passes everything else on.

    Args:
        app: what serves everything else.
        parts: of the application.
        pages: imports the features' pages and returns them.
        refusals: exceptions whose text is for the reader.
    """

    def __init__(
        self,
        app: ASGIApp,
        parts: Parts,
        pages: Callable[[], Sequence[Page | Panel]],
        refusals: tuple[type[Exception], ...] = (),
    ) -> None:
        self.app = app
        self._parts, self._pages, self._refusals = parts, pages, refusals
        self._begun: AsyncExitStack | None = None
        self._beginning = asyncio.Lock()
        self._nicegui: ASGIApp | None = None
        parts.closing.append(self.stop)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in ("http", "websocket") or not _ours(scope["path"]):
            await self.app(scope, receive, send)
            return
        if scope["path"].startswith(SOCKET) and not self._same_origin(scope):
            await PlainTextResponse("another site may not use this", 403)(scope, receive, send)
            return
        nicegui = self._nicegui or await self._begin()
        scope[PARTS] = self._parts
        await nicegui(scope, receive, send)

    async def stop(self) -> None:
        """End NiceGUI, where it was begun."""
        begun, self._begun, self._nicegui = self._begun, None, None
        if begun is not None:
            await begun.aclose()

    async def _begin(self) -> ASGIApp:
        async with self._beginning:
            if self._nicegui is None:
                from controller.web.shell import engine  # what costs a second and 30 MB, once

                self._begun = AsyncExitStack()
                inner = await asyncio.to_thread(lambda: engine.prepared(self._pages(), self._refusals))
                await self._begun.enter_async_context(engine.running(inner))
                documents = Documents(inner)
                files = GZipMiddleware(inner, minimum_size=SMALLEST)  # a page has secrets beside what others wrote

                async def nicegui(scope: Scope, receive: Receive, send: Send) -> None:
                    await (files if scope["path"].startswith(FILES) else documents)(scope, receive, send)

                self._nicegui = nicegui
        return self._nicegui

    def _same_origin(self, scope: Scope) -> bool:
        """Whether a page of ours asks. Browsers name the origin of every socket; who names none is no browser."""
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        own = {headers.get("host", "")}
        if public := self._parts.settings.public_url:
            own.add(urlsplit(public).netloc)  # a proxy may give us a name of its own
        return origin is None or urlsplit(origin).netloc in own


def _ours(path: str) -> bool:
    return path == PAGES or path.startswith((f"{PAGES}/", FILES, SOCKET))

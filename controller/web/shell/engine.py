"""NiceGUI, set up for the staff pages. There is one in a process: whoever uses it must have ended it before another."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache

os.environ["NICEGUI_STORAGE_PATH"] = os.devnull  # it would keep files where we were started

from fastapi import FastAPI
from nicegui import Client, core, ui
from nicegui.translations import translations as own_words

from controller.web.i18n import N_, translate
from controller.web.shell import socket
from controller.web.shell.frame import Frame
from controller.web.shell.page import Page, Panel

HEAD = """<link rel="stylesheet" href="/web/shell.css">
<script src="/web/shell.js"></script>"""
RECONNECT_S = 5.0  # for which a page that lost its socket may come back to what it was
HISTORY = 200  # messages that are sent again then
WORDS = {
    "connection_lost": N_("The connection is lost."),
    "trying_to_reconnect": N_("Trying again …"),
    "message_too_long": N_("This is too long"),
    "message_too_long_body": N_("This is too long to be sent."),
}


def prepared(pages: Sequence[Page | Panel], refusals: tuple[type[Exception], ...]) -> FastAPI:
    """Return the application that serves the pages, not yet begun. Blocks."""
    inner = _application()
    Frame.pages = tuple(one for one in pages if isinstance(one, Page))
    Frame.panels = tuple(one for one in pages if isinstance(one, Panel))
    Frame.refusals = refusals
    for page in Frame.pages:
        Frame.serve(page)
    return inner


@cache
def _application() -> FastAPI:
    inner = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    own_words["id"] = {name: translate(text, "id") for name, text in WORDS.items()}
    ui.run_with(
        inner,
        title="Balai",
        favicon="data:,",
        dark=None,
        binding_refresh_interval=None,
        reconnect_timeout=RECONNECT_S,
        message_history_length=HISTORY,
        gzip_middleware_factory=None,
        tailwind=False,
        show_welcome_message=False,
    )
    ui.add_head_html(HEAD, shared=True)
    socket.guard(core.sio)
    return inner


@asynccontextmanager
async def running(inner: FastAPI) -> AsyncIterator[None]:
    """Run it on this loop. Raises RuntimeError where another application of this process runs it."""
    if core.app.is_started:
        raise RuntimeError("the staff pages of another application are served by this process")
    async with inner.router.lifespan_context(inner):
        try:
            yield
        finally:
            for client in list(Client.instances.values()):
                client.delete()
            await core.sio.shutdown()
            core.sio.eio.service_task_event, core.sio.eio.start_service_task = None, True  # anew on the next loop
    core.loop = None

"""One open page: who looks at it, in which language, and how what it shows is read and what is pressed is done."""

import asyncio
import copy
import hmac
from collections.abc import Awaitable, Callable
from typing import ClassVar, TypeVar
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from nicegui import Client, ui
from nicegui.page import page as nicegui_page
from pydantic import ValidationError
from sqlmodel import Session

from controller.accounts import service
from controller.accounts.deps import COOKIE, seen
from controller.accounts.service import Who
from controller.db import DatabaseError
from controller.parts import Parts
from controller.web.i18n import N_, language, translate
from controller.web.problems import TITLES, Problem
from controller.web.shell import layout
from controller.web.shell.page import Page, Panel
from controller.web.shell.staff import PARTS
from controller.web.templates import wrong

T = TypeVar("T")
PATIENCE_S = 30.0  # for a page to be drawn, on a busy machine
LIVE_S = 1.0  # how often what is open looks for what has changed
QUASAR = {"id": "id", "en": "en-US"}


class Frame:
    """A page in one browser's tab, from its opening to its end.

    `who` is who looked at it at its last event; `path` and `query` what the address says. Builders draw into it while
    it is built; later, what they draw is drawn where the event came from.
    """

    pages: ClassVar[tuple[Page, ...]] = ()
    panels: ClassVar[tuple[Panel, ...]] = ()
    refusals: ClassVar[tuple[type[Exception], ...]] = ()
    _open: ClassVar[dict[str, "Frame"]] = {}

    def __init__(self, page: Page, request: Request, parts: Parts, who: Who, client: Client) -> None:
        self.page, self.parts, self.who, self.client = page, parts, who, client
        self.lang = language(request)
        self.path: dict[str, str] = dict(request.path_params)
        self.query: dict[str, str] = dict(request.query_params)
        self.address = request.url.path
        self.turn = asyncio.Lock()
        self._token = request.cookies.get(COOKIE, "")
        self._over = False
        self._open[client.id] = self
        client.on_delete(lambda: self._open.pop(client.id, None) and None)
        client.on_exception(self._failed)

    @classmethod
    def of(cls, client: str) -> "Frame | None":
        """Return the open page that NiceGUI knows by an id."""
        return cls._open.get(client)

    @classmethod
    def serve(cls, page: Page) -> None:
        """Have a page answer at its path."""

        async def opened(request: Request) -> Response | None:
            return await cls._opened(page, request)

        ui.page(page.path, title="Balai", response_timeout=PATIENCE_S)(opened)

    @classmethod
    async def _opened(cls, page: Page, request: Request) -> Response | None:
        parts = request.scope[PARTS]
        assert isinstance(parts, Parts)
        who = await asyncio.to_thread(_whose, parts, request.cookies.get(COOKIE, ""))
        if who is None:
            ui.context.client.delete()  # or who has no account could have as many kept as they ask for
            here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/signin?next={quote(here)}", 303)
        if not page.for_(who, request.path_params.get("site")):
            ui.context.client.delete()
            return wrong(request, 403)
        frame = cls(page, request, parts, who, ui.context.client)
        frame._dress(request)
        try:
            with layout.drawn(frame):
                await page.build(frame)
        except Problem as problem:
            frame.client.delete()
            return wrong(request, problem.status)
        return None

    def opened_with(self, token: str) -> bool:
        """Whether `token` is that of the session that has opened the page."""
        return hmac.compare_digest(token.encode(), self._token.encode())

    async def check(self) -> bool:
        """Look again whether the session stands and has a right to the page; where not, the page is over."""
        if self._over:
            return False
        who = await asyncio.to_thread(_whose, self.parts, self._token)
        if who is None:
            self._end(N_("Your session has ended"), N_("Sign in again"), f"/signin?next={quote(self.address)}")
        elif not self.page.for_(who, self.path.get("site")):
            self._end(N_("Your account has no right to this"), N_("Halls"), "/")
        else:
            self.who = who
            return True
        return False

    def say(self, text: str) -> str:
        """Return English `text` in the reader's language. Builders call it `_`, so that the catalogue finds it."""
        return translate(text, self.lang)

    def may(self, role: str, site: str | None = None) -> bool:
        """Whether the reader is at least a `role`, and for `site`."""
        return self.who.may(role, site)

    def need(self, role: str, site: str | None = None) -> None:
        """Raise a Problem unless the reader may. Whatever changes something asks this first, at each press."""
        if not self.who.may(role, site):
            raise Problem(403, "Your account has no right to this")

    async def read(self, fn: Callable[[Session], T]) -> T:
        """Return what `fn` reads from the database."""

        def read() -> T:
            with self.parts.db.read() as session:
                return fn(session)

        return await asyncio.to_thread(read)

    async def do(self, fn: Callable[[], T], done: str = "", role: str = "", site: str | None = None) -> T | None:
        """Run what changes something, which may block, and say that it is `done`; return None where it was refused,
        and say why. `role`, `site`: what the reader has to be, looked at before."""
        try:
            if role:
                self.need(role, site)
            result = await asyncio.to_thread(fn)
        except Problem as problem:
            self.refuse(problem.detail or TITLES[problem.status])
        except self.refusals as refusal:
            self.refuse(str(refusal))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            self.refuse(self.say("Please check what you typed") + f": {where} – {first['msg']}")
        except DatabaseError:
            self.refuse(TITLES[503])
        else:
            if done:
                self.told(done)
            return result
        return None

    def told(self, text: str) -> None:
        """Say in passing what was done."""
        with self.client:
            ui.notify(self.say(text), classes="notice good", icon="check", position="bottom", color="card")

    def refuse(self, text: str) -> None:
        """Say why something was not done."""
        with self.client:
            ui.notify(
                self.say(text),
                classes="notice bad",
                icon="error_outline",
                position="bottom",
                color="card",
                timeout=8000,
            )

    def live(self, fn: Callable[[], Awaitable[None]], every: float = LIVE_S) -> None:
        """Call `fn` again and again while the page is open and its reader has a right to it."""

        async def look() -> None:
            try:
                if await self.check():
                    await fn()
            except DatabaseError:
                return  # what is shown stays; the next look may see more

        ui.timer(every, look, immediate=False)

    async def hang(self) -> None:
        """Draw here what later features have hung on this page."""
        for panel in self.panels:
            if panel.path == self.page.path:
                await panel.build(self)

    def _failed(self, error: Exception) -> None:
        """Say that something went wrong; NiceGUI logs what it was."""
        problem = error.detail or TITLES[error.status] if isinstance(error, Problem) else TITLES[500]
        self.refuse(problem)

    def _dress(self, request: Request) -> None:
        """Give the page its language and its light. NiceGUI keeps both for all who open it: a copy has them for one."""
        own: nicegui_page = copy.copy(self.client.page)
        own.language = QUASAR[self.lang]  # type: ignore[assignment]
        own.dark = {"dark": True, "light": False}.get(request.cookies.get(layout.THEME, ""))
        self.client.page = own

    def _end(self, text: str, action: str, target: str) -> None:
        self._over = True
        self.client.content.clear()  # with its timers: nothing more is read either
        with self.client.content:
            layout.over(self.say(text), self.say(action), target)


def _whose(parts: Parts, token: str) -> Who | None:
    """Return whose session a cookie stands for, and write down that it is in use."""
    with parts.db.read() as session:
        found = service.by_cookie(session, token) if token else None
    if found is None:
        return None
    who, stale = found
    if stale:
        parts.db.submit(lambda session: seen(session, service.hashed(token)))
    return who

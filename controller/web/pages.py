"""The pages: those of a hall, the same that a kiosk serves, and the controller's own to find and open them."""

import importlib.resources
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlmodel import col, select

from controller.accounts import factor
from controller.accounts.deps import somebody
from controller.fleet.models import Site
from controller.parts import PartsDep
from controller.web.problems import Problem
from controller.web.templates import render

HALL = ("board", "console")
router = APIRouter(include_in_schema=False)


def install(app: FastAPI, voice: Path) -> None:
    """Serve the pages, what they are made of, and the clips with which a board speaks."""
    www = Path(str(importlib.resources.files("firmware"))) / "www"
    own = Path(str(importlib.resources.files("controller.web"))) / "www"
    app.mount("/www", StaticFiles(directory=www), name="www")
    app.mount("/web", StaticFiles(directory=own), name="web")
    app.mount("/voice", StaticFiles(directory=voice, check_dir=False), name="voice")
    for page in HALL:
        app.add_api_route(f"/{page}", _page(www / f"{page}.html"), methods=["GET"], include_in_schema=False)
    app.include_router(router)


def _page(path: Path) -> Callable[[], FileResponse]:
    def page() -> FileResponse:
        return FileResponse(path, headers={"Cache-Control": "no-cache"})

    return page


@router.get("/")
def halls(request: Request, parts: PartsDep) -> Response:
    """List the halls of whoever is signed in."""
    try:
        who = somebody(request, parts)
    except Problem:
        return RedirectResponse(f"/signin?next={quote('/')}", 303)
    with parts.db.read() as session:
        sites = [one for one in session.exec(select(Site).order_by(col(Site.name))) if who.may("viewer", one.id)]
    return render(request, "halls.html", who=who, sites=sites)


@router.get("/account")
def account(request: Request, parts: PartsDep) -> Response:
    """Show one's own account: sessions and the second factor."""
    try:
        who = somebody(request, parts)
    except Problem:
        return RedirectResponse(f"/signin?next={quote('/account')}", 303)
    with parts.db.read() as session:
        on, codes = factor.is_on(session, who.name), factor.left(session, who.name)
    return render(request, "account.html", who=who, on=on, codes=codes)


@router.get("/signin")
def signin(request: Request) -> Response:
    """Ask for name and password."""
    return render(request, "signin.html")

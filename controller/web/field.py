"""Pages for a phone in a hall: what a label's code opens, the swap of a device, what to do with a claim's link."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse, Response

from controller.accounts.deps import somebody
from controller.parts import PartsDep
from controller.web.problems import Problem
from controller.web.templates import render

router = APIRouter(include_in_schema=False)


@router.get("/d/{device}")
def label(device: Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")]) -> Response:
    """Open a device by its label: whoever scans one in a hall is about to change it."""
    return RedirectResponse(f"/swap?device={device}", 303)


@router.get("/swap")
def swap(request: Request, parts: PartsDep) -> Response:
    """Let a spare take the place of a dead device."""
    try:
        who = somebody(request, parts)
    except Problem:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/signin?next={quote(here, safe='')}", 303)
    return render(request, "swap.html", who=who, may=who.may("technician"))


@router.get("/claim")
def claim(request: Request) -> Response:
    """Say what to do with a link to a claim; the token in it stays in the browser."""
    return render(request, "claim.html")

"""HTTP of changes to many devices: shown first, then made."""

from fastapi import APIRouter, Request

from controller.accounts.deps import Technician
from controller.fleet.inventory import bulk
from controller.fleet.inventory.schemas import BulkCreate, BulkOf, PreviewCreate, PreviewPublic
from controller.ingest.alarms import now_ms
from controller.parts import PartsDep
from controller.web.i18n import language, translate

router = APIRouter()


@router.post("/devices/bulk/previews", status_code=201)
def preview(request: Request, body: PreviewCreate, who: Technician, parts: PartsDep) -> PreviewPublic:
    """Show what a change would do to each of several devices. Nothing is changed; what is shown can be made by its id
    for a quarter of an hour."""
    made = parts.db.write(lambda session: bulk.preview(session, who, body, now_ms()))
    lang = language(request)
    for one in made.targets:
        one.reason = translate(one.reason, lang)
    return made


@router.post("/devices/bulk", status_code=202)
def make(request: Request, body: BulkCreate, who: Technician, parts: PartsDep) -> list[BulkOf]:
    """Make a change that was shown to you, for the devices that it was shown for and no others; each is looked at once
    more. Asked again, it is the same change."""
    made = bulk.carry_out(parts.db, parts.link, who, body.preview)
    lang = language(request)
    for one in made:
        one.reason = translate(one.reason, lang)
    return made

"""HTTP of labels: a PDF to be printed and cut."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session, col, select

from controller.accounts.deps import Technician
from controller.accounts.service import Who
from controller.fleet import labels, service
from controller.fleet.labels import Label
from controller.fleet.models import Device, Position, Site
from controller.fleet.schemas import IdQuery, Mac
from controller.fleet.trust.models import Claim
from controller.ingest.alarms import now_ms
from controller.parts import PartsDep
from controller.web import links
from controller.web.i18n import N_, language, translate
from controller.web.problems import Problem

router = APIRouter()

MOST = 240  # devices, ten sheets
ROLES = {
    "kiosk": N_("Spare kiosk"),
    "display": N_("Spare display"),
    "counter": N_("Spare keypad"),
    "sensor": N_("Spare sensor"),
}

Standing = Device | Claim


@router.get("/labels", response_class=Response, responses={200: {"content": {"application/pdf": {}}}})
def sheet(
    request: Request,
    who: Technician,
    parts: PartsDep,
    site: IdQuery = None,
    device: Annotated[list[Mac], Query(max_length=MOST)] = [],  # noqa: B006 - FastAPI makes a new one each time
) -> Response:
    """Return labels of a site's devices, or of those that are named, spares too: A4, 3 x 8 labels of 70 x 36 mm.

    A request that names neither is a 422.
    """
    if site is None and not device:
        raise Problem(422, "Name a site or devices")
    with parts.db.read() as session:
        if site is not None:
            service.site_of(session, site)
        found = _found(session, who, site, device)
        made = [_label(session, one, links.device(request, parts, _id(one)), language(request)) for one in found]
    if not made:
        raise Problem(404, "No device stands at this site")
    name = site or "perangkat"
    headers = {"Content-Disposition": f'inline; filename="label-{name}.pdf"'}
    return Response(labels.sheets(made), media_type="application/pdf", headers=headers)


def _found(session: Session, who: Who, site: str | None, named: list[str]) -> list[Standing]:
    """Return devices by their place, and those that are claimed and not seen yet; no device twice."""
    if site is not None and not who.may("technician", site):
        raise Problem(403, "Your account has no right to this")
    claims = {one.device: one for one in session.exec(select(Claim).where(col(Claim.expires) > now_ms()))}
    devices = {one.id: one for one in session.exec(select(Device).where(col(Device.sealed) != ""))}
    everything: dict[str, Standing] = {**devices, **claims}  # a label is for where it is to stand
    if not named:
        return sorted((one for one in everything.values() if one.site == site), key=lambda one: one.position)[:MOST]
    found = [everything[name] for name in dict.fromkeys(named) if name in everything]
    theirs = all(not one.site or (who.may("technician", one.site) and site in (None, one.site)) for one in found)
    if len(found) < len(set(named)) or not theirs:
        raise Problem(404, "There is no such device")
    return found


def _label(session: Session, one: Standing, link: str, lang: str) -> Label:
    site, position = session.get(Site, one.site), session.get(Position, (one.site, one.position))
    title = position.name if position else translate(ROLES[one.role], lang)
    return Label(title, site.name if site else "", _id(one), link)


def _id(one: Standing) -> str:
    return one.device if isinstance(one, Claim) else one.id

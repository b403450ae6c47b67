"""HTTP of lists of devices, of their tags and of their figures over time."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlmodel import col, select

from controller.accounts.deps import Technician, Viewer
from controller.fleet.api.devices import may_see, shown_all
from controller.fleet.inventory import export, history, listing, tags
from controller.fleet.inventory.listing import Wanted
from controller.fleet.inventory.schemas import SamplePublic, Tags, TagUsed
from controller.fleet.models import Device
from controller.fleet.schemas import DevicePath, DevicePublic, IdQuery
from controller.fleet.search.order import SORTS
from controller.fleet.search.parse import LONGEST, parse
from controller.fleet.trust.models import Claim
from controller.ingest.alarms import now_ms
from controller.parts import PartsDep
from controller.web.i18n import language, translate
from controller.web.problems import Problem
from controller.web.sheet import Format, download

router = APIRouter()

HOUR_MS = 3_600_000
FilterQuery = Annotated[
    str, Query(max_length=LONGEST, description="in the filter language: `role:kiosk online:no seen>2h`")
]
SortQuery = Annotated[
    str,
    Query(pattern=r"^[a-z,-]{0,100}$", description=f"fields with commas between, `-` for falling: {', '.join(SORTS)}"),
]


def _wanted(
    filter: FilterQuery = "",
    sort: SortQuery = "",
    site: IdQuery = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int | None, Query(ge=1, le=1000, description="all where it is left out")] = None,
) -> Wanted:
    if site is not None:
        parse(filter)  # so that a place in it is told as it was given
        filter = f"site:{site} ({filter})" if filter.strip() else f"site:{site}"
    return Wanted(filter, sort, offset, limit)


WantedDep = Annotated[Wanted, Depends(_wanted)]


@router.get("/devices")
def devices(
    request: Request, response: Response, who: Viewer, parts: PartsDep, wanted: WantedDep
) -> list[DevicePublic]:
    """Return the devices that have been seen and that you may see; spares are the technicians'. `X-Total-Count`
    says how many fit in all, and `Link` where the next page is."""
    now = now_ms()
    with parts.db.read() as session:
        found, total = listing.page(session, who, wanted, now)
        shown = shown_all(session, found, who)
    response.headers["X-Total-Count"] = str(total)
    after = wanted.offset + len(found)
    if wanted.limit is not None and after < total:
        query = urlencode({**request.query_params, "offset": after})
        response.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    return shown


@router.get("/devices/export", response_class=StreamingResponse)
def exported(request: Request, who: Viewer, parts: PartsDep, wanted: WantedDep, format: Format = "csv") -> Response:
    """Return all devices that fit as a file: CSV (UTF-8 with a mark, semicolons) or XLSX."""
    now, lang = now_ms(), language(request)
    with parts.db.read() as session:
        found = export.rows(session, who, wanted, now)
        tagged = tags.of_all(session)
        claimed = set(session.exec(select(Claim.device).where(col(Claim.expires) > now)))
    head = [translate(one, lang) for one in export.COLUMNS]
    return download(format, "devices", head, export.cells(found, tagged, claimed))


@router.get("/tags")
def used(who: Viewer, parts: PartsDep) -> list[TagUsed]:
    """Return the tags of the devices that you may see."""
    with parts.db.read() as session:
        return [TagUsed(tag=tag, devices=count) for tag, count in tags.used(session, who, now_ms())]


@router.put("/devices/{device}/tags")
def tag(device: DevicePath, body: Tags, who: Technician, parts: PartsDep) -> Tags:
    """Give a device these tags and no others."""
    return Tags(tags=parts.db.write(lambda session: tags.put_theirs(session, who, device, body.tags)))


@router.get("/devices/{device}/history")
def figures(
    device: DevicePath,
    who: Viewer,
    parts: PartsDep,
    hours: Annotated[int, Query(ge=1, le=8784)] = 24,
) -> list[SamplePublic]:
    """Return a device's figures of the last hours, the worst of each ten minutes in which it said something."""
    with parts.db.read() as session:
        there = session.get(Device, device)
        if there is None or not may_see(who, there.site):
            raise Problem(404, "There is no such device")
        found = history.since(session, device, now_ms() - hours * HOUR_MS)
        return [SamplePublic(at=one.at, heap=one.heap, rssi=one.rssi, backlog=one.backlog) for one in found]

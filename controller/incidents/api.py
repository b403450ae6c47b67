"""HTTP of incidents and of how halls do."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import StreamingResponse
from sqlmodel import select

from controller.accounts.deps import Clerk, Technician, Viewer
from controller.fleet.models import Site
from controller.fleet.schemas import IdQuery, SitePath
from controller.incidents import service
from controller.incidents.models import Incident
from controller.incidents.schemas import (
    Acknowledgement,
    CommentCreate,
    IncidentPublic,
    IncidentsPublic,
    IncidentWhole,
    SiteHealth,
)
from controller.incidents.service import IncidentError
from controller.ingest.alarms import now_ms
from controller.parts import PartsDep
from controller.web.i18n import N_, language, translate
from controller.web.problems import ANSWERS, Problem
from controller.web.sheet import Format, download

router = APIRouter(tags=["incidents"], responses=ANSWERS)

HEARTBEAT_S = 15.0
EXPORTED = 100_000
COLUMNS = (
    *("Id", N_("Site"), N_("Position"), N_("Device"), N_("What it is"), N_("Urgent"), N_("Detail"), N_("Since")),
    *(N_("Until"), N_("Taken on"), N_("Looked after by")),
)
FOLLOWERS = 500  # streams at a time
LONGEST_S = 600.0  # then whoever follows asks again, and is looked at again: they may have lost their account
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]


class Events(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


@router.get("/incidents")
def incidents(
    request: Request,
    who: Viewer,
    parts: PartsDep,
    site: IdQuery = None,
    open: Annotated[bool | None, Query(description="true: those that are open; false: those that are over")] = None,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> IncidentsPublic:
    """Return the incidents of the halls that you may see, by id, those after `after`."""
    if site is not None and not who.may("viewer", site):
        raise Problem(403, "Your account has no right to this")
    sites = who.sites if site is None else [site]
    with parts.db.read() as session:
        found = [service.shown(one, language(request)) for one in service.listed(session, sites, open, after, limit)]
    return IncidentsPublic(incidents=found, next=found[-1].id if found else after)


@router.get("/incidents/export", response_class=StreamingResponse)
def exported(
    request: Request,
    who: Viewer,
    parts: PartsDep,
    site: IdQuery = None,
    open: bool | None = None,
    format: Format = "csv",
) -> StreamingResponse:
    """Return the incidents of the halls that you may see as a file, CSV or XLSX; 100,000 at most, times in the zone of
    their hall."""
    if site is not None and not who.may("viewer", site):
        raise Problem(403, "Your account has no right to this")
    lang = language(request)
    with parts.db.read() as session:
        found = service.listed(session, who.sites if site is None else [site], open, 0, EXPORTED)
        zones = {id_: timezone(timedelta(minutes=tz)) for id_, tz in session.exec(select(Site.id, Site.tz))}
        shown = [service.shown(one, lang) for one in found]

    def moment(at: int, site: str) -> datetime | None:
        return datetime.fromtimestamp(at / 1000, zones.get(site, UTC)) if at else None

    rows = (
        [one.id, one.site, one.position, one.device, one.text, one.urgent, one.detail, moment(one.since, one.site),
         moment(one.until, one.site), moment(one.acknowledged, one.site), one.by]
        for one in shown
    )  # fmt: skip
    return download(format, "incidents", [translate(one, lang) for one in COLUMNS], rows)


@router.get("/incidents/stream", response_class=Events)
async def stream(request: Request, who: Viewer, parts: PartsDep) -> StreamingResponse:
    """Follow the incidents of the halls that you may see: an event `incident` at each change of one. Ask for the list
    when the stream has begun, and again when it has begun anew."""
    if parts.incidents.followers >= FOLLOWERS:
        raise Problem(503)
    lang = language(request)
    ends = time.monotonic() + LONGEST_S

    def look(id_: int) -> IncidentPublic | None:
        with parts.db.read() as session:
            found = session.get(Incident, id_)
            return service.shown(found, lang) if found and who.may("viewer", found.site) else None

    async def follow() -> AsyncIterator[str]:
        queue = parts.incidents.follow()
        try:
            yield ": here\n\n"
            while not parts.stopping.is_set() and time.monotonic() < ends:
                try:
                    id_ = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
                except TimeoutError:
                    yield ": here\n\n"
                    continue
                if id_ is None:
                    return
                found = await asyncio.to_thread(look, id_)
                if found is not None:
                    yield f"event: incident\ndata: {json.dumps(found.model_dump(), ensure_ascii=False)}\n\n"
        finally:
            parts.incidents.leave(queue)

    return Events(follow(), headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


@router.get("/incidents/{id}")
def incident(request: Request, id: Id, who: Viewer, parts: PartsDep) -> IncidentWhole:
    """Return an incident with its history."""
    with parts.db.read() as session:
        return service.whole(session, service.found(session, id, who), language(request))


@router.post("/incidents/{id}/acknowledge")
def acknowledge(request: Request, id: Id, body: Acknowledgement, who: Technician, parts: PartsDep) -> IncidentWhole:
    """Say that you look after an incident. Others see your name; who takes it over says so again."""
    return _changed(lambda: parts.incidents.acknowledge(who, id, body.text or "", language(request)))


@router.post("/incidents/{id}/comments", status_code=201)
def comment(request: Request, id: Id, body: CommentCreate, who: Clerk, parts: PartsDep) -> IncidentWhole:
    """Say something of an incident, for those who look after it. Nothing of citizens belongs here."""
    return _changed(lambda: parts.incidents.comment(who, id, body.text, language(request)))


@router.get("/sites/{site}/health")
def health(request: Request, site: SitePath, who: Viewer, parts: PartsDep) -> SiteHealth:
    """Return how a hall does: its devices as they were last known, what is wrong, and how much of its opening time it
    was in reach on the last days."""
    with parts.db.read() as session:
        return service.health(session, site, now_ms(), language(request))


def _changed(fn: Callable[[], IncidentWhole]) -> IncidentWhole:
    try:
        return fn()
    except IncidentError as error:
        raise Problem(409, str(error)) from None

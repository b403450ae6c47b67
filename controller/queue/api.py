"""HTTP of a hall's queue: the board and its stream for everybody, the queue and its commands for clerks."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse
from sqlmodel import Session, col, select

from controller.accounts.deps import Clerk, Technician, Viewer
from controller.fleet.models import Grant
from controller.fleet.schemas import SitePath
from controller.fleet.service import FleetError
from controller.parts import Parts, PartsDep
from controller.queue import service
from controller.queue.models import Ticket
from controller.queue.schemas import (
    BoardPublic,
    CommandCreate,
    DayPublic,
    LeaderChange,
    LeaderPublic,
    Outcome,
    QueuePublic,
    TicketPublic,
)
from controller.web.problems import ANSWERS, Problem
from protocol.announce import clips

router = APIRouter(tags=["queue"], responses=ANSWERS)

Json = dict[str, object]
HEARTBEAT_S = 15.0
PATIENCE_S = 2.0  # of whoever asks for a board that has to be made first
LOOK_S = 0.02
FOLLOWERS = 2000  # streams at a time
OPEN = ("begun", "waiting", "called", "serving", "parked", "noshow")
Key = Annotated[str, Header(alias="Idempotency-Key", pattern=r"^[A-Za-z0-9._:-]{1,40}$")]


class Events(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


async def _board(parts: Parts, site: str) -> tuple[Json, Json]:
    texts = await asyncio.to_thread(parts.queue.halls.texts, site)
    if texts is None:
        raise Problem(404, "There is no such site")
    board = parts.queue.boards.newest(site)
    if board is None:
        await parts.queue.commands.show([site])
    end = time.monotonic() + PATIENCE_S  # many may be due
    while board is None:
        board = parts.queue.boards.newest(site)
        if board is None and time.monotonic() > end:
            raise Problem(503)
        if board is None:
            await asyncio.sleep(LOOK_S)
    return spoken(board, texts), texts


def spoken(board: Json, texts: Json) -> Json:
    """Return `board` with the clips of each call, in `say`."""
    services, counters, calls = texts["services"], texts["counters"], board["calls"]
    assert isinstance(services, list)
    assert isinstance(counters, list)
    assert isinstance(calls, list)
    letters = {one["id"]: one["letter"] for one in services}
    places = {one["id"]: place for place, one in enumerate(counters, start=1)}

    def say(call: Json) -> list[str]:
        counter = str(call["counter"])
        number = int(counter) if counter.isdecimal() and int(counter) < 10_000 else places.get(counter, 0)
        no = call["no"]
        assert isinstance(no, int)
        said: list[str] = clips(letters.get(call["service"], ""), no, number, str(texts["lang"]))
        return said

    return {**board, "calls": [{**call, "say": say(call)} for call in calls]}


@router.get("/sites/{site}/board")
async def board(site: SitePath, parts: PartsDep) -> BoardPublic:
    """Return a hall's board; public."""
    shown, texts = await _board(parts, site)
    return BoardPublic(board=shown, texts=texts)


@router.get("/sites/{site}/board/stream", response_class=Events)
async def stream(site: SitePath, parts: PartsDep) -> StreamingResponse:
    """Follow a hall's board: an event `board` now and at each change, an event `texts` when those change; public."""
    shown, texts = await _board(parts, site)
    if parts.queue.boards.followers >= FOLLOWERS:
        raise Problem(503)

    async def follow(texts: Json) -> AsyncIterator[str]:
        queue = parts.queue.boards.follow(site)
        try:
            yield _event("board", spoken(parts.queue.boards.newest(site) or shown, texts))
            while not parts.stopping.is_set():
                try:
                    now = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
                except TimeoutError:
                    yield ": here\n\n"
                    continue
                if now is None:
                    return
                known = await asyncio.to_thread(parts.queue.halls.texts, site)
                if known is not None and known != texts:
                    texts = known
                    yield _event("texts", texts)
                yield _event("board", spoken(now, texts))
        finally:
            parts.queue.boards.leave(site, queue)

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Events(follow(texts), headers=headers)


def _event(name: str, data: Json) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


@router.get("/sites/{site}/queue")
async def queue(site: SitePath, who: Clerk, parts: PartsDep) -> QueuePublic:
    """Return what a counter's console shows."""
    shown, texts = await _board(parts, site)

    def look() -> tuple[list[TicketPublic], Grant | None]:
        with parts.db.read() as session:
            return _open(session, site, int(str(shown["day"]))), session.get(Grant, site)

    tickets, grant = await asyncio.to_thread(look)
    return QueuePublic(
        board=shown,
        texts=texts,
        tickets=tickets,
        leader=grant.leader if grant else "",
        term=grant.term if grant else 0,
        hall_url=str(texts["hall_url"]),
    )


def _open(session: Session, site: str, serial: int) -> list[TicketPublic]:
    """Return the open tickets of the day; `serial` may be that of a board which is older than the tables."""
    query = (
        select(Ticket)
        .where(Ticket.site == site, col(Ticket.serial) >= serial, col(Ticket.state).in_(OPEN))
        .order_by(col(Ticket.state) != "waiting", col(Ticket.at), col(Ticket.pos))
    )
    return [
        TicketPublic(
            no=ticket.no,
            service=ticket.service,
            priority=ticket.priority,
            state=ticket.state,
            counter=ticket.counter,
            issued=ticket.issued,
            since=ticket.since,
        )
        for ticket in session.exec(query)
    ]


@router.post("/sites/{site}/queue/commands", response_model_exclude_none=True)
async def command(site: SitePath, body: CommandCreate, key: Key, who: Clerk, parts: PartsDep) -> Outcome:
    """Give the hall's leader a command. The same key gets the same answer, however often it is asked."""
    if await asyncio.to_thread(parts.queue.halls.texts, site) is None:
        raise Problem(404, "There is no such site")
    asked: Json = {"key": key, **body.model_dump(exclude_none=True)}
    return Outcome.model_validate(await parts.queue.commands.carry_out(site, asked))


@router.post("/sites/{site}/leader")
async def change_leader(site: SitePath, body: LeaderChange, who: Technician, parts: PartsDep) -> LeaderPublic:
    """Make another position, or the controller, lead the hall. The present leader hands over where it is in reach;
    where it is not, what it does until it hears of it is taken in later."""
    try:
        grant = await parts.queue.handover.hand_over(site, body.leader, who.name)
    except FleetError as error:
        raise Problem(404 if error.missing else 409, str(error)) from None
    parts.queue.site_changed(site)
    parts.link.changed(await asyncio.to_thread(parts.roster.devices, site))
    return LeaderPublic(leader=grant.leader, term=grant.term)


@router.get("/sites/{site}/queue/day")
def day(site: SitePath, who: Viewer, parts: PartsDep) -> DayPublic:
    """Return the current day of a hall in figures."""
    if parts.queue.halls.texts(site) is None:
        raise Problem(404, "There is no such site")
    with parts.db.read() as session:
        return service.day(session, site)

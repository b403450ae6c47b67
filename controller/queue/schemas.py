"""Bodies of the queue's HTTP API (contract, section 6)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from controller.fleet.schemas import NUMBER

OPS = "issue|call_next|call|recall|serve|finish|no_show|park|resume|transfer|rate|open|close|new_day"
ASKED = frozenset(OPS.split("|"))  # by people and keypads; the other commands are a leader's own
Json = dict[str, object]


class CommandCreate(BaseModel):
    """A queue command; its key is in the header Idempotency-Key."""

    model_config = ConfigDict(extra="forbid")

    op: Annotated[str, Field(pattern=f"^({OPS})$")]
    service: Annotated[str, Field(max_length=32)] | None = None
    counter: Annotated[str, Field(max_length=32)] | None = None
    ticket: Annotated[int, Field(ge=1, le=9999), NUMBER] | None = None
    priority: Annotated[str, Field(pattern="^(elderly|disabled|pregnant|infant|)$")] | None = None
    paper: Annotated[int, Field(ge=0, le=1), NUMBER] | None = None
    score: Annotated[int, Field(ge=1, le=4), NUMBER] | None = None
    why: Annotated[str, Field(max_length=40)] | None = None


class Outcome(BaseModel):
    """What became of a command. `unknown`: ask again with the same key."""

    key: str
    outcome: Annotated[str, Field(pattern="^(done|refused|unknown)$")]
    ticket: int | None = None
    service: str | None = None
    counter: str | None = None
    reason: str | None = None
    rev: int


class BoardPublic(BaseModel):
    """A hall's board with the texts that its screens write beside the numbers."""

    board: Json
    texts: Json


class TicketPublic(BaseModel):
    """An open ticket; times are Unix ms."""

    no: int
    service: str
    priority: str
    state: str
    counter: str
    issued: int
    since: int


class QueuePublic(BoardPublic):
    """What a counter's console shows: open tickets, those that wait first and in the order of their places."""

    tickets: list[TicketPublic]
    leader: str
    term: int
    hall_url: str


class DayPublic(BaseModel):
    """A hall's day in figures; times are mean seconds, 0 where there was nobody."""

    serial: int
    issued: int
    waiting: int
    done: int
    noshow: int
    void: int
    wait: int
    service: int


class LeaderChange(BaseModel):
    """Who is to lead a hall: a position, or "controller"."""

    model_config = ConfigDict(extra="forbid")

    leader: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]


class LeaderPublic(BaseModel):
    """Who leads a hall, and the term that has begun."""

    leader: str
    term: int

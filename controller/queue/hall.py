"""One hall in memory: its state machine and today's tickets as rows. Pure: events in, changed rows out."""

from operator import attrgetter
from typing import Any

from controller.ingest import Row
from protocol.events import KINDS
from protocol.queue.applying import apply
from protocol.queue.state import BEGUN, NAMES, NOSHOW, State

TICKET = (
    *("site", "pos", "serial", "no", "service", "priority", "state", "counter", "at"),
    *("doubt", "score", "issued", "called", "served", "ended", "since", "periods"),
)
FIXED = ("serial", "no", "priority", "at", "issued")  # stay as they are for as long as the ticket's day does
PERIOD = ("site", "pos", "n", "state", "service", "counter", "since", "until")
SNAPSHOT = 128  # a snapshot whenever `rev` has passed a multiple of this
ISSUES = ("ticket.begun", "ticket.issued")
NUMBERED = frozenset(kind for kind, fields in KINDS.items() if "no" in fields)  # elsewhere "no" may be anything
CLEARED = frozenset({"ticket.noshow", "ticket.parked", "ticket.resumed", "ticket.transferred"})  # from their counter


class Card:
    """A ticket's row."""

    __slots__ = TICKET

    site: str
    pos: int
    serial: int
    no: int
    service: str
    priority: str
    state: str
    counter: str
    at: int
    doubt: int
    score: int
    issued: int
    called: int
    served: int
    ended: int
    since: int
    periods: int

    def __init__(self, site: str, pos: int, serial: int, no: int, service: str, priority: str, state: str) -> None:
        self.site, self.pos, self.serial, self.no = site, pos, serial, no
        self.service, self.priority, self.state, self.counter = service, priority, state, ""
        self.at = self.doubt = self.score = self.issued = self.called = self.served = self.ended = self.since = 0
        self.periods = 0

    @classmethod
    def load(cls, values: tuple[object, ...]) -> "Card":
        """Return the card of a row."""
        card = cls.__new__(cls)
        for name, value in zip(TICKET, values, strict=True):
            setattr(card, name, value)
        return card

    def close(self, until: int) -> tuple[object, ...]:
        """End its present period; return the row of it."""
        self.periods += 1
        since, self.since = self.since, until
        return self.site, self.pos, self.periods, self.state, self.service, self.counter, since, until


row_of = attrgetter(*TICKET)


class Hall:
    """A hall at the event `pos`. `changed` and `closed` collect what must be written."""

    def __init__(
        self, site: str, pos: int = 0, state: State | None = None, cards: dict[int, Card] | None = None
    ) -> None:
        self.site = site
        self.pos = pos
        self.state = state or State()
        self.cards = cards or {}  # by number, of the current day
        self.changed: dict[int, Card] = {}  # by pos of the ticket
        self.dated: dict[int, Card] = {}  # those that a new day has changed: their `serial` too
        self.closed: list[object] = []  # rows of periods that are over, one after the other
        self.snapshot = False

    def take(self, row: Row) -> None:
        """Apply one event."""
        state, kind, data = self.state, row.kind, row.data
        rev, serial = state.rev, state.serial
        no: int = data["no"] if kind in NUMBERED else 0  # type: ignore[assignment]  # checked before it was stored
        used = state.used
        before = used[no] if no < len(used) else 0
        apply(state, kind, data, row.time)
        self.pos = row.pos
        if state.serial != serial:
            self._new_day(row.time)
        elif no:
            used = state.used
            after = used[no] if no < len(used) else 0
            card = self.cards.get(no) if before else None
            if card is not None:
                self._moved(row, card, before, after)
            elif after != before and kind in ISSUES:  # before: nothing, or burnt for somebody whom nobody here knew
                self._issued(row, no, after)
        if state.rev // SNAPSHOT != rev // SNAPSHOT or state.serial != serial:
            self.snapshot = True

    def written(self) -> tuple[list[object], list[object], list[object]]:
        """Return what must be written, and forget it: rows of tickets but for `FIXED`, whole rows of tickets, and rows
        of periods, each one after the other.
        """
        tickets: list[object] = []
        dated: list[object] = []
        periods, self.closed = self.closed, []
        for card in self.changed.values():
            tickets += row_of(card)
        for card in self.dated.values():
            dated += row_of(card)
        self.changed, self.dated = {}, {}
        return tickets, dated, periods

    def _issued(self, row: Row, no: int, status: int) -> None:
        data: dict[str, Any] = row.data
        card = Card(self.site, row.pos, self.state.serial, no, data["service"], data["priority"], NAMES[status])
        card.at = data["at"]
        card.issued = card.since = row.time
        self.cards[no] = self.changed[row.pos] = card

    def _moved(self, row: Row, card: Card, before: int, after: int) -> None:
        kind, time = row.kind, row.time
        data: dict[str, Any] = row.data
        if kind == "ticket.rated":
            if not card.score:
                card.score = data["score"]
                self.changed[card.pos] = card
            return
        if after == before and not (
            kind == "ticket.called" or (kind == "ticket.transferred" and data["service"] != card.service)
        ):
            return
        self.closed += card.close(time)
        self.changed[card.pos] = card
        card.state = NAMES[after]
        if after > NOSHOW:
            card.ended = time
            return
        if kind == "ticket.called":
            card.counter = data["counter"]
            card.called = card.called or time
        elif kind == "ticket.serving":
            card.served = card.served or time
        elif kind == "ticket.printed":
            card.doubt = data["doubt"]
        elif kind in CLEARED:
            card.counter = ""
            if kind == "ticket.transferred":
                card.service = data["service"]

    def _new_day(self, time: int) -> None:
        """Tickets that the new day has kept move to it; the others that were open have expired."""
        kept = {}
        for no, card in self.cards.items():
            if BEGUN <= self.state.status(no) <= NOSHOW:
                card.serial = self.state.serial
                kept[no] = card
                self.dated[card.pos] = card
            elif not card.ended:
                self.closed += card.close(time)
                self.dated[card.pos] = card
                card.state, card.ended = "expired", time
        self.cards = kept

"""One hall in memory: its state machine and today's tickets as rows. Pure: events in, changed rows out."""

from controller.ingest import Row
from protocol.queue.applying import apply
from protocol.queue.state import BEGUN, NAMES, NOSHOW, State

TICKET = (
    *("site", "pos", "serial", "no", "service", "priority", "state", "counter", "at"),
    *("doubt", "score", "issued", "called", "served", "ended", "periods"),
)
PERIOD = ("site", "pos", "n", "state", "service", "counter", "since", "until")
SNAPSHOT = 128  # a snapshot whenever `rev` has passed a multiple of this
ISSUES = ("ticket.begun", "ticket.issued")


class Card:
    """A ticket's row, with the period it is in."""

    __slots__ = (*TICKET, "since")

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
    periods: int

    def __init__(self, values: tuple[object, ...], since: int) -> None:
        for name, value in zip(TICKET, values, strict=True):
            setattr(self, name, value)
        self.since = since

    def row(self) -> list[object]:
        """Return the values of its row."""
        return [getattr(self, name) for name in TICKET]

    def period(self, until: int) -> list[object]:
        """Return the row of the period it is in."""
        return [self.site, self.pos, self.periods, self.state, self.service, self.counter, self.since, until]


class Hall:
    """A hall at the event `pos`. `changed` and `periods` collect what must be written."""

    def __init__(
        self, site: str, pos: int = 0, state: State | None = None, cards: dict[int, Card] | None = None
    ) -> None:
        self.site = site
        self.pos = pos
        self.state = state or State()
        self.cards = cards or {}  # by number, of the current day
        self.changed: dict[int, Card] = {}  # by pos of the ticket
        self.periods: dict[tuple[int, int], list[object]] = {}
        self.snapshot = False

    def take(self, row: Row) -> None:
        """Apply one event."""
        state, kind, data = self.state, row.kind, row.data
        rev, serial = state.rev, state.serial
        no = data.get("no", 0)
        assert isinstance(no, int)
        before = state.status(no)
        apply(state, kind, data, row.time)
        self.pos = row.pos
        if state.serial != serial:
            self._new_day(row.time)
        elif kind in ISSUES and not before and state.status(no):
            self._issued(row, no)
        elif no and no in self.cards:
            self._moved(row, self.cards[no], before, state.status(no))
        if state.rev // SNAPSHOT != rev // SNAPSHOT or state.serial != serial:
            self.snapshot = True

    def _issued(self, row: Row, no: int) -> None:
        data = row.data
        status = NAMES[self.state.status(no)]
        values = (
            self.site,
            row.pos,
            self.state.serial,
            no,
            data["service"],
            data["priority"],
            status,
            "",
            data["at"],
            0,
            0,
            row.time,
            0,
            0,
            0,
            1,
        )
        card = Card(values, row.time)
        self.cards[no] = card
        self._keep(card, 0)

    def _moved(self, row: Row, card: Card, before: int, after: int) -> None:
        if row.kind == "ticket.rated":
            if not card.score:
                card.score = _int(row.data["score"])
                self.changed[card.pos] = card
            return
        again = row.kind == "ticket.called" or (
            row.kind == "ticket.transferred" and row.data["service"] != card.service
        )
        if row.kind == "ticket.recalled" or (after == before and not again):
            return
        ticket = self.state.ticket(card.no)
        self._keep(card, row.time)
        card.state = NAMES[after]
        if ticket is not None:
            card.service, card.counter = ticket.service, ticket.counter
        if row.kind == "ticket.called":
            card.called = card.called or row.time
        elif row.kind == "ticket.serving":
            card.served = card.served or row.time
        elif row.kind == "ticket.printed":
            card.doubt = _int(row.data["doubt"])
        if after > NOSHOW:
            card.ended = row.time
            self.changed[card.pos] = card
        else:
            card.periods += 1
            card.since = row.time
            self._keep(card, 0)

    def _new_day(self, time: int) -> None:
        """Tickets that the new day has kept move to it; the others that were open have expired."""
        kept = {}
        for no, card in self.cards.items():
            if BEGUN <= self.state.status(no) <= NOSHOW:
                card.serial = self.state.serial
                kept[no] = card
                self.changed[card.pos] = card
            elif not card.ended:
                self._keep(card, time)
                card.state, card.ended = "expired", time
        self.cards = kept

    def _keep(self, card: Card, until: int) -> None:
        self.changed[card.pos] = card
        self.periods[card.pos, card.periods] = card.period(until)


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value

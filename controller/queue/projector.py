"""Projects the queue's events: the state machine of each hall in memory, tickets and periods in tables."""

import json
from collections.abc import Callable, Sequence

import orjson
from sqlmodel import Session, delete

from controller.fleet.models import Grant
from controller.fleet.service import CONTROLLER
from controller.ingest import Projector, Row
from controller.ingest.sql import Raw
from controller.queue.boards import Boards
from controller.queue.hall import FIXED, PERIOD, TICKET, Card, Hall
from controller.queue.models import Period, QueueState, Ticket
from protocol.queue.applying import KINDS, apply
from protocol.queue.state import State

HALLS = 2_000  # kept in memory


class QueueProjector(Projector):
    """Everything here runs on the writer's thread. `boards` hears which halls have changed, after the commit."""

    kinds = frozenset(KINDS)

    def __init__(
        self,
        boards: Boards | None = None,
        led: Callable[[str], None] = lambda site: None,
        late: Callable[[str], None] = lambda site: None,
    ) -> None:
        """`led(site)` is called when somebody else leads a hall, `late(site)` when its leader missed something."""
        self._halls: dict[str, Hall] = {}
        self._boards, self._led, self._late = boards, led, late

    def hall(self, session: Session, site: str) -> Hall:
        """Return a hall as the write transaction `session` sees it."""
        found = self._halls.get(site)
        if found is None:
            if len(self._halls) >= HALLS:
                self._halls.clear()
            found = self._halls[site] = load(Raw(session), site)
        return found

    def project(self, session: Session, rows: Sequence[Row]) -> None:
        """Take events into the halls and write what has changed."""
        touched: dict[str, Hall] = {}
        for row in rows:
            hall = touched.get(row.site)
            if hall is None:
                hall = touched[row.site] = self._halls.get(row.site) or self._before(session, row)
            hall.take(row)
            if row.kind == "lead.granted":
                _granted(session, row.site, hall.state)
            elif row.data["term"] < hall.state.term:
                _missed(session, row)
        raw = Raw(session)
        tickets: list[object] = []
        dated: list[object] = []
        periods: list[object] = []
        for hall in touched.values():
            written = hall.written()
            tickets += written[0]
            dated += written[1]
            periods += written[2]
        raw.insert("queue_ticket", TICKET, tickets, ("site", "pos"), FIXED)  # type: ignore[arg-type]
        raw.insert("queue_ticket", TICKET, dated, ("site", "pos"))  # type: ignore[arg-type]
        raw.insert("queue_period", PERIOD, periods)  # type: ignore[arg-type]
        for hall in touched.values():
            if hall.snapshot:
                hall.snapshot = False
                values: list[object] = [hall.site, hall.pos, _text(hall.state)]
                raw.insert("queue_state", ("site", "pos", "state"), values, ("site",))  # type: ignore[arg-type]

    def committed(self, rows: Sequence[Row]) -> None:
        """Have the boards of the halls shown anew."""
        states: dict[str, State] = {}
        late = set()
        for row in rows:
            if row.kind == "lead.granted":
                self._led(row.site)
            state = states.get(row.site)
            if state is None:
                hall = self._halls.get(row.site)
                if hall is None:  # another process has written meanwhile
                    continue
                state = states[row.site] = hall.state
            if row.data["term"] < state.term:
                late.add(row.site)
        for site in late:
            self._late(site)
        if self._boards is not None:
            self._boards.changed(states)

    def forget(self) -> None:
        """Drop what is in memory; it is loaded again from the tables."""
        self._halls.clear()

    def reset(self, session: Session) -> None:
        """Empty the tables."""
        for table in (Ticket, Period, QueueState):
            session.exec(delete(table))

    def _before(self, session: Session, row: Row) -> Hall:
        """Load a hall as it was before `row`, which is in the events already."""
        if len(self._halls) >= HALLS:
            self._halls.clear()
        hall = self._halls[row.site] = load(Raw(session), row.site, row.pos)
        return hall


def load(raw: Raw, site: str, before: int = 1 << 62) -> Hall:
    """Return a hall: its newest snapshot, and on top the events after it with a `pos` below `before`."""
    kept = raw.one("SELECT pos, state FROM queue_state WHERE site = ?", site)
    pos, state = (int(kept[0]), State.load(json.loads(kept[1]))) if kept else (0, State())
    query = "SELECT pos, kind, data, time FROM event WHERE site = ? AND pos > ? AND pos < ? ORDER BY pos"
    for at, kind, data, time in raw.all(query, site, pos, before):
        if kind in QueueProjector.kinds:
            apply(state, kind, orjson.loads(data), time)
            pos = at
    query = f"SELECT {','.join(TICKET)} FROM queue_ticket WHERE site = ? AND serial = ?"  # noqa: S608 - our own names
    cards = {int(values[3]): Card.load(values) for values in raw.all(query, site, state.serial)}
    return Hall(site, pos, state, cards)


def _text(state: State) -> str:
    """Return a snapshot as JSON."""
    dump = state.dump()
    try:
        return orjson.dumps(dump).decode()
    except TypeError:  # an absurd term has made numbers of more than 64 bits
        return json.dumps(dump, ensure_ascii=False, separators=(",", ":"))


def _granted(session: Session, site: str, state: State) -> None:
    """A device that knows a higher term than we (restored from a backup) is right about who leads."""
    found = session.get(Grant, site)
    if found is not None and state.term > found.term and state.leader:
        found.term, found.leader = state.term, state.leader
        session.add(found)


def _missed(session: Session, row: Row) -> None:
    """An event of a lower term has come: where a device leads it does not know of it yet."""
    found = session.get(Grant, row.site)
    if found is not None and found.leader not in (CONTROLLER, row.position):
        found.late = row.pos
        session.add(found)

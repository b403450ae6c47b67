"""How an event changes the state of a hall's queue.

`apply` never raises for a well-formed event and never looks at a configuration: a replay gives the same state whatever
the configuration has become. An event of a lower term than the state's is *late*: an issue is taken in at its
original place; anything else applies only to a ticket that nothing of the higher term has touched.
"""

import struct

from protocol.queue.answers import remember
from protocol.queue.day import TRUSTED
from protocol.queue.state import (
    BEGUN,
    CALLED,
    DONE,
    EXPIRED,
    FORM,
    HIGHEST,
    NOSHOW,
    PARKED,
    PRIORITIES,
    RATED,
    SCORED,
    SERVING,
    SIZE,
    TOUCHED,
    VOID,
    WAITING,
)

CALLS = 5  # the last calls that a board shows
HALF_DAY = 43_200  # s: a late issue further before the opening of a day without date is of another day
_WORD = 0xFFFFFFFF
_NOTHING = (0, 0, 0)


def apply(state, kind: str, data, t: int) -> None:
    """Change `state` by one event. `t`: Unix milliseconds of the event, 0 for unknown. Unknown kinds change nothing."""
    handler = _HANDLERS.get(kind)
    if handler is None:
        return
    term, rev, key = data["term"], data["rev"], data.get("key")
    if term > state.term:
        _new_term(state, term)
    late = term < state.term
    t //= 1000
    if not 0 <= t <= _WORD:
        t = 0 if t < 0 else _WORD
    entry = handler(state, data, t, late)
    if not late and rev > state.rev:
        state.rev = rev
    if key:
        remember(state, key, entry or _NOTHING, rev, late)


def _new_term(state, term: int) -> None:
    """From now on events of lower terms are late; none of the tickets has been touched yet."""
    state.term = term
    state.leader = ""
    state.fresh = 0
    state.c = max(state.c, (term - 1) * 10_000)  # a leader that knows nothing of the calls before counts on from here
    for i in range(3, len(state.records), SIZE):
        state.records[i] &= ~TOUCHED & 255


def _day(state, data, t, late):
    if late:
        return
    keep = data["keep"]
    if data["restart"] or keep >= 0 or data["serial"] > state.serial:  # else it confirms the date
        if data["restart"]:
            state.used = bytearray()
            state.nos = bytearray()
            state.records = bytearray()
        else:
            for ticket in list(state.open()):
                if keep < 0 or ticket.rev <= keep:
                    state.end(state.slot(ticket.no), ticket.no, EXPIRED)
        state.last = 0
        for ticket in state.open():
            state.last = max(state.last, ticket.at)
        state.calls = [call for call in state.calls if state.slot(call[1]) >= 0]
        state.runs = {}
        state.opened = t
        state.serial = max(state.serial + 1, data["serial"])  # a new leader may have counted fewer days
    state.low = 4
    state.date = data["date"]
    state.q = data["q"]
    state.start = min(max(data.get("start", 0), 0), _WORD)


def _began(state) -> int:
    """Unix seconds before which a late issue is of another day."""
    return state.start or state.opened - HALF_DAY


def _issued(status):
    def handler(state, data, t, late):
        no = data["no"]
        service = state.name(data["service"])
        known = state.status(no)
        if known and not (late and known == VOID):  # a number that was burnt unseen may turn out to be somebody's
            return (no, service, 0)
        if not 0 < no <= HIGHEST or (late and t and t < _began(state)):
            return (no, service, 0)
        at = min(max(data["at"], 0), _WORD)
        priority = data["priority"]
        priority = PRIORITIES.index(priority) if priority in PRIORITIES else 0
        flags = 0 if late else TOUCHED
        rev = min(data["rev"], _WORD)
        state.add(no, status, struct.pack(FORM, service, priority, 0, flags, at, t, t, rev))
        if not late:
            state.issue = data["rev"]
            state.last = max(state.last, at)
            state.low = min(state.low, data["q"])
        return (no, service, 0)

    return handler


def _moved(status, allowed, counter="keep"):
    """A handler that moves a ticket from one of the states `allowed` to `status`; `counter`: keep, clear or set."""

    def handler(state, data, t, late):
        no = data["no"]
        service = desk = 0
        used = state.used
        if 0 < no < len(used) and used[no] in allowed:
            i = state.slot(no)
            service, priority, desk, flags, at, _, issued, rev = struct.unpack_from(FORM, state.records, i * SIZE)
            if late and flags & TOUCHED:
                return (no, service, 0)
            if counter == "set":
                desk = state.name(data["counter"])
                _announce(state, data, service, desk, priority, t, late)
            if "service" in data:
                service = state.name(data["service"])
            if status > NOSHOW:
                state.end(i, no, RATED if flags & SCORED and status == DONE else status)
            else:
                used[no] = status
                kept = 0 if counter == "clear" else desk
                flags = flags if late else flags | TOUCHED
                struct.pack_into(
                    FORM, state.records, i * SIZE, service, priority, kept, flags, at, t or issued, issued, rev
                )
        return (no, service, desk)

    return handler


def _announce(state, data, service, counter, priority, t, late) -> None:
    if late:
        return
    state.c = data["c"]
    state.calls = [(data["c"], data["no"], service, counter, t)] + state.calls[: CALLS - 1]
    name = data["counter"]
    state.runs[name] = state.runs.get(name, 0) + 1 if priority else 0


def _recalled(state, data, t, late):
    ticket = state.ticket(data["no"])
    if ticket is None or late:
        return (data["no"], 0, 0)
    service, counter = state.name(ticket.service), state.name(data["counter"])
    state.c = data["c"]
    state.calls = [(data["c"], data["no"], service, counter, t)] + state.calls[: CALLS - 1]
    return (data["no"], service, counter)


def _rated(state, data, t, late):
    no = data["no"]
    status = state.status(no)
    if status == DONE:
        state.used[no] = RATED
    elif status == SERVING:
        i = state.slot(no)
        state.records[i * SIZE + 3] |= SCORED
    return (no, 0, 0)


def _service(is_open):
    def handler(state, data, t, late):
        if not late:
            rest = [name for name in state.closed if name != data["service"]]
            state.closed = rest if is_open else sorted(rest + [data["service"]])
        return (0, state.name(data["service"]), 0)

    return handler


def _granted(state, data, t, late):
    if not late:
        state.leader = data["leader"]
        if "burnt_from" in data and "burnt_to" in data:
            state.burn(max(1, data["burnt_from"]), min(HIGHEST, data["burnt_to"]))


def _passed(state, data, t, late):
    if not late:
        state.leader = ""


def _resumed(state, data, t, late):
    if late or (state.issue > state.mark and state.low < TRUSTED):
        return  # nobody knows yet on which day the tickets since the mark were issued
    state.mark = data["rev"]
    state.low = 4


_HERE = (CALLED, SERVING)
_HANDLERS = {
    "day.opened": _day,
    "ticket.begun": _issued(BEGUN),
    "ticket.issued": _issued(WAITING),
    "ticket.printed": _moved(WAITING, (BEGUN,)),
    "ticket.void": _moved(VOID, (BEGUN,)),
    "ticket.called": _moved(CALLED, (WAITING, PARKED, NOSHOW, CALLED, SERVING), "set"),
    "ticket.recalled": _recalled,
    "ticket.serving": _moved(SERVING, (CALLED,)),
    "ticket.done": _moved(DONE, _HERE),
    "ticket.noshow": _moved(NOSHOW, (CALLED,), "clear"),
    "ticket.parked": _moved(PARKED, _HERE, "clear"),
    "ticket.resumed": _moved(WAITING, (PARKED, NOSHOW), "clear"),
    "ticket.transferred": _moved(WAITING, (WAITING, CALLED, SERVING, PARKED, NOSHOW), "clear"),
    "ticket.rated": _rated,
    "service.opened": _service(True),
    "service.closed": _service(False),
    "lead.granted": _granted,
    "lead.passed": _passed,
    "lead.resumed": _resumed,
}
KINDS = tuple(sorted(_HANDLERS))

"""The queue of a hall: a pure state machine. command -> events -> state; no clock, no I/O, no randomness.

`decide` looks at the state, the rules and the time and answers with events, or raises Refused and has changed nothing.
`apply` (protocol.applying) changes the state by them. Commands and events: docs/contract.md, section 4.
"""

from collections import namedtuple

from protocol.applying import apply
from protocol.errors import Refused
from protocol.state import (
    BEGUN,
    CALLED,
    DONE,
    HIGHEST,
    NOSHOW,
    PARKED,
    PRIORITIES,
    SCORED,
    SERVING,
    WAITING,
    State,
)

__all__ = ("Now", "Refused", "Rules", "State", "answer", "apply", "decide", "outcome", "waiting")

TRUSTED = 2  # clock qualities from here on may tell the date
MIDNIGHT = 600  # s after midnight within which a new date is a midnight that was seen, and not a clock that was set
_KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-"

Now = namedtuple("Now", ("t", "q"))  # Unix milliseconds (0: unknown), quality of the clock 0..4


class Rules:
    """What a configuration document (contract, section 3) says about the queue; `me` is the position that decides."""

    def __init__(self, doc, me: str):
        self.me = me
        self.tz = doc["site"]["tz"]
        self.share = doc.get("share", 3)
        self.services = [service["id"] for service in doc["services"]]
        self.counters = {counter["id"]: counter["services"] for counter in doc["counters"]}
        self.order = [counter["id"] for counter in doc["counters"]]
        low, high = doc["bands"].get(me, (1, 0))
        self.low, self.high = max(1, low), min(HIGHEST, high)


def answer(state, key: str) -> dict | None:
    """The outcome that the command `key` had when it was first asked, None where it is not known."""
    for known, no, service, counter, rev in reversed(state.keys):
        if known == key:
            found = {"key": key, "outcome": "done", "rev": rev}
            if no:
                found["ticket"] = no
            if service:
                found["service"] = state.names[service]
            if counter:
                found["counter"] = state.names[counter]
            return found
    return None


def outcome(key: str, events, state) -> dict:
    """The outcome of a command that gave `events`, which `state` has applied."""
    return answer(state, key) or {"key": key, "outcome": "done", "rev": state.rev}


def waiting(state) -> list:
    """The open tickets: those that wait first, in the order of their places; then the others by issue."""
    return sorted(state.open(), key=lambda ticket: (ticket.status != WAITING, ticket.at))


def date(now, tz: int) -> str:
    """The site's date, "2026-11-24", by the civil calendar (days counted from 1 March 0000)."""
    days = (now.t // 60_000 + tz) // 1_440 + 719_468
    era, day = divmod(days, 146_097)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    year += era * 400 + (month > 9)
    return "%04d-%02d-%02d" % (year, month + 3 if month < 10 else month - 9, day + 1)


def decide(state, rules, command, now) -> list:
    """The events [(kind, data), ...] of a command; [] where there is nothing to do or the key is known.

    Raises Refused, with a reason of the contract.
    """
    op = command.get("op")
    key = command.get("key")
    if op not in _OPS or not _is_key(key):
        raise Refused("bad_command")
    if answer(state, key) is not None:
        return []
    events = _Events(state, key)
    if op == "grant":
        return _grant(state, command, events)
    if state.leader != rules.me:
        raise Refused("not_leader")
    if op not in ("tick", "new_day", "resumed", "pass"):
        if not state.serial:
            raise Refused("no_day")
        _roll(state, rules, now, events, "")  # the first command after midnight may come before the tick
        if events.restarts and op not in ("issue", "open", "close"):
            raise Refused("no_ticket")  # it speaks of a ticket of yesterday
    _OPS[op](state, rules, command, now, events)
    return events.list


class _Events:
    """The events of one command, each with the next rev, the term and the key."""

    def __init__(self, state, key):
        self.list = []
        self.restarts = False
        self._key = key
        self._rev = state.rev
        self.term = state.term

    def add(self, kind, key=None, **data):
        self._rev += 1
        data["rev"] = self._rev
        data["term"] = self.term
        data["key"] = self._key if key is None else key
        self.list.append((kind, data))
        return self


def _is_key(key) -> bool:
    return isinstance(key, str) and 0 < len(key) <= 40 and all(letter in _KEY for letter in key)


def _whole(command, name: str) -> int:
    value = command.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused("bad_command")
    return value


def _text(command, name: str, longest: int = 32) -> str:
    value = command.get(name, "")
    if not isinstance(value, str) or len(value) > longest:
        raise Refused("bad_command")
    return value


def _known_service(rules, command) -> str:
    service = _text(command, "service")
    if service not in rules.services:
        raise Refused("unknown_service")
    return service


def _known_counter(rules, command) -> str:
    counter = _text(command, "counter")
    if counter not in rules.counters:
        raise Refused("unknown_counter")
    return counter


def _known_ticket(state, command, *allowed):
    no = _whole(command, "ticket")
    if not state.status(no):
        raise Refused("no_ticket")
    ticket = state.ticket(no)
    if ticket is None or ticket.status not in allowed:
        raise Refused("wrong_state")
    return ticket


def _second(state, rules, now) -> int:
    """The place of an issue now: seconds since the site's midnight, never less than that of an earlier ticket."""
    second = (now.t // 1000 + rules.tz * 60) % 86_400 if now.t else 0
    return max(second, state.last)


def _issue(state, rules, command, now, events):
    service = _known_service(rules, command)
    priority = _text(command, "priority")
    if priority not in PRIORITIES:
        raise Refused("bad_command")
    if service in state.closed:
        raise Refused("closed")
    no = rules.low if events.restarts else max(rules.low, state.highest(rules.low, rules.high) + 1)
    if no > rules.high:
        raise Refused("full")
    kind = "ticket.begun" if command.get("paper", 0) else "ticket.issued"
    at = _second(state, rules, now) if not events.restarts else _second(State(), rules, now)
    events.add(kind, no=no, service=service, priority=priority, at=at, q=now.q)


def _printed(state, rules, command, now, events):
    events.add("ticket.printed", no=_known_ticket(state, command, BEGUN).no, doubt=0)


def _void(state, rules, command, now, events):
    why = _text(command, "why", 40)
    events.add("ticket.void", no=_known_ticket(state, command, BEGUN).no, why=why)


def _call_next(state, rules, command, now, events):
    counter = _known_counter(rules, command)
    served = rules.counters[counter]
    first = preferred = None
    for ticket in state.open():
        if ticket.status != WAITING or (served and ticket.service not in served):
            continue
        if ticket.priority:
            if preferred is None or ticket.at < preferred.at:
                preferred = ticket
        elif first is None or ticket.at < first.at:
            first = ticket
    if preferred is not None and (first is None or state.runs.get(counter, 0) < rules.share - 1):
        first = preferred
    if first is None:
        raise Refused("empty")
    _called(state, first, counter, events)


def _call(state, rules, command, now, events):
    counter = _known_counter(rules, command)
    _called(state, _known_ticket(state, command, WAITING, PARKED, NOSHOW), counter, events)


def _called(state, ticket, counter, events):
    # The call comes first: it is what the key stands for, should the power go between the two.
    events.add("ticket.called", no=ticket.no, counter=counter, c=state.c + 1)
    for other in state.open():
        if other.counter == counter and other.status in (CALLED, SERVING) and other.no != ticket.no:
            events.add("ticket.done", no=other.no)


def _recall(state, rules, command, now, events):
    ticket = _known_ticket(state, command, CALLED, SERVING)
    events.add("ticket.recalled", no=ticket.no, counter=ticket.counter, c=state.c + 1)


def _move(kind, *allowed):
    def handler(state, rules, command, now, events):
        events.add(kind, no=_known_ticket(state, command, *allowed).no)

    return handler


def _transfer(state, rules, command, now, events):
    service = _known_service(rules, command)
    ticket = _known_ticket(state, command, WAITING, CALLED, SERVING, PARKED)
    if service == ticket.service:
        raise Refused("wrong_state")
    events.add("ticket.transferred", no=ticket.no, service=service)


def _rate(state, rules, command, now, events):
    no, score = _whole(command, "ticket"), _whole(command, "score")
    if not 1 <= score <= 4:
        raise Refused("bad_command")
    status = state.status(no)
    if not status:
        raise Refused("no_ticket")
    if status != DONE and (status != SERVING or state.ticket(no).flags & SCORED):
        raise Refused("wrong_state")
    events.add("ticket.rated", no=no, score=score)


def _open(state, rules, command, now, events):
    service = _known_service(rules, command)
    if service in state.closed:
        events.add("service.opened", service=service)


def _close(state, rules, command, now, events):
    service = _known_service(rules, command)
    if service not in state.closed:
        events.add("service.closed", service=service)


def _new_day(state, rules, command, now, events):
    today = date(now, rules.tz) if now.q >= TRUSTED else state.date
    events.add("day.opened", serial=state.serial + 1, date=today, q=now.q, restart=1, keep=-1)


def _tick(state, rules, command, now, events):
    _roll(state, rules, now, events, None)


def _roll(state, rules, now, events, key):
    """Open the first day; begin, confirm or correct the date where a trusted clock tells another.

    Numbers restart only where a midnight was seen, or the leader has just booted on a later date and has issued
    nothing since. A date that comes with a better clock than the tickets were issued by, or that leaps in the middle of
    the day, is a correction: tickets issued since the boot move to the new date, and the numbering goes on.
    """
    trusted = now.q >= TRUSTED
    today = date(now, rules.tz) if trusted else ""
    if not state.serial:
        events.add("day.opened", key, serial=1, date=today, q=now.q, restart=1, keep=-1)
        return
    if not trusted or (now.q <= state.q and today <= state.date):
        return
    if today == state.date:
        events.add("day.opened", key, serial=state.serial, date=today, q=now.q, restart=0, keep=-1)
        return
    if today < state.date and now.q <= state.q:
        return
    issued = state.issue > state.mark
    better = now.q > state.q or (issued and now.q > state.low)
    midnight = (now.t // 1000 + rules.tz * 60) % 86_400 < MIDNIGHT
    seen = state.date and today > state.date and not better and (midnight or not issued)
    events.restarts = bool(seen)
    keep = -1 if seen else state.mark
    events.add("day.opened", key, serial=state.serial + 1, date=today, q=now.q, restart=1 if seen else 0, keep=keep)


def _resumed(state, rules, command, now, events):
    events.add("lead.resumed")
    for ticket in state.open():
        if ticket.status == BEGUN:
            events.add("ticket.printed", no=ticket.no, doubt=1)


def _grant(state, command, events):
    term, leader = _whole(command, "term"), _text(command, "leader")
    if not leader:
        raise Refused("bad_command")
    if term == state.term and leader == state.leader:
        return []
    if term <= state.term:
        raise Refused("low_term")
    events.term = term
    return events.add("lead.granted", leader=leader).list


def _pass(state, rules, command, now, events):
    leader = _text(command, "leader")
    if not leader or leader == rules.me:
        raise Refused("bad_command")
    events.add("lead.passed", leader=leader)


_OPS = {
    "issue": _issue,
    "printed": _printed,
    "void": _void,
    "call_next": _call_next,
    "call": _call,
    "recall": _recall,
    "serve": _move("ticket.serving", CALLED),
    "finish": _move("ticket.done", CALLED, SERVING),
    "no_show": _move("ticket.noshow", CALLED),
    "park": _move("ticket.parked", CALLED, SERVING),
    "resume": _move("ticket.resumed", PARKED, NOSHOW),
    "transfer": _transfer,
    "rate": _rate,
    "open": _open,
    "close": _close,
    "new_day": _new_day,
    "tick": _tick,
    "resumed": _resumed,
    "grant": None,
    "pass": _pass,
}

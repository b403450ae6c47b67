"""From a command to events: who may decide, the operations by name, and those that concern the hall itself."""

from protocol.errors import Refused
from protocol.queue import calls, day, operands, tickets
from protocol.queue.answers import answer
from protocol.queue.applying import apply
from protocol.queue.state import BEGUN


def decide(state, rules, command, now) -> list:
    """The events [(kind, data), ...] of a command; [] where there is nothing to do or the key is known.

    Raises Refused, with a reason of the contract.
    """
    op = command.get("op")
    key = command.get("key")
    if not isinstance(op, str) or op not in OPS or not operands.is_key(key):
        raise Refused("bad_command")
    if answer(state, key) is not None:
        return []
    events = Events(state, key)
    if op == "grant":
        return _grant(state, rules, command, events)
    if state.leader != rules.me:
        raise Refused("not_leader")
    if op not in ("tick", "new_day", "resumed", "pass"):
        if not state.serial:
            raise Refused("no_day")
        day.roll(state, rules, now, events, "")  # the first command after midnight may come before the tick
        if events.list:
            state = state.copy()  # the command finds the tickets as the new day leaves them
            apply(state, events.list[0][0], events.list[0][1], now.t)
    OPS[op](state, rules, command, now, events)
    return events.list


class Events:
    """The events of one command, each with the next rev, the term and the key."""

    def __init__(self, state, key):
        self.list = []
        self._key = key
        self._rev = state.rev
        self.term = state.term

    def add(self, kind, key=None, **data):
        """One more event; `key` only where it is not the command's."""
        self._rev += 1
        data["rev"] = self._rev
        data["term"] = self.term
        data["key"] = self._key if key is None else key
        self.list.append((kind, data))
        return self


def _open(state, rules, command, now, events):
    service = operands.service(rules, command)
    if service in state.closed:
        events.add("service.opened", service=service)


def _close(state, rules, command, now, events):
    service = operands.service(rules, command)
    if service not in state.closed:
        events.add("service.closed", service=service)


def _grant(state, rules, command, events):
    """A new leader. `burn`: how many numbers of its band, after the highest known, may be out without being known; at
    most half of those left are given up for it."""
    term, leader = operands.whole(command, "term"), operands.text(command, "leader")
    if not leader:
        raise Refused("bad_command")
    if term == state.term and leader == state.leader:
        return []
    if term <= state.term:
        raise Refused("low_term")
    events.term = term
    highest = state.highest(rules.low, rules.high)
    burn = min(operands.whole(command, "burn"), (rules.high - highest) // 2) if "burn" in command else 0
    if burn > 0 and leader == rules.me:
        events.add("lead.granted", leader=leader, burnt_from=highest + 1, burnt_to=highest + burn)
    else:
        events.add("lead.granted", leader=leader)
    return events.list


def _pass(state, rules, command, now, events):
    leader = operands.text(command, "leader")
    if not leader or leader == rules.me:
        raise Refused("bad_command")
    events.add("lead.passed", leader=leader)


def _resumed(state, rules, command, now, events):
    events.add("lead.resumed")
    for ticket in state.open():
        if ticket.status == BEGUN:
            events.add("ticket.printed", no=ticket.no, doubt=1)


OPS = {
    "issue": tickets.issue,
    "printed": tickets.printed,
    "void": tickets.void,
    "call_next": calls.call_next,
    "call": calls.call,
    "recall": calls.recall,
    "serve": tickets.serve,
    "finish": tickets.finish,
    "no_show": tickets.no_show,
    "park": tickets.park,
    "resume": tickets.resume,
    "transfer": tickets.transfer,
    "rate": tickets.rate,
    "open": _open,
    "close": _close,
    "new_day": day.new_day,
    "tick": day.tick,
    "resumed": _resumed,
    "grant": None,
    "pass": _pass,
}

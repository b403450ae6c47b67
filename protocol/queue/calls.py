"""Commands that call: who is next, and where to go."""

from protocol.errors import Refused
from protocol.queue import operands
from protocol.queue.state import CALLED, NOSHOW, PARKED, SERVING, WAITING


def call_next(state, rules, command, now, events):
    """The first in place; priority classes before others, but for one call of each `share`."""
    counter = operands.counter(rules, command)
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
    if preferred is not None and (
        first is None or _precedes(preferred, first, rules.share, state.runs.get(counter, 0))
    ):
        first = preferred
    if first is None:
        raise Refused("empty")
    _called(state, first, counter, events)


def _precedes(preferred, other, share: int, run: int) -> bool:
    """Whether a ticket of a priority class goes before an ordinary one; a share of 1 prefers nobody."""
    return run < share - 1 if share > 1 else preferred.at < other.at


def call(state, rules, command, now, events):
    """The ticket that the clerk names."""
    counter = operands.counter(rules, command)
    _called(state, operands.ticket(state, command, WAITING, PARKED, NOSHOW), counter, events)


def _called(state, ticket, counter, events):
    # The call comes first: it is what the key stands for, should the power go between the two.
    events.add("ticket.called", no=ticket.no, counter=counter, c=state.c + 1)
    for other in state.open():
        if other.counter == counter and other.status in (CALLED, SERVING) and other.no != ticket.no:
            events.add("ticket.done", no=other.no)


def recall(state, rules, command, now, events):
    """The same call again, as a new one for those who speak it."""
    ticket = operands.ticket(state, command, CALLED, SERVING)
    events.add("ticket.recalled", no=ticket.no, counter=ticket.counter, c=state.c + 1)

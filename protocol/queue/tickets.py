"""Commands on a ticket: from its issue to the end of the visit."""

from protocol.errors import Refused
from protocol.queue import operands
from protocol.queue.day import second
from protocol.queue.state import BEGUN, CALLED, DONE, NOSHOW, PARKED, PRIORITIES, SCORED, SERVING, WAITING


def issue(state, rules, command, now, events):
    """A number of the leader's band; with paper it is burnt here and waits for `printed` or `void`."""
    service = operands.service(rules, command)
    priority = operands.text(command, "priority")
    if priority not in PRIORITIES:
        raise Refused("bad_command")
    if service in state.closed:
        raise Refused("closed")
    no = max(rules.low, state.highest(rules.low, rules.high) + 1)
    if no > rules.high:
        raise Refused("full")
    kind = "ticket.begun" if command.get("paper", 0) else "ticket.issued"
    events.add(kind, no=no, service=service, priority=priority, at=second(state, rules, now), q=now.q)


def printed(state, rules, command, now, events):
    """The paper is out: the ticket waits."""
    events.add("ticket.printed", no=operands.ticket(state, command, BEGUN).no, doubt=0)


def void(state, rules, command, now, events):
    """The paper failed: nobody holds the number."""
    why = operands.text(command, "why", 40)
    events.add("ticket.void", no=operands.ticket(state, command, BEGUN).no, why=why)


def _move(kind, *allowed):
    def handler(state, rules, command, now, events):
        events.add(kind, no=operands.ticket(state, command, *allowed).no)

    return handler


def transfer(state, rules, command, now, events):
    """On to another service, with the same number and place."""
    service = operands.service(rules, command)
    ticket = operands.ticket(state, command, WAITING, CALLED, SERVING, PARKED)
    if service == ticket.service:
        raise Refused("wrong_state")
    events.add("ticket.transferred", no=ticket.no, service=service)


def rate(state, rules, command, now, events):
    """What the citizen says of the service, once."""
    no, score = operands.whole(command, "ticket"), operands.whole(command, "score")
    if not 1 <= score <= 4:
        raise Refused("bad_command")
    status = state.status(no)
    if not status:
        raise Refused("no_ticket")
    if status != DONE and (status != SERVING or state.ticket(no).flags & SCORED):
        raise Refused("wrong_state")
    events.add("ticket.rated", no=no, score=score)


serve = _move("ticket.serving", CALLED)
finish = _move("ticket.done", CALLED, SERVING)
no_show = _move("ticket.noshow", CALLED)
park = _move("ticket.parked", CALLED, SERVING)
resume = _move("ticket.resumed", PARKED, NOSHOW)

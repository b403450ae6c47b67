"""What a hall's screens show (contract, section 5). Numbers and ids only; texts belong to the site."""

from protocol.queue.state import CALLED, NAMES, SERVING, WAITING


def board(state, rules, now, line: str) -> dict:
    """The board at `now`; `line` is "up", "down" (the leader is out of reach) or "local" (shown by the leader)."""
    waiting: dict = {}
    counters: dict = {}
    for ticket in state.open():
        if ticket.status == WAITING:
            waiting[ticket.service] = waiting.get(ticket.service, 0) + 1
        elif ticket.status in (CALLED, SERVING):
            # A power cut between a call and the end of the one before leaves two: the later is at the counter.
            other = counters.get(ticket.counter, ticket)
            counters[ticket.counter] = ticket if other.since <= ticket.since else other
    second = now.t // 1000
    return {
        "day": state.serial,
        "term": state.term,
        "rev": state.rev,
        "line": line,
        "services": [
            {"id": one, "waiting": waiting.get(one, 0), "open": 0 if one in state.closed else 1}
            for one in rules.services
        ],
        "calls": [
            {
                "c": c,
                "no": no,
                "service": state.names[service],
                "counter": state.names[counter],
                "ago": max(0, second - t) if t and second else 0,
            }
            for c, no, service, counter, t in state.calls
        ],
        "counters": [
            {
                "id": one,
                "no": counters[one].no if one in counters else 0,
                "state": NAMES[counters[one].status] if one in counters else "",
            }
            for one in rules.order
        ],
    }

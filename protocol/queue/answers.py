"""What the queue answers: the outcome of a command, and the list of those who wait."""

from protocol.queue.state import WAITING


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

"""What the queue answers: the outcome of a command, remembered by its key, and the list of those who wait."""

from protocol.queue.state import WAITING

KEYS = 64  # commands whose first answer is remembered


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


def remember(state, key, entry, rev, late) -> None:
    """Keep what the command `key` did. A late one never displaces one of this term, nor what its key has answered."""
    no, service, counter = entry
    keys = state.keys
    end = len(keys) - state.fresh if late else len(keys)
    if end and keys[end - 1][0] == key:
        first = keys[end - 1]  # the first event of a command tells what it did; later ones tidy up
        if first[1]:
            _, no, service, counter, _ = first
        keys[end - 1] = (key, no, service, counter, rev)
        return
    if late and any(one[0] == key for one in keys):
        return
    keys.insert(end, (key, no, service, counter, rev))
    if not late:
        state.fresh += 1
    if len(keys) > KEYS:
        del keys[0]
        state.fresh = min(state.fresh, KEYS)


def outcome(key: str, events, state) -> dict:
    """The outcome of a command that gave `events`, which `state` has applied."""
    return answer(state, key) or {"key": key, "outcome": "done", "rev": state.rev}


def waiting(state) -> list:
    """The open tickets: those that wait first, in the order of their places; then the others by issue."""
    lists: tuple[list, list] = ([], [])
    for i, ticket in enumerate(state.open()):
        lists[ticket.status != WAITING].append((ticket.at, i, ticket))  # MicroPython's sort does not keep ties in order
    return [one[2] for one in sorted(lists[0], key=_place) + lists[1]]


def _place(one):
    return one[:2]

"""The operands of a command, each checked as it is taken. All raise Refused with the reason."""

from protocol.errors import Refused

KEY = 40  # characters at most
_KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-"


def is_key(key) -> bool:
    """Whether `key` may name a command: 1 to 40 of [A-Za-z0-9._:-]."""
    return isinstance(key, str) and 0 < len(key) <= KEY and all(letter in _KEY for letter in key)


def whole(command, name: str) -> int:
    """An integer that must be there."""
    value = command.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refused("bad_command")
    return value


def text(command, name: str, longest: int = 32) -> str:
    """A text of at most `longest` characters, "" where it is not there."""
    value = command.get(name, "")
    if not isinstance(value, str) or len(value) > longest:
        raise Refused("bad_command")
    return value


def service(rules, command) -> str:
    """A service of the hall."""
    named = text(command, "service")
    if named not in rules.services:
        raise Refused("unknown_service")
    return named


def counter(rules, command) -> str:
    """A counter of the hall."""
    named = text(command, "counter")
    if named not in rules.counters:
        raise Refused("unknown_counter")
    return named


def ticket(state, command, *allowed):
    """An open ticket of today in one of the states `allowed`."""
    no = whole(command, "ticket")
    if not state.status(no):
        raise Refused("no_ticket")
    found = state.ticket(no)
    if found is None or found.status not in allowed:
        raise Refused("wrong_state")
    return found

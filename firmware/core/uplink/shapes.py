"""What messages down must look like before the device acts on them: integers from 0 up, short texts, nested parts."""

TEXT = 64  # characters of a text at most; none that a device acts on is longer

ACK = {"log": str, "seq": int, "now": int, "rate": int}
COMMAND = {"id": str, "expires": int, "op": str, "args": dict}
CONFIG = {"hash": str, "doc": dict}
GRANT = {"term": int, "leader": str}
OUTCOME = {"outcome": str, "rev": int}
PRESENCE = {"online": int, "sid": str}
RESPONSE = {"id": str, "ok": int}
BOARD = {
    "day": int,
    "term": int,
    "rev": int,
    "line": str,
    "services": [{"id": str, "waiting": int}],
    "calls": [{"c": int, "no": int, "service": str, "counter": str, "ago": int}],
    "counters": [{"id": str, "no": int, "state": str}],
}


def fits(value, shape) -> bool:
    """Whether `value` has the shape: a type, a dict of shapes by name (other names pass), or [shape] for a list."""
    if type(shape) is list:
        return type(value) is list and all(fits(one, shape[0]) for one in value)
    if type(shape) is dict:
        return type(value) is dict and all(name in value and fits(value[name], shape[name]) for name in shape)
    if type(value) is not shape:
        return False
    return value >= 0 if shape is int else len(value) <= TEXT if shape is str else True

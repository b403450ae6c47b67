"""Kinds of durable events with their fields, and the envelope in which devices send them.

A field's form: "id", "text", "long", "int" (0 and up), "flag" (0, 1), "quality", "key", "date", or a tuple of the
texts allowed. A trailing "?" makes it optional. Fields and kinds are only ever added; unknown ones pass.
"""

from protocol.errors import BadMessage
from protocol.topics import is_id

VERSION = 1
MAX_SEQ = (1 << 53) - 1  # JSON numbers are exact up to here everywhere
MAX_MS = 253_402_300_799_999  # the end of the year 9999, Unix milliseconds
BATCH = 256  # events in one message at most

_PRIORITY = ("", "elderly", "disabled", "pregnant", "infant")
_Q = {"rev": "int", "term": "int", "key": "key?"}  # every event of the queue


def _queue(**fields):
    fields.update(_Q)
    return fields


KINDS = {
    "day.opened": _queue(serial="int", date="date", q="quality", restart="flag", keep="keep", start="int?"),
    "ticket.begun": _queue(no="int", service="id", priority=_PRIORITY, at="int", q="quality"),
    "ticket.issued": _queue(no="int", service="id", priority=_PRIORITY, at="int", q="quality"),
    "ticket.printed": _queue(no="int", doubt="flag"),
    "ticket.void": _queue(no="int", why="text"),
    "ticket.called": _queue(no="int", counter="id", c="int"),
    "ticket.recalled": _queue(no="int", counter="id", c="int"),
    "ticket.serving": _queue(no="int"),
    "ticket.done": _queue(no="int"),
    "ticket.noshow": _queue(no="int"),
    "ticket.parked": _queue(no="int"),
    "ticket.resumed": _queue(no="int"),
    "ticket.transferred": _queue(no="int", service="id"),
    "ticket.rated": _queue(no="int", score="int"),
    "service.opened": _queue(service="id"),
    "service.closed": _queue(service="id"),
    "lead.granted": _queue(leader="id", burnt_from="int?", burnt_to="int?"),
    "lead.passed": _queue(leader="id"),
    "lead.resumed": _queue(),
    "device.booted": {"fw": "text", "reset": "text", "boots": "int"},
    "device.crashed": {"text": "long"},
    "paper.ok": {},
    "paper.low": {},
    "paper.out": {},
    "fault.raised": {"code": "text"},
    "fault.cleared": {"code": "text"},
    "clock.stepped": {"from": "int", "to": "int", "q": "quality"},
    "config.applied": {"hash": "text"},
    "config.rejected": {"hash": "text", "why": "long"},
    "journal.full": {},
    "update.taken": {"rel": "text"},
    "update.ready": {"rel": "text"},
    "update.done": {"rel": "text"},
    "update.failed": {"rel": "text", "why": "text"},
    "gap": {"lo": "int", "hi": "int"},
}


def _is_int(value) -> bool:
    return type(value) is int and 0 <= value <= MAX_SEQ


_FORMS = {
    "int": _is_int,
    "keep": lambda value: type(value) is int and -1 <= value <= MAX_SEQ,
    "flag": lambda value: type(value) is int and 0 <= value <= 1,
    "quality": lambda value: type(value) is int and 0 <= value <= 4,
    "id": is_id,
    "key": lambda value: type(value) is str and len(value) <= 40,
    "text": lambda value: type(value) is str and len(value) <= 64,
    "long": lambda value: type(value) is str and len(value) <= 1024,
    "date": lambda value: type(value) is str and len(value) in (0, 10),
}


def _plan(fields):
    """(name, test, whether it must be there) for each field, sorted by name."""
    made = []
    for name in sorted(fields):
        form = fields[name]
        if type(form) is str:
            made.append((name, _FORMS[form.rstrip("?")], not form.endswith("?")))
        else:
            made.append((name, _among(form), True))
    return tuple(made)


def _among(allowed):
    return lambda value: type(value) is str and value in allowed


_PLANS = {kind: _plan(fields) for kind, fields in KINDS.items()}


def is_kind(kind) -> bool:
    """Whether `kind` is the name of some kind, known or yet to come: letters, digits, dots, 1 to 32."""
    return type(kind) is str and 0 < len(kind) <= 32 and is_id(kind.replace(".", "-"))


def check(kind: str, data) -> None:
    """Raise BadMessage where `data` lacks a field of `kind` or has one of a wrong form. Unknown kinds pass."""
    if type(data) is not dict:
        raise BadMessage("the data of an event is no object")
    for name, test, needed in _PLANS.get(kind, ()):
        if name not in data:
            if needed:
                raise BadMessage("%s without %s" % (kind, name))
        elif test is _is_int:  # most fields: without a call
            value = data[name]
            if type(value) is not int or not 0 <= value <= MAX_SEQ:
                raise BadMessage("%s: wrong %s" % (kind, name))
        elif not test(data[name]):
            raise BadMessage("%s: wrong %s" % (kind, name))


def check_event(event) -> None:
    """Raise BadMessage where `event` is not [seq, t, q, up, kind, data]."""
    if type(event) is not list or len(event) != 6:
        raise BadMessage("an event has six parts")
    seq, t, q, up, kind, data = event
    if type(seq) is not int or not 0 < seq <= MAX_SEQ:
        raise BadMessage("wrong seq")
    if type(t) is not int or not 0 <= t <= MAX_MS:
        raise BadMessage("wrong t")
    if type(q) is not int or not 0 <= q <= 4:
        raise BadMessage("wrong q")
    if type(up) is not int or not 0 <= up <= MAX_SEQ:
        raise BadMessage("wrong up")
    if type(kind) is not str or (kind not in _PLANS and not is_kind(kind)):
        raise BadMessage("wrong kind")
    check(kind, data)


def check_envelope(value) -> None:
    """Raise BadMessage where `value` is not a batch; its events are checked one by one with `check_event`."""
    if type(value) is not dict:
        raise BadMessage("a batch is an object")
    if value.get("v") != VERSION or type(value["v"]) is not int:
        raise BadMessage("unknown version")
    log, boot, lo, events = value.get("log"), value.get("boot"), value.get("lo"), value.get("e")
    if not is_id(log):
        raise BadMessage("wrong log")
    if type(boot) is not int or not 0 < boot <= MAX_SEQ:
        raise BadMessage("wrong boot")
    if type(lo) is not int or not 0 < lo <= MAX_SEQ:
        raise BadMessage("wrong lo")
    if type(events) is not list or not 0 < len(events) <= BATCH:
        raise BadMessage("wrong e")


def envelope(log: str, boot: int, lo: int, events):
    """The batch of `events` ([seq, t, q, up, kind, data], seq rising by one) of one boot."""
    return {"v": VERSION, "log": log, "boot": boot, "lo": lo, "e": events}

"""What an event message says, or why it cannot be used."""

from typing import Any, NamedTuple

import orjson

from controller.ingest.refusals import Unusable
from protocol import topics
from protocol.canonical import decode, encode
from protocol.errors import BadMessage, BalaiError
from protocol.events import KINDS, VERSION, check_envelope

LARGEST = 4096  # bytes of a message
LARGEST_INT = (1 << 53) - 1
EARLIEST = 1_704_067_200_000  # 1 January 2024: no device is older
_NONE: frozenset[str] = frozenset()
_NAMED = {kind: frozenset(fields) for kind, fields in KINDS.items()}
AHEAD_MS = 86_400_000  # a clock may be wrong by a time zone, not by more than a day into the future


Item = tuple[int, int, int, int, str, dict[str, object]]  # seq, t, q, up, kind, data; a list on the wire


class Batch(NamedTuple):
    """A batch of events of one boot, its envelope checked, its events not yet."""

    log: str
    boot: int
    lo: int
    first: int  # seq of the first event; the others follow one by one
    events: list[Item]


def sender(topic: str) -> tuple[str, str]:
    """Return the device whose topic this is, and what it says there ("event", "state", ...).

    Raises Unusable with "bad_topic".
    """
    try:
        parsed = topics.parse(topic)
    except BalaiError as error:
        raise Unusable("bad_topic", str(error)) from None
    if parsed.kind != "up":
        raise Unusable("bad_topic", "not said by a device")
    return str(parsed.id), str(parsed.what)


def body(payload: bytes, stale: bool) -> dict[str, object]:
    """Return the object in a message other than events. `stale`: it is retained and must not be.

    Raises Unusable with "retained", "too_large" or "not_json".
    """
    if stale:
        raise Unusable("retained")
    if len(payload) > LARGEST:
        raise Unusable("too_large", f"{len(payload)} bytes")
    value = _strictly(payload)
    if not isinstance(value, dict):
        raise Unusable("not_json", "not an object")
    return value


def batch(payload: bytes) -> Batch:
    """Return the batch in a message's payload.

    Raises Unusable with "too_large", "not_json", "bad_version" or "bad_envelope".
    """
    if len(payload) > LARGEST:
        raise Unusable("too_large", f"{len(payload)} bytes")
    value = _decode(payload)
    try:
        check_envelope(value)
    except BadMessage as error:
        _strictly(payload)
        version = value.get("v") if isinstance(value, dict) else VERSION
        raise Unusable("bad_envelope" if version == VERSION else "bad_version", str(error)) from None
    log, boot, lo, items = value["log"], value["boot"], value["lo"], value["e"]
    first: int = items[0][0] if type(items[0]) is list and items[0] and type(items[0][0]) is int else 0
    for seq, item in enumerate(items, first):
        if type(item) is not list or len(item) != 6 or item[0] != seq:
            raise Unusable("bad_envelope", "its events do not follow one another")
    if not 0 < lo <= first:
        raise Unusable("bad_envelope", "lo is above its first event")
    return Batch(log, boot, lo, first, items)


def _decode(payload: bytes) -> Any:
    """Do what `canonical.decode` does, ten times as quickly for what is canonical.

    What the contract does not allow in what it does not name (fractions, depth) is left to `extras`.
    """
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return _strictly(payload)


def extras(kind: str, data: dict[str, object]) -> None:
    """Raise BadMessage where fields of an event that the contract does not name hold what no message may."""
    if not data.keys() <= _NAMED.get(kind, _NONE):
        encode(data)


def _strictly(payload: bytes) -> Any:
    try:
        value = decode(payload)
        encode(value)  # refuses half of a surrogate pair, which no database takes
    except BadMessage as error:
        raise Unusable("not_json", str(error)) from None
    return value


def salvage(payload: bytes) -> tuple[str, int, int]:
    """Return log, first and last seq of a batch that cannot be used, so that it can be passed over.

    ("", 0, 0) where they cannot be read.
    """
    try:
        value = decode(payload, 1 << 20)
        log, items = value["log"], value["e"]
        first, last = items[0][0], items[-1][0]
    except (BalaiError, TypeError, KeyError, IndexError):
        return "", 0, 0
    good = topics.is_id(log) and type(first) is int and type(last) is int
    return (log, first, last) if good and 0 < first <= last <= LARGEST_INT else ("", 0, 0)


def plausible(t: int, at: int) -> bool:
    """Whether a device's time can be true, the controller's being `at` (both Unix ms)."""
    return EARLIEST <= t <= at + AHEAD_MS

"""What an event message says, or why it cannot be used."""

from typing import NamedTuple

from controller.ingest.refusals import Unusable
from protocol import events, topics
from protocol.canonical import decode
from protocol.errors import BadMessage, BalaiError

LARGEST = 4096  # bytes of a message
LARGEST_INT = (1 << 53) - 1
LONGEST_KIND = 40
EARLIEST = 1_704_067_200_000  # 1 January 2024: no device is older
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
    try:
        value = decode(payload)
    except BadMessage as error:
        raise Unusable("not_json", str(error)) from None
    if not isinstance(value, dict):
        raise Unusable("not_json", "not an object")
    return value


def batch(payload: bytes) -> Batch:
    """Return the batch in a message's body.

    Raises Unusable with "too_large", "not_json", "bad_version" or "bad_envelope".
    """
    if len(payload) > LARGEST:
        raise Unusable("too_large", f"{len(payload)} bytes")
    try:
        value = decode(payload)
    except BadMessage as error:
        raise Unusable("not_json", str(error)) from None
    try:
        events.check_envelope(value)
    except BadMessage as error:
        version = value.get("v") if isinstance(value, dict) else 1
        raise Unusable("bad_version" if version != 1 else "bad_envelope", str(error)) from None
    rows = value["e"]
    return Batch(value["log"], value["boot"], value["lo"], rows[0][0], rows)


def event(kind: str, data: dict[str, object]) -> None:
    """Check one event's kind and data; an unknown kind is fine.

    Raises Unusable with "bad_event".
    """
    try:
        events.check(kind, data)
    except BadMessage as error:
        raise Unusable("bad_event", str(error)) from None


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
    good = type(log) is str and len(log) == 16 and log.isalnum() and type(first) is int and type(last) is int
    return (log, first, last) if good and 0 < first <= last <= LARGEST_INT else ("", 0, 0)


def plausible(t: int, at: int) -> bool:
    """Whether a device's time can be true, the controller's being `at` (both Unix ms)."""
    return EARLIEST <= t <= at + AHEAD_MS

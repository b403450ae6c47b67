"""What an event message says, or why it cannot be used."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from controller.ingest.mqtt.lane import Message
from controller.ingest.refusals import Unusable
from protocol import topics
from protocol.canonical import decode, encode
from protocol.errors import BadMessage, BalaiError
from protocol.events import KINDS, MAX_SEQ, VERSION, check_envelope, check_event

LARGEST = 4096  # bytes of a message
EARLIEST = 1_704_067_200_000  # 1 January 2024: no device is older
_NONE: frozenset[str] = frozenset()
_NAMED = {kind: frozenset(fields) for kind, fields in KINDS.items()}
AHEAD_MS = 86_400_000  # a clock may be wrong by a time zone, not by more than a day into the future
ENVELOPE = 5  # fields of a batch
SENDERS = 20_000  # topics remembered


Item = tuple[int, int, int, int, str, dict[str, object]]  # seq, t, q, up, kind, data; a list on the wire


class Batch(NamedTuple):
    """A batch of events of one boot, its envelope checked, its events not yet."""

    log: str
    boot: int
    lo: int
    first: int  # seq of the first event; the others follow one by one
    events: list[Item]


class Said(NamedTuple):
    """What one message says, or why it cannot be used: `batch` or `error` is None."""

    topic: bytes
    device: str  # "" where the topic is no device's
    payload: bytes
    batch: Batch | None
    texts: list[str | Exception]  # for each event of the batch its data in canonical JSON, or what is wrong with it
    error: Unusable | None = None


class Reader:
    """Reads messages; needs no database, so that it can be done while the ones before are being stored."""

    def __init__(self) -> None:
        self._senders: dict[bytes, str] = {}

    def read(self, messages: Sequence[Message]) -> list[Said]:
        """Return what each message says."""
        made = []
        for topic, payload, _mid, _retained in messages:
            device = self._senders.get(topic) or self._sender(topic)
            try:
                if not device:
                    raise Unusable("bad_topic", topic.decode("utf-8", "backslashreplace"))
                said = batch(payload)
            except Unusable as error:
                made.append(Said(topic, device, payload, None, [], error))
            else:
                made.append(Said(topic, device, payload, said, texts(said.events)))
        return made

    def _sender(self, topic: bytes) -> str:
        """Return the device that publishes its events on a topic, "" where it is no device's."""
        try:
            device, what = sender(topic.decode())
        except (Unusable, UnicodeDecodeError):
            return ""
        if what != "event":
            return ""
        if len(self._senders) >= SENDERS:
            self._senders.clear()
        self._senders[topic] = device
        return device


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
    if len(value) != ENVELOPE:
        _strictly(payload)  # a field to come may hold what no message may
    log, boot, lo, items = value["log"], value["boot"], value["lo"], value["e"]
    first: int = items[0][0] if type(items[0]) is list and items[0] and type(items[0][0]) is int else 0
    for seq, item in enumerate(items, first):
        if type(item) is not list or len(item) != 6 or item[0] != seq:
            raise Unusable("bad_envelope", "its events do not follow one another")
    if not 0 < lo <= first:
        raise Unusable("bad_envelope", "lo is above its first event")
    if first + len(items) - 1 > MAX_SEQ:
        raise Unusable("bad_envelope", "its numbers are too large")
    return Batch(log, boot, lo, first, items)


def texts(events: Sequence[Item]) -> list[str | Exception]:
    """Return for each event of a batch its data in canonical JSON, or what is wrong with the event."""
    made: list[str | Exception] = []
    for event in events:
        try:
            check_event(event)
            data = event[5]
            if not data.keys() <= _NAMED.get(event[4], _NONE):
                encode(data)  # fields that the contract does not name hold nothing that no message may
            made.append(text(data))
        except (BadMessage, TypeError) as error:
            made.append(error)
    return made


def text(value: object) -> str:
    """Return the canonical JSON of a value that came as JSON. Raises TypeError where it is nested a hundredfold."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _decode(payload: bytes) -> Any:
    """Do what `canonical.decode` does, ten times as quickly for what is canonical.

    What the contract does not allow in what it does not name (fractions, depth) is left to `batch` and `texts`.
    """
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:
        return _strictly(payload)


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
    return (log, first, last) if good and 0 < first <= last <= MAX_SEQ else ("", 0, 0)


def plausible(t: int, at: int) -> bool:
    """Whether a device's time can be true, the controller's being `at` (both Unix ms)."""
    return EARLIEST <= t <= at + AHEAD_MS

"""The judge: what is wrong at a hall, from what is known of it and its devices. Pure: no clock, no database.

    judge(site, devices, now)          -> what should be open: the findings
    settle(standing, findings, now)    -> what to open and to close, without flapping

Nothing new is found outside opening hours; what stands, stands until its cause is gone, whatever the hour. Where the
whole hall is out of reach that is one finding, and none of its devices is found to be out of reach for itself.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from controller.fleet.hours.calendar import Calendar
from controller.incidents.judging.kinds import (
    BACKLOG,
    CLOCK,
    CONFIG,
    CRASHES,
    FAULT,
    HEAP,
    JOURNAL,
    KINDS,
    OFFLINE,
    PAPER_LOW,
    PAPER_OUT,
    SITE_GONE,
)
from controller.incidents.judging.watch import HOUR_MS, SETTLE_MS, Watch
from protocol.codes import JOURNAL_FULL, JOURNAL_NEAR

TRUSTED = 3  # the least quality of a clock that is believed (contract, section 2)
CRASHES_AN_HOUR = 3


class Key(NamedTuple):
    """What an incident is about: there is at most one open for each. `device` is "" where it is the whole hall."""

    site: str
    device: str
    kind: str


class Finding(NamedTuple):
    """Something is wrong. `detail`: a code or a figure, the same as long as it is the same trouble."""

    key: Key
    detail: str = ""


@dataclass(frozen=True)
class Limits:
    """From where on something is wrong; of each pair the second is where it is right again.

    grace: ms of opening time for which a device may be out of reach.
    heap: bytes that Python has free. A message has up to 4,096 and is there twice while it is read.
    backlog: events. A busy hall makes some 20 in a quarter of an hour, and a device with a line keeps none.
    """

    grace: int = 600_000
    heap: tuple[int, int] = (8_192, 12_288)
    backlog: tuple[int, int] = (100, 20)


@dataclass(frozen=True)
class SiteFacts:
    """A hall. `standing`: what is open there."""

    id: str
    calendar: Calendar
    watch: Watch
    limits: Limits = field(default_factory=Limits)
    standing: frozenset[Key] = frozenset()


@dataclass(frozen=True)
class DeviceFacts:
    """A device in its place: its coming and going, its last word, and what its events have told.

    `clock`, `heap`, `backlog`, `code`, `boots`, `reset` as in a state (contract, section 2); `paper` is "ok", "low",
    "out" or "" for unknown; `full`: when its journal was last full, Unix ms; `refuses`: it has rejected what it should
    be configured to; `crashed`: its boots after a crash or by the watchdog, to when they were (Unix ms).
    """

    id: str
    watch: Watch
    clock: int = TRUSTED
    heap: int = 1 << 20
    backlog: int = 0
    code: str = ""
    boots: int = 0
    reset: str = "power"
    paper: str = ""
    fault: str = ""
    full: int = 0
    refuses: bool = False
    crashed: Mapping[int, int] = field(default_factory=dict)


def judge(site: SiteFacts, devices: Sequence[DeviceFacts], now: int) -> list[Finding]:
    """Return what is wrong at a hall; of what stands there also that of which nothing new can be known."""
    open_now = site.calendar.is_open(now)
    gone = bool(devices) and site.watch.away > 0
    found: list[Finding] = []
    whole = Key(site.id, "", SITE_GONE)
    if gone and not site.watch.there and (whole in site.standing or _too_long(site, site.watch.away, now)):
        found.append(Finding(whole))
    for device in devices:
        if device.watch.there:
            found += _wrong(site, device, now)
            continue
        found += (Finding(key) for key in sorted(site.standing) if key.device == device.id and key.kind != OFFLINE)
        key = Key(site.id, device.id, OFFLINE)
        since = max(device.watch.away, site.watch.changed if site.watch.there else 0)
        if key in site.standing or (not gone and _too_long(site, since, now)):
            found.append(Finding(key))
    return [one for one in found if open_now or one.key in site.standing]


def cause(devices: Iterable[DeviceFacts]) -> str:
    """Return why a hall was out of reach, from those of its devices that are back: "power", "uplink" or "".

    A device that has not booted since had electricity all the time. Where all have, by the electricity coming back,
    that had been off. `watch.boots` is the count from before they went.
    """
    back = [device for device in devices if device.watch.there and device.watch.boots]
    if any(device.boots == device.watch.boots for device in back):
        return "uplink"
    return "power" if back and all(device.reset == "power" for device in back) else ""


def _too_long(site: SiteFacts, since: int, now: int) -> bool:
    grace = site.limits.grace
    return now - since >= grace and site.calendar.open_ms(since, now, grace) >= grace


def _wrong(site: SiteFacts, device: DeviceFacts, now: int) -> Iterator[Finding]:
    """Give what is wrong with a device that is there."""

    def key(kind: str) -> Key:
        return Key(site.id, device.id, kind)

    def past(kind: str, limits: tuple[int, int]) -> int:
        return limits[key(kind) in site.standing]

    if device.paper == "out":
        yield Finding(key(PAPER_OUT))
    if device.paper == "low":
        yield Finding(key(PAPER_LOW))
    if device.fault:
        yield Finding(key(FAULT), device.fault)
    if device.clock < TRUSTED:
        yield Finding(key(CLOCK))
    if device.heap < past(HEAP, site.limits.heap):
        yield Finding(key(HEAP))
    if device.backlog > past(BACKLOG, site.limits.backlog):
        yield Finding(key(BACKLOG))
    crashes = sum(0 <= now - at < HOUR_MS for at in device.crashed.values())
    if crashes >= past(CRASHES, (CRASHES_AN_HOUR, 1)):
        yield Finding(key(CRASHES))
    if device.code in (JOURNAL_NEAR, JOURNAL_FULL) or 0 < now - device.full < HOUR_MS:
        yield Finding(key(JOURNAL))
    if device.refuses:
        yield Finding(key(CONFIG))


class Seen(NamedTuple):
    """How long a cause has been seen, or not been seen. `since`: of the first look at which it was (not)."""

    standing: bool
    since: int


class Verdict(NamedTuple):
    """What to open and to close now, and what to remember until the next look."""

    opened: list[Finding]
    closed: list[Key]
    seen: dict[Key, Seen]


def settle(standing: Collection[Key], seen: Mapping[Key, Seen], findings: Sequence[Finding], now: int) -> Verdict:
    """Return what changes: a cause opens an incident when it has lasted for its kind's `hold`, and closes it when it
    has been gone for `SETTLE_MS`. `seen` is what the last call returned, {} after a start."""
    found = {finding.key: finding for finding in findings}
    opened: list[Finding] = []
    closed: list[Key] = []
    kept: dict[Key, Seen] = {}
    for key, finding in found.items():
        if key in standing:
            continue
        before = seen.get(key)
        since = before.since if before is not None and not before.standing else now
        if now - since >= KINDS[key.kind].hold:
            opened.append(finding)
        else:
            kept[key] = Seen(False, since)
    for key in sorted(set(standing) - set(found)):
        before = seen.get(key)
        since = before.since if before is not None and before.standing else now
        if now - since >= SETTLE_MS:
            closed.append(key)
        else:
            kept[key] = Seen(True, since)
    return Verdict(opened, closed, kept)

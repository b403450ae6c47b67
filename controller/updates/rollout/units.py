"""What the state machine of rollouts works on: values, all of them frozen. Times are Unix ms on our own clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

DAY_MS = 86_400_000


class Is(StrEnum):
    """Where a device stands in a rollout."""

    PENDING = "pending"  # it has not been ordered anything, or not since its last failure was forgotten
    ORDERED = "ordered"
    TAKEN = "taken"  # the order is on its flash
    READY = "ready"  # everything is there and checked; it waits for its moment
    TRIAL = "trial"  # it runs the release and has not confirmed it
    RECALLED = "recalled"  # the order is taken back, and the device does not know it yet
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    GONE = "gone"  # swapped, moved or trusted no more
    CANCELLED = "cancelled"


ON_ITS_WAY = frozenset({Is.ORDERED, Is.TAKEN, Is.READY})
IN_FLIGHT = ON_ITS_WAY | {Is.TRIAL, Is.RECALLED}  # another device of the hall has to wait


class Stand(StrEnum):
    """Where a rollout stands."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"  # by itself: too many failures
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Plan:
    """How a rollout is done.

    `parallel`: devices at a time. `pace`: ms between two chunks that one device asks for. `budget`: bytes of bundles a
    site and day, 0 for no limit. `taken_s`, `ready_s`, `done_s`: how long a device that is there may take for each
    step. `stop_share`: percent of failures. `retries`: further attempts of a device, `retry_s` after a failure at
    the earliest. `now`: 1 for a restart at once.
    """

    parallel: int
    pace: int = 0
    budget: int = 0
    taken_s: int = 300
    ready_s: int = 7_200
    done_s: int = 43_200
    stop_share: int = 20
    retries: int = 1
    retry_s: int = 60
    offline_days: int = 14
    now: int = 0

    def step_ms(self, state: Is) -> int:
        """Return how long a device that is there may stand at a step, ms."""
        return 1000 * {Is.ORDERED: self.taken_s, Is.RECALLED: self.taken_s, Is.TAKEN: self.ready_s}.get(
            state, self.done_s
        )


@dataclass(frozen=True)
class Unit:
    """One device of a rollout.

    `ring`: from 0; -1 where it is in none. `why` it failed or is skipped. `tries`: orders so far. `ordered`: when the
    last was. `spent`: ms that it has been there at this step. `absent`: since when it is away, 0 while it is there.
    `failed`: when its last attempt did. `spoilt`: 1 where it had given this release up before the last order.
    `forgiven`: 1 where somebody has looked at its failure. `bytes`: ordered so far.
    """

    device: str
    site: str
    position: str
    role: str
    ring: int
    state: Is = Is.PENDING
    why: str = ""
    tries: int = 0
    ordered: int = 0
    spent: int = 0
    absent: int = 0
    failed: int = 0
    spoilt: int = 0
    forgiven: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Rollout:
    """A rollout of the release `rel`, whose bundle has `size` bytes. `moment`: up to when its clocks are counted."""

    rel: str
    size: int
    plan: Plan
    moment: int
    units: Mapping[str, Unit] = field(repr=False)
    stand: Stand = Stand.RUNNING
    why: str = ""

    @property
    def in_flight(self) -> int:
        """How many devices have an order that is not settled."""
        return sum(unit.state in IN_FLIGHT for unit in self.units.values())

    @property
    def alive(self) -> bool:
        """Whether anything can still happen in it by itself."""
        return self.stand in (Stand.RUNNING, Stand.PAUSED, Stand.STOPPED) or self.in_flight > 0


class Heard(NamedTuple):
    """When the controller has stored what a device told of the release, 0 for never; `why` it failed."""

    taken: int = 0
    ready: int = 0
    done: int = 0
    failed: int = 0
    why: str = ""


class Seen(NamedTuple):
    """A device as it is now.

    `here`: it is trusted and stands where it stood when the rollout began. `online`: its birth has been answered.
    `rel`: what it says that it runs, "" where it does not know; None where its firmware cannot be updated over the
    air. `known`: it has ever said its state. `tz`: minutes east of UTC.
    """

    here: bool = True
    online: bool = False
    known: bool = True
    rel: str | None = ""
    bad_rel: str = ""
    heard: Heard = Heard()
    tz: int = 420


class Spent(NamedTuple):
    """Bytes of bundles that a site was ordered to fetch on a local day."""

    day: int
    bytes: int


@dataclass(frozen=True)
class World:
    """What a rollout is decided by beside itself.

    `busy`: the devices of other rollouts that are in flight, by site.
    """

    now: int
    seen: Mapping[str, Seen]
    traffic: Mapping[str, Spent] = field(default_factory=dict)
    busy: Mapping[str, frozenset[str]] = field(default_factory=dict)

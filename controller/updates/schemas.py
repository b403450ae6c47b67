"""Bodies of the HTTP API of releases and rollouts."""

from collections import Counter
from typing import Annotated, Self

from fastapi import Path
from pydantic import BaseModel, Field, StrictBool, StringConstraints, model_validator

from controller.fleet.schemas import NUMBER, Id, Strict, Text
from controller.updates.models import Release
from controller.updates.models import Rollout as Row
from controller.updates.rollout.orders import Asked
from controller.updates.rollout.plan import pace
from controller.updates.rollout.units import Plan, Rollout, Unit

SITES = 10_000
RelPath = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
RolloutPath = Annotated[int, Path(ge=1, lt=2**31)]
Rel = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Percent = Annotated[int, Field(ge=1, le=100), NUMBER]
Seconds = Annotated[int, Field(ge=1, le=1_000_000), NUMBER]


class FilePublic(BaseModel):
    """A file of a release."""

    name: str
    size: int
    sha256: str


class ReleasePublic(BaseModel):
    """A release, as its manifest has it. `blob`: the SHA-256 of the bundle; `at`: Unix ms."""

    rel: str
    fw: str
    seq: int
    abi: int
    least: str
    roles: list[str]
    back: int
    files: list[FilePublic]
    blob: str
    size: int
    who: str
    at: int

    @classmethod
    def of(cls, one: Release) -> "ReleasePublic":
        """Return a release as others see it."""
        return cls(
            rel=one.rel, fw=one.fw, seq=one.seq, abi=one.abi, least=one.least, roles=one.roles.split(), back=one.back,
            files=[FilePublic(name=str(name), size=int(size), sha256=str(sha)) for name, size, sha in one.files],
            blob=one.sha256, size=one.size, who=one.who, at=one.at,
        )  # fmt: skip


class Deadlines(Strict):
    """How many seconds a device that is there may take for each step."""

    taken: Seconds = 300
    ready: Seconds = 7_200
    done: Seconds = 43_200


class RolloutCreate(Strict):
    """A rollout: of which release, where, and how fast.

    `rings`: one after the other, each a percentage of all sites, earlier rings included, or a list of sites.
    `parallel`: devices at a time. `rate`: bytes per second for all together, 0 for no limit. `budget`: bytes of bundles
    a site and local day, 0 for no limit. `deadline_s`: for each step, or one for all. `stop_share`: percent of failures
    at which it stops. `retries`: further attempts of a device, `retry_s` after a failure at the earliest.
    `offline_days`: how long a device may be away. `now`: restart at once and not at a quiet moment.
    """

    rel: Rel
    sites: Annotated[list[Id], Field(max_length=SITES)] = []  # noqa: RUF012 - pydantic copies it
    all: StrictBool = False
    rings: Annotated[
        list[Percent | Annotated[list[Id], Field(min_length=1, max_length=SITES)]], Field(min_length=1, max_length=10)
    ] = [1, 10, 100]  # noqa: RUF012
    parallel: Annotated[int, Field(ge=1, le=200), NUMBER] = 10
    rate: Annotated[int, Field(ge=0, le=1_000_000_000), NUMBER] = 100_000
    budget: Annotated[int, Field(ge=0, le=1_000_000_000_000), NUMBER] = 0
    deadline_s: Seconds | Deadlines = Deadlines()
    stop_share: Percent = 20
    retries: Annotated[int, Field(ge=0, le=5), NUMBER] = 1
    retry_s: Annotated[int, Field(ge=0, le=86_400), NUMBER] = 60
    offline_days: Annotated[int, Field(ge=1, le=60), NUMBER] = 14
    now: StrictBool = False
    note: Text = ""

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if bool(self.sites) == self.all:
            raise ValueError("name sites, or say all")
        return self

    def asked(self) -> Asked:
        """Return it as the rollout's own values."""
        limit = self.deadline_s
        each = Deadlines(taken=limit, ready=limit, done=limit) if isinstance(limit, int) else limit
        how = Plan(
            parallel=self.parallel, pace=pace(self.parallel, self.rate), budget=self.budget, taken_s=each.taken,
            ready_s=each.ready, done_s=each.done, stop_share=self.stop_share, retries=self.retries,
            retry_s=self.retry_s, offline_days=self.offline_days, now=int(self.now),
        )  # fmt: skip
        return Asked(self.rel, None if self.all else self.sites, self.rings, how, self.note)


class UnitPublic(BaseModel):
    """One device of a rollout. `ring` from 1, 0 for none. `spent_s`: how long it has been there at this step."""

    device: str
    site: str
    position: str
    role: str
    ring: int
    state: str
    why: str
    tries: int
    bytes: int
    ordered: int
    spent_s: int


class RingPublic(BaseModel):
    """A ring: its sites, and how many of its devices stand how."""

    sites: list[str]
    counts: dict[str, int]


class RolloutPublic(BaseModel):
    """A rollout. `id` is 0 and `state` "planned" while it is only looked at. `bytes`: ordered so far.

    `pace`: ms between two chunks. Times are Unix ms, `ended` 0 until then.
    """

    id: int
    rel: str
    fw: str
    size: int
    state: str
    why: str
    note: str
    parallel: int
    pace: int
    budget: int
    deadline_s: Deadlines
    stop_share: int
    retries: int
    retry_s: int
    offline_days: int
    now: bool
    rings: list[RingPublic]
    counts: dict[str, int]
    bytes: int
    who: str
    at: int
    ended: int


class RolloutWhole(RolloutPublic):
    """A rollout with its devices."""

    devices: list[UnitPublic]


def shown(row: Row, rollout: Rollout) -> RolloutWhole:
    """Return a rollout as others see it."""
    how = rollout.plan
    units = sorted(rollout.units.values(), key=lambda unit: (unit.ring, unit.site, unit.position, unit.device))
    rings = [
        [unit for unit in units if unit.ring == ring] for ring in range(1 + max((u.ring for u in units), default=-1))
    ]
    return RolloutWhole(
        id=row.id or 0, rel=row.rel, fw=row.fw, size=row.size, state=row.state or "planned", why=rollout.why,
        note=row.note, parallel=how.parallel, pace=how.pace, budget=how.budget,
        deadline_s=Deadlines(taken=how.taken_s, ready=how.ready_s, done=how.done_s), stop_share=how.stop_share,
        retries=how.retries, retry_s=how.retry_s, offline_days=how.offline_days, now=bool(how.now),
        rings=[RingPublic(sites=sorted({unit.site for unit in ring}), counts=_counts(ring)) for ring in rings],
        counts=_counts(units), bytes=sum(unit.bytes for unit in units), who=row.who, at=row.at, ended=row.ended,
        devices=[_unit(unit) for unit in units],
    )  # fmt: skip


def _counts(units: list[Unit]) -> dict[str, int]:
    return dict(sorted(Counter(unit.state.value for unit in units).items()))


def _unit(unit: Unit) -> UnitPublic:
    return UnitPublic(
        device=unit.device, site=unit.site, position=unit.position, role=unit.role, ring=unit.ring + 1,
        state=unit.state.value, why=unit.why, tries=unit.tries, bytes=unit.bytes, ordered=unit.ordered,
        spent_s=unit.spent // 1000,
    )  # fmt: skip

"""Who is in which ring of a rollout, and how fast it goes. Pure.

A ring is a percentage of all sites, those of earlier rings included, or a list of sites. Which sites make up a
percentage depends on the release: it is not always the same halls that go first.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.updates.rollout.units import DAY_MS, Is, Plan, Seen, Unit
from controller.web.i18n import N_

CHUNK = 3_584  # bytes that a device asks for at a time

Ring = int | Sequence[str]


class PlanError(Exception):
    """A rollout cannot be done as asked; the text says why."""


@dataclass(frozen=True)
class Target:
    """A device that may be part of a rollout, as the fleet has it. `absent`: ms since its last word, 0 while online."""

    device: str
    site: str
    position: str
    role: str
    seen: Seen
    absent: int = 0


def pace(parallel: int, rate: int) -> int:
    """Return the pause between two chunks, ms, with which `parallel` devices together stay below `rate` bytes/s."""
    return -(-CHUNK * parallel * 1000 // rate) if rate else 0


def check(plan: Plan, size: int) -> None:
    """Raise PlanError where the bundle, of `size` bytes, could never arrive."""
    if plan.budget and plan.budget < size:
        raise PlanError(N_("The bundle is larger than what a site may fetch in a day"))
    if plan.pace * -(-size // CHUNK) >= plan.ready_s * 1000:
        raise PlanError(N_("At this rate the bundle would not be there before its deadline"))


def rings(sites: Iterable[str], wanted: Sequence[Ring], rel: str) -> dict[str, int]:
    """Return the ring of each site, from 0; those that are in none are missing. Raises PlanError."""
    order = sorted(set(sites), key=lambda site: hashlib.sha256(f"{rel}/{site}".encode()).digest())
    found: dict[str, int] = {}
    percent = 0
    for number, ring in enumerate(wanted):
        if isinstance(ring, int):
            if ring <= percent:
                raise PlanError(N_("The percentages of the rings have to rise"))
            percent = ring
            free = [site for site in order if site not in found]
            chosen: Sequence[str] = free[: max(0, -(-ring * len(order) // 100) - len(found))]
        else:
            chosen = ring
        for site in chosen:
            if site not in order:
                raise PlanError(N_("A ring names a site that is not part of the rollout"))
            if site in found:
                raise PlanError(N_("A site can be in one ring only"))
            found[site] = number
    return found


def units(
    targets: Iterable[Target], of_site: Mapping[str, int], rel: str, roles: Iterable[str], plan: Plan
) -> dict[str, Unit]:
    """Return the devices of a rollout by id, those that are left out with the reason."""
    known = set(roles)
    found = {}
    for one in sorted(targets, key=lambda target: (target.site, target.position, target.device)):
        ring = of_site.get(one.site, -1)
        why = _left_out(one, ring, rel, known, plan)
        state = Is.SKIPPED if why else Is.PENDING
        found[one.device] = Unit(one.device, one.site, one.position, one.role, ring, state, why)
    return found


def _left_out(one: Target, ring: int, rel: str, roles: set[str], plan: Plan) -> str:
    """Return why a device is no part of a rollout, "" where it is."""
    if ring < 0:
        return "no_ring"
    if one.role not in roles:
        return "role"
    if one.seen.known and one.seen.rel == rel:
        return "runs"
    if one.seen.known and one.seen.rel is None:
        return "too_old"
    return "offline" if one.absent >= plan.offline_days * DAY_MS else ""

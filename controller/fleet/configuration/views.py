"""What a change of a layer would do, as people look at it."""

from collections.abc import Mapping

from sqlmodel import Session, col, select

from controller.fleet.configuration.layers import Difference, Json, differences
from controller.fleet.configuration.models import Layer
from controller.fleet.configuration.schemas import (
    AffectedPublic,
    ChangePublic,
    DifferencePublic,
    PreviewPublic,
    RefusedPublic,
)
from controller.fleet.configuration.service import Changed, Plan
from controller.fleet.models import Device
from controller.web.i18n import translate
from protocol.canonical import encode

SHOWN = 100  # positions that a preview lists
CHANGES = 20  # distinct changes
LONGEST = 1 << 16  # bytes of what is compared


def preview(session: Session, found: Layer, patch: Json, plan: Plan, lang: str) -> PreviewPublic:
    """Return what it would do to make a layer `patch`; refusals in `lang`."""
    sites = sorted({one.position.site for one in plan.changed})
    stands = _stands(session, {(one.position.site, one.position.id) for one in plan.changed})
    groups: dict[bytes, list[tuple[Changed, list[Difference]]]] = {}
    for one in plan.changed:
        other = differences(one.before, one.after)
        groups.setdefault(_mark(other), []).append((one, other))
    return PreviewPublic(
        layer=found.key,
        rev=found.rev,
        differences=shown(found.patch, patch),
        sites=len(sites),
        positions=len(plan.changed),
        devices=len(stands),
        online=sum(online for _, online in stands.values()),
        affected=[
            AffectedPublic(
                site=at[0], position=at[1], device=stands.get(at, ("", False))[0], online=at in stands and stands[at][1]
            )
            for at in ((one.position.site, one.position.id) for one in plan.changed[:SHOWN])
        ],
        changes=[
            ChangePublic(
                differences=[DifferencePublic.of(one) for one in same[0][1]],
                positions=len(same),
                site=same[0][0].position.site,
                position=same[0][0].position.id,
                before=same[0][0].before,
                after=same[0][0].after,
            )
            for same in sorted(groups.values(), key=len, reverse=True)[:CHANGES]
        ],
        refused=[
            RefusedPublic(site=one.site, position=one.position, why=translate(one.why, lang))
            for one in plan.refused[:SHOWN]
        ],
    )


def shown(before: Mapping[str, object], after: Mapping[str, object]) -> list[DifferencePublic]:
    """Return how two layers differ."""
    return [DifferencePublic.of(one) for one in differences(before, after)]


def _mark(other: list[Difference]) -> bytes:
    """Return what is the same for the same change of documents."""
    return encode([DifferencePublic.of(one).model_dump() for one in other], LONGEST)


def _stands(session: Session, places: set[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, bool]]:
    """Return who stands at some places, and whether they are there."""
    query = select(Device.id, Device.site, Device.position, Device.online).where(col(Device.position) != "")
    found = {(site, position): (id_, online) for id_, site, position, online in session.exec(query)}
    return {place: found[place] for place in places if place in found}

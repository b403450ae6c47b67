"""Layers as people look at them: which there are, how they were, what a change would do."""

from collections.abc import Mapping, Sequence

from sqlmodel import Session, col, select

from controller.accounts.service import Who
from controller.fleet.configuration import service
from controller.fleet.configuration.layers import Difference, Json, differences
from controller.fleet.configuration.models import Layer, Revision
from controller.fleet.configuration.schemas import (
    AffectedPublic,
    ChangePublic,
    DifferencePublic,
    PreviewPublic,
    RefusedPublic,
)
from controller.fleet.configuration.service import FLEET, KINDS, Changed, Key, Plan
from controller.fleet.models import Device
from controller.fleet.service import FleetError
from controller.web.i18n import N_, translate
from protocol.canonical import encode

SHOWN = 100  # positions that a preview lists
CHANGES = 20  # distinct changes
LONGEST = 1 << 16  # bytes of what is compared


def upper(session: Session) -> list[Layer]:
    """Return the layers above the sites, also those that nobody has made."""
    return [service.layer(session, key) for key in (FLEET, *(Key("kind", name=kind) for kind in KINDS))]


def made(session: Session, who: Who) -> list[Layer]:
    """Return the layers of sites and positions that somebody has made, and `who` may see; by their keys."""
    query = select(Layer).where(col(Layer.site) != "").order_by(col(Layer.key))
    return [one for one in session.exec(query) if who.may("viewer", one.site)]


def revisions(session: Session, key: Key, before: int, limit: int) -> Sequence[Revision]:
    """Return how a layer has been, the newest first; those `before` a rev, 0 for all. Raises FleetError."""
    service.layer(session, key)
    query = select(Revision).where(Revision.key == str(key)).order_by(col(Revision.rev).desc())
    return session.exec((query.where(Revision.rev < before) if before else query).limit(limit)).all()


def patch_of(session: Session, key: Key, rev: int) -> Json:
    """Return a layer as it was; 0 is before all revisions. Raises FleetError where it never was so."""
    service.layer(session, key)
    found = session.get(Revision, (str(key), rev))
    if found is None and rev:
        raise FleetError(N_("There is no such revision"), missing=True)
    return found.patch if found else {}


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

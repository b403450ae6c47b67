"""HTTP of how devices stand to their configurations."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query

from controller.accounts.deps import Viewer, WhoDep
from controller.fleet import service
from controller.fleet.configuration import delivery
from controller.fleet.configuration import service as configuration
from controller.fleet.configuration.delivery import STATES, Patience, Standing, Way
from controller.fleet.configuration.layers import leaves, origins
from controller.fleet.configuration.schemas import DeviceConfigurationPublic, StandingPublic, State, StatesPublic
from controller.fleet.hours.models import calendar_of
from controller.fleet.models import Position
from controller.fleet.schemas import DevicePath, IdQuery
from controller.ingest.alarms import now_ms
from controller.parts import PartsDep
from controller.web.problems import Problem

router = APIRouter()
PLACE = "place"  # where the values come from that are no configuration


@router.get("/devices/{device}/configuration")
def device_configuration(device: DevicePath, who: WhoDep, parts: PartsDep) -> DeviceConfigurationPublic:
    """Return what a device should be configured to, where each value comes from, and how far that is."""
    with parts.db.read() as session:
        found = delivery.ways(session, device=device)
        if not found or not who.may("viewer", found[0].site):
            raise Problem(404, "There is no such device at any place")
        (way,) = found
        hall, position = service.site_of(session, way.site), session.get(Position, (way.site, way.position))
        assert position is not None
        patience = Patience.of(parts.settings)
        stands = delivery.standing(way, lambda: calendar_of(session, hall), patience, now_ms())
        doc = service.document(session, hall, position)
        own = str(configuration.Key("position", way.site, way.position)), position.own
        whence = origins([*configuration.layers_at(session, hall), own])
        return DeviceConfigurationPublic(
            **_shown(way, stands).model_dump(),
            rev=hall.rev,
            document=doc,
            origins={path: whence.get(path, PLACE) for path, _ in leaves(doc)},
        )


@router.get("/configuration/states")
def configuration_states(
    who: Viewer,
    parts: PartsDep,
    site: IdQuery = None,
    state: State | None = None,
    after: Annotated[str, Query(pattern=r"^[0-9a-z-]{0,32}$")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> StatesPublic:
    """Return how the devices that you may see stand to their configurations; the counts are of all of them, or of a
    site's."""
    with parts.db.read() as session:
        found = delivery.standings(session, Patience.of(parts.settings), now_ms(), site)
        seen = [one for one in found if who.may("viewer", one[0].site)]
        counts = Counter(stands.state for _, stands in seen)
        listed = [one for one in seen if one[0].device > after and state in (None, one[1].state)]
        page = listed[:limit]
        return StatesPublic(
            counts={one: counts[one] for one in STATES},
            drift=sum(delivery.has_drifted(*one) for one in seen),
            devices=[_shown(*one) for one in page],
            next=page[-1][0].device if len(listed) > limit else "",
        )


def _shown(way: Way, stands: Standing) -> StandingPublic:
    return StandingPublic(
        device=way.device,
        site=way.site,
        position=way.position,
        online=way.online,
        state=stands.state,
        since=stands.since,
        deadline=stands.deadline,
        why=stands.why,
        drift=delivery.has_drifted(way, stands),
        hash=way.desired,
        reported=str(way.state.get("config", "")),
    )

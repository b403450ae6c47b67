"""HTTP of how devices stand to their configurations."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query

from controller.accounts.deps import Viewer, WhoDep
from controller.fleet.configuration import delivery, standing
from controller.fleet.configuration.delivery import STATES, Patience
from controller.fleet.configuration.schemas import DeviceConfigurationPublic, State, StatesPublic
from controller.fleet.schemas import DevicePath, IdQuery
from controller.ingest.alarms import now_ms
from controller.parts import PartsDep
from controller.web.problems import Problem

router = APIRouter()


@router.get("/devices/{device}/configuration")
def device_configuration(device: DevicePath, who: WhoDep, parts: PartsDep) -> DeviceConfigurationPublic:
    """Return what a device should be configured to, where each value comes from, and how far that is."""
    with parts.db.read() as session:
        found = standing.of_device(session, device, Patience.of(parts.settings), now_ms())
    if found is None or not who.may("viewer", found.site):
        raise Problem(404, "There is no such device at any place")
    return found


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
            devices=[standing.shown(*one) for one in page],
            next=page[-1][0].device if len(listed) > limit else "",
        )

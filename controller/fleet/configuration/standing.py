"""One device's configuration as people look at it: what it should be, where each value comes from, how far that is."""

from sqlmodel import Session

from controller.fleet import service
from controller.fleet.configuration import delivery
from controller.fleet.configuration import service as configuration
from controller.fleet.configuration.delivery import Patience, Standing, Way
from controller.fleet.configuration.layers import leaves, origins
from controller.fleet.configuration.schemas import DeviceConfigurationPublic, StandingPublic
from controller.fleet.hours.models import calendar_of
from controller.fleet.models import Position

PLACE = "place"  # where the values come from that are no configuration


def of_device(session: Session, device: str, patience: Patience, now: int) -> DeviceConfigurationPublic | None:
    """Return a device's configuration at `now`, Unix ms; None where it stands nowhere. Whether it may be seen is its
    `site`'s to say."""
    found = delivery.ways(session, device=device)
    if not found:
        return None
    (way,) = found
    hall, position = service.site_of(session, way.site), session.get(Position, (way.site, way.position))
    assert position is not None
    stands = delivery.standing(way, lambda: calendar_of(session, hall), patience, now)
    doc = service.document(session, hall, position)
    own = str(configuration.Key("position", way.site, way.position)), position.own
    whence = origins([*configuration.layers_at(session, hall), own])
    return DeviceConfigurationPublic(
        **shown(way, stands).model_dump(),
        rev=hall.rev,
        document=doc,
        origins={path: whence.get(path, PLACE) for path, _ in leaves(doc)},
    )


def shown(way: Way, stands: Standing) -> StandingPublic:
    """Return how a device stands to its configuration as others see it."""
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

"""What the link needs of the fleet."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from controller.fleet.presence import Session

Json = dict[str, object]


class Desired(NamedTuple):
    """What a device should be configured to."""

    rev: int
    hash: str  # opaque to the device
    doc: Json


class Fleet(Protocol):
    """What the link needs of the fleet. Called on the link's own thread."""

    def trusted(self, devices: Iterable[str]) -> set[str]:
        """Return those of some devices that are in the fleet."""

    def desired(self, device: str) -> Desired | None:
        """Return what a device should be configured to, None where it stands nowhere."""

    def online(self) -> list[tuple[str, Json, int]]:
        """Return the devices that were there when the controller ended, with their states and when that was."""

    def seen(self, device: str, session: Session) -> None:
        """Keep what a device has said of itself, and whether it is there."""

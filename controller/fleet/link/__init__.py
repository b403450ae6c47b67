"""The controller's end of its sessions with devices."""

from controller.fleet.link.fleet import Desired, Fleet
from controller.fleet.link.link import Link

__all__ = ("Desired", "Fleet", "Link")

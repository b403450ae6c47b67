"""The list of devices."""

from controller.fleet.pages.devices.board import PAGE

__all__ = ["PAGE"]

"""The page of one device."""

from controller.fleet.pages.device.page import PAGE

__all__ = ["PAGE"]

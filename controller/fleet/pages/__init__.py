"""The fleet's staff pages."""

from controller.fleet.pages import devices
from controller.web.shell.page import Page, Panel

PAGES: tuple[Page | Panel, ...] = (devices.PAGE,)

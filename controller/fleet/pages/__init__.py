"""The fleet's staff pages."""

from controller.fleet.pages import devices, site
from controller.web.shell.page import Page, Panel

PAGES: tuple[Page | Panel, ...] = (site.PAGE, devices.PAGE)

"""The fleet's staff pages."""

from controller.fleet.pages import configuration, device, devices, letters, site
from controller.web.shell.page import Page, Panel

PAGES: tuple[Page | Panel, ...] = (site.PAGE, devices.PAGE, device.PAGE, *configuration.PAGES, letters.PAGE)

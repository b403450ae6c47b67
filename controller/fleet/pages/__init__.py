"""The fleet's staff pages."""

from controller.fleet.pages import letters, site
from controller.web.shell.page import Page, Panel

PAGES: tuple[Page | Panel, ...] = (site.PAGE, letters.PAGE)

"""The fleet's staff pages."""

from controller.fleet.pages import site
from controller.web.shell.page import Page, Panel

PAGES: tuple[Page | Panel, ...] = (site.PAGE,)

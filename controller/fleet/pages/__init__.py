"""The fleet's staff pages."""

from controller.web.shell.page import Page, Panel

PAGES: tuple[Page | Panel, ...] = ()

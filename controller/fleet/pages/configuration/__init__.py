"""The editor of configurations: which layers there are, and one of them."""

from controller.fleet.pages.configuration import layers, page
from controller.web.shell.page import Page

PAGES: tuple[Page, ...] = (layers.PAGE, *page.PAGES)

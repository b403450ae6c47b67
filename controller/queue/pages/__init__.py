"""What the staff pages show of queues."""

from controller.queue.pages import panel
from controller.web.shell.page import Page, Panel

PAGES: tuple[Page | Panel, ...] = (panel.PANEL,)

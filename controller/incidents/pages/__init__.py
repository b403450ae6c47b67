"""The staff pages of incidents, and the overview, which is of what is wrong first."""

from controller.incidents.pages import incident, incidents, overview
from controller.web.shell.page import Page, Panel

PAGES: tuple[Page | Panel, ...] = (overview.PAGE, incidents.PAGE, incident.PAGE)

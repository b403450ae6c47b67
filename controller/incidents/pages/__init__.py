"""The staff pages of incidents: the overview, the halls by how they do, what is wrong."""

from controller.incidents.pages import incident, incidents, panel, sites
from controller.incidents.pages.overview import page as overview
from controller.web.shell.page import Page, Panel

PAGES: tuple[Page | Panel, ...] = (overview.PAGE, incidents.PAGE, incident.PAGE, sites.PAGE, panel.PANEL)

"""The staff pages of releases and rollouts."""

from controller.updates.pages import begin, rollout, updates
from controller.web.shell.page import Page, Panel

PAGES: tuple[Page | Panel, ...] = (updates.PAGE, begin.PAGE, rollout.PAGE)

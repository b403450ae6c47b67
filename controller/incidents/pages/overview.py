"""The overview: how all halls do, at one glance."""

from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.layout import heading
from controller.web.shell.page import Page


async def _build(frame: Frame) -> None:
    heading(frame)


PAGE = Page("/fleet", N_("Overview"), _build, icon="map")

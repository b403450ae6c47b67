"""The overview: how all halls do, at one glance; what is wrong comes first."""

import asyncio
from collections.abc import Sequence

from sqlmodel import Session

from controller.incidents import service
from controller.incidents.halls.glance import SiteGlance
from controller.incidents.models import Incident
from controller.incidents.pages.following import halls_of
from controller.incidents.pages.listing import Listing
from controller.incidents.pages.overview.map import Map, legend
from controller.incidents.pages.words import STANDS
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.layout import heading
from controller.web.shell.page import Page
from controller.web.shell.widgets import Tag, card, empty, link, state, tag

SHOWN = 12  # incidents in the list
MOST = 1000  # that are read to find the urgent ones


class Figures:
    """The row of large numbers."""

    def __init__(self, frame: Frame) -> None:
        _ = frame.say
        with tag("div", "figures"):
            self._reach = _figure(_("Halls in reach"), "/fleet/sites")
            self._devices = _figure(_("Devices in reach"), "")
            self._urgent = _figure(_("Halls that cannot serve"), "/fleet/incidents")
            self._open = _figure(_("Open incidents"), "/fleet/incidents")
            self._hours = _figure(_("Halls open now"), "")

    def show(self, halls: Sequence[SiteGlance]) -> None:
        """Show the numbers; those that are the same are not sent."""
        equipped = [one for one in halls if one.devices]
        here = sum(bool(one.online) for one in equipped)
        _set(self._reach, f"{here}", f"/ {len(equipped)}")
        _set(self._devices, f"{sum(one.online for one in halls)}", f"/ {sum(one.devices for one in halls)}")
        urgent, wrong = sum(bool(one.urgent) for one in halls), sum(one.incidents for one in halls)
        _set(self._urgent, f"{urgent}", "", "bad" if urgent else "good")
        _set(self._open, f"{wrong}", "", "warn" if wrong else "good")
        _set(self._hours, f"{sum(one.open for one in halls)}", f"/ {len(halls)}")


async def _build(frame: Frame) -> None:
    _ = frame.say
    there = await asyncio.to_thread(halls_of, frame)
    halls = list(there.values())
    heading(frame, _("How the halls do"), _("What is wrong comes first. The page follows by itself."))
    figures = Figures(frame)
    await frame.hang()
    with tag("div", "overview"):
        with card(_("Map"), "sheet"):
            sheet = Map(frame, halls)
            legend(frame)
        with card(_("What is wrong now"), "troubles"):
            listing = Listing(frame)
            link(_("All incidents"), "/fleet/incidents", "button")
    figures.show(halls)
    listing.show(await frame.read(lambda session: _wrong(session, halls)), there)
    _unplaced(frame, halls)

    async def look() -> None:
        there = await asyncio.to_thread(halls_of, frame)
        halls = list(there.values())
        figures.show(halls)
        sheet.show(halls)
        listing.show(await frame.read(lambda session: _wrong(session, halls)), there)

    frame.live(look)


def _wrong(session: Session, halls: Sequence[SiteGlance]) -> list[Incident]:
    """Return what is wrong, urgent first, the newest first."""
    troubled = [one.id for one in halls if one.incidents]
    found = service.recent(session, troubled, True, 2**31 - 1, MOST) if troubled else []
    return sorted(found, key=lambda one: not service.is_urgent(one))[:SHOWN]


def _unplaced(frame: Frame, halls: Sequence[SiteGlance]) -> None:
    _ = frame.say
    if not halls:
        with card():
            empty(
                _("There is no hall yet that you may see. An admin makes one over the API: POST /api/v1/sites"), "map"
            )
        return
    missing = [one for one in halls if one.lat is None or one.lon is None]
    if not missing:
        return
    with card(_("Halls whose place is not known")), tag("ul", "chips"):
        for one in missing:
            with tag("li"):
                link(one.name, f"/fleet/sites/{one.id}")
                kind, word = STANDS[one.stand]
                state(kind, _(word))


def _figure(name: str, target: str) -> tuple[Tag, Tag]:
    with link("", target, "number") if target else tag("div", "number"):
        with tag("p", "value"):
            value, of = tag("b"), tag("span", "of")
        tag("p", "soft", name)
    return value, of


def _set(figure: tuple[Tag, Tag], value: str, of: str, classes: str = "") -> None:
    for tagged, text in zip(figure, (value, of), strict=True):
        if tagged.text != text:
            tagged.set_text(text)
    if " ".join(figure[0].classes) != classes:
        figure[0].classes(replace=classes)


PAGE = Page("/fleet", N_("Overview"), _build, icon="map")

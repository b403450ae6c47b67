"""The list of halls: looked for by name, sub-district and how they do; as a file too."""

import asyncio
from collections.abc import Sequence
from functools import partial

from nicegui import ui

from controller.fleet.pages.words import KINDS
from controller.incidents.halls.glance import SiteGlance
from controller.incidents.pages.following import halls_of
from controller.incidents.pages.words import STANDS
from controller.web.i18n import N_
from controller.web.sheet import Cell, as_csv
from controller.web.shell.frame import Frame
from controller.web.shell.layout import heading
from controller.web.shell.page import Page
from controller.web.shell.widgets import Table, button, card, choice, empty, field, figure, link, state, tag

SHOWN = 50
COLUMNS = (N_("Hall"), N_("Name"), N_("Kind"), N_("Sub-district"), N_("State"), N_("Latitude"), N_("Longitude"))
FIGURES = (N_("Devices"), N_("Devices in reach"), N_("Open incidents"))


class Sites:
    """What is asked for, and the table that answers it."""

    def __init__(self, frame: Frame) -> None:
        _ = frame.say
        self._frame, self._page = frame, 0
        self._shown: object = None
        self._found: list[SiteGlance] = []
        with heading(frame):
            button(_("CSV"), press=self._file, icon="download")
        with card(), tag("div", "filters"):
            self._text = field(_("Name or sub-district"), frame.query.get("q", ""))
            self._text.props.update(debounce="250", clearable=True)
            stands = {str(name): _(words) for name, (_kind, words) in STANDS.items()}
            self._stand = choice(_("State"), {"": _("All"), **stands}, "")
            kinds = {name: _(words) for name, words in KINDS.items()}
            self._kind = choice(_("Kind"), {"": _("All"), **kinds}, "")
        with card():
            names = (
                _("Hall"),
                _("Sub-district"),
                _("State"),
                figure(_("Devices in reach")),
                figure(_("Open incidents")),
            )
            self._table = Table(_("Halls"), names)
            self._none = empty(_("No hall is like that: take something out of the fields above."), "search_off")
            with tag("div", "pager"):
                self._newer = button(_("Back"), press=partial(self._turn, -1))
                self._count = tag("span", "soft")
                self._older = button(_("On"), press=partial(self._turn, 1))
        for one in (self._text, self._stand, self._kind):
            one.on_value_change(self._anew)

    async def show(self) -> None:
        """Show what is asked for, as it is now; nothing is sent where it is the same."""
        text, stand = str(self._text.value or "").strip().lower(), str(self._stand.value or "")
        halls = (await asyncio.to_thread(halls_of, self._frame)).values()
        self._found = [one for one in halls if _like(one, text, stand, str(self._kind.value or ""))]
        pages = max(1, -(-len(self._found) // SHOWN))
        self._page = min(self._page, pages - 1)
        rows = self._found[self._page * SHOWN :][:SHOWN]
        if (rows, self._page, len(self._found)) == self._shown:
            return
        self._shown = rows, self._page, len(self._found)
        self._draw(rows)
        self._count.set_text(f"{self._page + 1} / {pages} · {len(self._found)}")
        self._none.set_visibility(not rows)
        self._newer.props["disabled"] = self._page == 0
        self._older.props["disabled"] = self._page + 1 >= pages

    def _draw(self, rows: Sequence[SiteGlance]) -> None:
        self._table.clear()
        for one in rows:
            kind, words = STANDS[one.stand]
            self._table.row(
                [
                    partial(link, one.name, f"/fleet/sites/{one.id}", "strong"),
                    _district(one),
                    partial(state, kind, self._frame.say(words)),
                    f"{one.online} / {one.devices}",
                    str(one.incidents or "–"),
                ]
            )

    async def _anew(self) -> None:
        self._page = 0
        await self.show()

    async def _turn(self, by: int) -> None:
        self._page = max(0, self._page + by)
        await self.show()

    async def _file(self) -> None:
        await self.show()
        _ = self._frame.say
        rows: list[list[Cell]] = []
        for one in self._found:
            told = [one.id, one.name, _(KINDS[one.kind]), one.district, _(STANDS[one.stand][1])]
            rows.append([*told, one.lat, one.lon, one.devices, one.online, one.incidents])
        ui.download.content(b"".join(as_csv([_(name) for name in (*COLUMNS, *FIGURES)], rows)), "halls.csv", "text/csv")


async def _build(frame: Frame) -> None:
    sites = Sites(frame)
    await sites.show()
    frame.live(sites.show)


def _like(one: SiteGlance, text: str, stand: str, kind: str) -> bool:
    words = f"{one.name} {one.id} {_district(one)}".lower()
    return all(word in words for word in text.split()) and stand in ("", one.stand) and kind in ("", one.kind)


def _district(one: SiteGlance) -> str:
    return one.district.replace("-", " ").title()


PAGE = Page("/fleet/sites", N_("Halls"), _build, icon="home_work")

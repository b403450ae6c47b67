"""The list of incidents: what is open, live, and what is over, page by page."""

import asyncio

from controller.incidents import service
from controller.incidents.pages.following import halls_of, when_changed
from controller.incidents.pages.listing import Listing
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.layout import heading
from controller.web.shell.page import Page
from controller.web.shell.widgets import button, card, choice, field, tag

SHOWN = 50
NEWEST = 2**31 - 1


class Incidents:
    """What is asked for, and the list that answers it. `before`: the ids above which the pages before this one are."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._before = [NEWEST]
        self._last = NEWEST
        _ = frame.say
        with card(), tag("div", "filters"):
            kinds = {"open": _("Open"), "over": _("Over"), "all": _("All")}
            self._state = choice(_("Which"), kinds, "open")
            self._text = field(_("Hall"), frame.query.get("site", ""))
            self._text.props.update(debounce="300", clearable=True)
        with card():
            self._listing = Listing(frame)
            with tag("div", "pager"):
                self._newer = button(_("Newer"), press=self._back)
                self._older = button(_("Older"), press=self._on)
        for one in (self._state, self._text):
            one.on_value_change(self._anew)

    async def show(self) -> None:
        """Read and show what is asked for now."""
        which, text = str(self._state.value), str(self._text.value or "").strip().lower()
        halls = await asyncio.to_thread(halls_of, self._frame)
        sites = [one.id for one in halls.values() if text in one.name.lower() or text in (one.id, one.district)]
        open_ = {"open": True, "over": False}.get(which)
        before = self._before[-1]
        rows = await self._frame.read(lambda session: service.recent(session, sites, open_, before, SHOWN + 1))
        shown = rows[:SHOWN]
        self._last = shown[-1].id or 0 if shown else 0
        self._listing.show(shown, halls)
        self._newer.props["disabled"] = len(self._before) == 1
        self._older.props["disabled"] = len(rows) <= SHOWN

    async def _anew(self) -> None:
        self._before = [NEWEST]
        await self.show()

    async def _on(self) -> None:
        self._before.append(self._last)
        await self.show()

    async def _back(self) -> None:
        if len(self._before) > 1:
            self._before.pop()
        await self.show()


async def _build(frame: Frame) -> None:
    heading(frame, soft=frame.say("The newest first. The page follows by itself."))
    incidents = Incidents(frame)
    await incidents.show()
    frame.live(when_changed(frame, incidents.show))


PAGE = Page("/fleet/incidents", N_("Incidents"), _build, icon="report_problem")

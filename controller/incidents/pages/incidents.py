"""The list of incidents: what is open, live, and what is over, page by page."""

import asyncio

from controller.incidents import service
from controller.incidents.pages.following import halls_of, when_changed
from controller.incidents.pages.listing import Listing
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.layout import heading
from controller.web.shell.page import Page
from controller.web.shell.pager import Pager
from controller.web.shell.widgets import card, choice, field, tag

SHOWN = 50


class Incidents:
    """What is asked for, and the list that answers it. `before`: the ids above which the pages before this one are."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        _ = frame.say
        with card(), tag("div", "filters"):
            kinds = {"open": _("Open"), "over": _("Over"), "all": _("All")}
            self._state = choice(_("Which"), kinds, "open")
            self._text = field(_("Hall"), frame.query.get("site", ""))
            self._text.props.update(debounce="300", clearable=True)
        with card():
            self._listing = Listing(frame)
            self._pager = Pager(frame, self.show)
        for one in (self._state, self._text):
            one.on_value_change(self._pager.anew)

    async def show(self) -> None:
        """Read and show what is asked for now."""
        which, text = str(self._state.value), str(self._text.value or "").strip().lower()
        halls = await asyncio.to_thread(halls_of, self._frame)
        sites = [one.id for one in halls.values() if text in one.name.lower() or text in (one.id, one.district)]
        open_ = {"open": True, "over": False}.get(which)
        before = self._pager.before
        rows = await self._frame.read(lambda session: service.recent(session, sites, open_, before, SHOWN + 1))
        shown = rows[:SHOWN]
        self._listing.show(shown, halls)
        self._pager.settle(shown[-1].id if shown else 0, len(rows) > SHOWN)


async def _build(frame: Frame) -> None:
    heading(frame, soft=frame.say("The newest first. The page follows by itself."))
    incidents = Incidents(frame)
    await incidents.show()
    frame.live(when_changed(frame, incidents.show))


PAGE = Page("/fleet/incidents", N_("Incidents"), _build, icon="report_problem")

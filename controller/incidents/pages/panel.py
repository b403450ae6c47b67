"""What the page of one hall shows of its incidents and of how it was in reach."""

import asyncio
from collections.abc import Sequence

from controller.incidents import service
from controller.incidents.pages.following import halls_of, when_changed
from controller.incidents.pages.listing import Listing
from controller.incidents.schemas import DayAvailability, SiteHealth
from controller.ingest.alarms import now_ms
from controller.web.shell.frame import Frame
from controller.web.shell.page import Panel
from controller.web.shell.times import age, day, span
from controller.web.shell.widgets import card, empty, facts, link, state, tag

RECENT = 8
NEWEST = 2**31 - 1


async def _build(frame: Frame) -> None:
    _, site = frame.say, frame.path["site"]
    health = await frame.read(lambda session: service.health(session, site, now_ms(), frame.lang))
    with tag("div", "columns"):
        with card(_("Incidents")):
            listing = Listing(frame)
            link(_("All incidents of this hall"), f"/fleet/incidents?site={site}", "button")
        with card(_("In reach")):
            _reach(frame, health)
            _days(frame, health.availability)

    async def show() -> None:
        found = await frame.read(lambda session: service.recent(session, [site], None, NEWEST, RECENT))
        halls = await asyncio.to_thread(halls_of, frame)
        listing.show(sorted(found, key=lambda one: bool(one.until)), halls)

    await show()
    frame.live(when_changed(frame, show))


def _reach(frame: Frame, health: SiteHealth) -> None:
    _ = frame.say
    since = f" · {age(health.since, frame.lang, now_ms())}" if health.since else ""
    if health.online:
        state("good", _("In reach") + since)
    else:
        state("bad" if health.open else "off", _("Out of reach") + since)
    opened, there = (sum(getattr(one, name) for one in health.availability) for name in ("open", "online"))
    uplinks = {"fibre": _("Fibre"), "wireless": _("Wireless"), "": _("not known")}
    share = f"{100 * there / opened:.1f} %".replace(".", "," if frame.lang == "id" else ".") if opened else "–"
    facts([(_("Uplink"), uplinks[health.uplink]), (_("In reach while open, last 31 days"), share)])


def _days(frame: Frame, days: Sequence[DayAvailability]) -> None:
    """Draw a bar for each day: how much of its opening time the hall was in reach."""
    _ = frame.say
    shown = [one for one in reversed(days) if one.open]
    if not shown:
        empty(_("Nothing has been counted yet: a day after the first device is there this fills."), "bar_chart")
        return
    out = _("out of reach")
    with tag("ol", "days", **{"aria-label": _("In reach while open, day by day")}):
        for one in shown:
            share = min(100, round(100 * one.online / one.open))
            lost = span(one.open - one.online, frame.lang) if one.open - one.online >= 60 else "0"
            words = f"{day(one.day, frame.lang)}: {share} % · {out} {lost}"
            kind = "good" if share >= 99 else "warn" if share >= 90 else "bad"
            with tag("li", kind, title=words), tag("span", "bar").style(f"height: {max(share, 3)}%"):
                tag("span", "unseen", words)


PANEL = Panel("/fleet/sites/{site}", _build)

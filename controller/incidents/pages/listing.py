"""A list of incidents that is drawn anew where it has changed."""

from collections.abc import Mapping, Sequence

from controller.incidents import service
from controller.incidents.halls.glance import SiteGlance
from controller.incidents.models import Incident
from controller.incidents.pages.words import KINDS
from controller.ingest.alarms import now_ms
from controller.web.shell.frame import Frame
from controller.web.shell.times import age, moment
from controller.web.shell.widgets import empty, link, state, tag

MINUTE_MS = 60_000


class Listing:
    """What is wrong, one line each: how bad, where, what, since when, who looks after it."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._shown: object = None
        self._list = tag("div", "incidents", **{"aria-live": "polite"})

    def show(self, rows: Sequence[Incident], halls: Mapping[str, SiteGlance]) -> None:
        """Show these, at halls by id; nothing is sent where they are the same and no minute has passed."""
        now = now_ms()
        key = [(one.id, one.until, one.by, one.cause, one.detail) for one in rows], now // MINUTE_MS if rows else 0
        if key == self._shown:
            return
        self._shown = key
        self._list.clear()
        with self._list:
            for row in rows:
                self._row(row, halls.get(row.site), now)
            if not rows:
                empty(self._frame.say("Nothing is wrong. What happens is shown here at once."))

    def _row(self, row: Incident, hall: SiteGlance | None, now: int) -> None:
        _, lang = self._frame.say, self._frame.lang
        with link("", f"/fleet/incidents/{row.id}", "incident"):
            state("off" if row.until else "bad" if service.is_urgent(row) else "warn", _(KINDS[row.kind]))
            with tag("span", "where"):
                tag("b", text=hall.name if hall else row.site)
                if row.position:
                    tag("span", "soft", row.position)
            with tag("span", "soft when"):
                since = moment(row.since, hall.tz if hall else 420, lang, now)
                tag("span", text=f"{since} · {age(row.since, lang, row.until or now)}")
                tag("span", "by", row.by or ("" if row.until else _("nobody looks after it")))

"""How devices stand to their configurations, as long as one looks: how many, and those that have not applied it."""

from collections import Counter
from functools import partial
from urllib.parse import quote

from sqlmodel import Session, col, select

from controller.fleet.configuration import delivery
from controller.fleet.configuration.delivery import STATES, Patience, Standing, Way
from controller.fleet.configuration.service import Key
from controller.fleet.models import Site
from controller.fleet.pages.device import configuration as words
from controller.ingest.alarms import now_ms
from controller.web.shell.frame import Frame
from controller.web.shell.times import age
from controller.web.shell.widgets import Table, card, link, state, tag

LISTED = 20
WORST = ("rejected", "overdue", "delivered", "pending")


class Delivery:
    """The card."""

    def __init__(self, frame: Frame, key: Key) -> None:
        self._frame, self._key = frame, key
        self._shown: object = None
        _ = frame.say
        with card(_("On the devices")):
            self._counts = tag("div", "chips", **{"aria-live": "polite"})
            self._space = tag("div", "stack")
            link(_("All of these devices"), f"/fleet/devices?filter={quote(asked(key))}")

    async def show(self) -> None:
        """Show how they stand; nothing is sent where that is the same."""
        frame, now = self._frame, now_ms()
        patience, key, who = Patience.of(frame.parts.settings), self._key, frame.who

        def read(session: Session) -> list[tuple[Way, Standing]]:
            found = concerned(session, key, patience, now)
            return [one for one in found if who.may("viewer", one[0].site)]

        found = await frame.read(read)
        counts = Counter(stands.state for _, stands in found)
        late = sorted((one for one in found if one[1].state != "applied"), key=lambda one: WORST.index(one[1].state))
        lines = [(way, stands, age(stands.since, frame.lang, now)) for way, stands in late[:LISTED]]
        seen = counts, len(late), [(way.device, stands.state, stands.why, since) for way, stands, since in lines]
        if seen == self._shown:
            return
        self._shown = seen
        self._paint(counts, lines, len(late))

    def _paint(self, counts: Counter[delivery.State], lines: list[tuple[Way, Standing, str]], late: int) -> None:
        _ = self._frame.say
        self._counts.clear()
        self._space.clear()
        with self._counts:
            for one in STATES:
                kind, word = words.STATES[one]
                state(kind if counts[one] else "off", f"{counts[one]} {_(word)}", f"standing {one}")
        with self._space:
            if lines:
                table = Table(_("On the devices"), (_("Device"), _("Where"), _("State"), _("Since"), _("Why")))
            for way, stands, since in lines:
                kind, word = words.STATES[stands.state]
                table.row(
                    [
                        partial(link, way.device, f"/fleet/devices/{way.device}", "mono"),
                        f"{way.site} / {way.position}",
                        partial(state, kind, _(word)),
                        since,
                        stands.why or "–",
                    ]
                )
            if late > len(lines):
                tag("p", "soft", _("and {count} more").format(count=late - len(lines)))


def asked(key: Key) -> str:
    """Return the filter of the devices that a layer concerns."""
    return {
        "fleet": "status:in_use",
        "kind": f"kind:{key.name}",
        "site": f"site:{key.site}",
        "position": f"site:{key.site} position:{key.name}",
    }[key.level]


def concerned(session: Session, key: Key, patience: Patience, now: int) -> list[tuple[Way, Standing]]:
    """Return how those devices stand that a layer concerns."""
    found = delivery.standings(session, patience, now, key.site or None)
    if key.level == "kind":
        halls = set(session.exec(select(Site.id).where(col(Site.kind) == key.name)))
        return [one for one in found if one[0].site in halls]
    return [one for one in found if key.level != "position" or one[0].position == key.name]

"""What has happened: the newest events, at a hall or of a device."""

import json
from collections.abc import Callable, Sequence

from sqlmodel import Session, col, select

from controller.ingest.alarms import now_ms
from controller.ingest.models import Event
from controller.web.shell.frame import Frame
from controller.web.shell.times import exact, moment
from controller.web.shell.widgets import Table, button, card, empty, tag

SHOWN = 25
LONGEST = 120  # characters of an event's fields in the table
QUIET = ("rev", "term", "key")  # fields that say nothing to a reader


class Recent:
    """A card with the newest events, those first that came last; more of them are read when somebody asks.

    Args:
        frame: the page.
        title: of the card.
        tz: of the hall.
        read: returns so many of the newest events.
    """

    def __init__(self, frame: Frame, title: str, tz: int, read: Callable[[Session, int], list[Event]]) -> None:
        self._frame, self._read = frame, read
        self._limit, self._newest = SHOWN, -1
        _ = frame.say
        with card(title):
            self._table = Events(frame, tz)
            self._none = empty(_("Nothing yet."), "history")
            self._more = button(_("Show more"), press=self._further)

    async def show(self) -> None:
        """Show the newest; nothing is read twice and nothing sent where there is nothing new."""
        first = await self._frame.read(lambda session: self._read(session, 1))
        newest = first[0].pos if first else 0
        if newest == self._newest:
            return
        self._newest = newest
        found = await self._frame.read(lambda session: self._read(session, self._limit + 1))
        self._table.show(found[: self._limit])
        self._none.set_visibility(not found)
        self._more.set_visibility(len(found) > self._limit)

    async def _further(self) -> None:
        self._limit += 4 * SHOWN
        self._newest = -1
        await self.show()


class Events:
    """A table of events."""

    def __init__(self, frame: Frame, tz: int) -> None:
        self._frame, self._tz = frame, tz
        _ = frame.say
        self._table = Table(_("Events"), (_("When"), _("Place"), _("Event"), _("Fields")))

    def show(self, found: Sequence[Event]) -> None:
        """Show these and no others."""
        self._table.clear()
        for one in found:
            self._row(one)

    def _row(self, one: Event) -> None:
        when, lang = moment(one.time, self._tz, self._frame.lang, now_ms()), self._frame.lang
        said = {name: value for name, value in one.data.items() if name not in QUIET}
        fields = " ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in sorted(said.items()))
        self._table.row(
            [
                lambda: tag("span", "nowrap", when, title=exact(one.time, self._tz, lang)) and None,
                one.position or one.device,
                one.kind,
                fields[:LONGEST] + ("…" if len(fields) > LONGEST else ""),
            ]
        )


def at_hall(session: Session, site: str, limit: int) -> list[Event]:
    """Return a hall's newest events, the newest first."""
    found = list(session.exec(select(Event).where(Event.site == site).order_by(col(Event.pos).desc()).limit(limit)))
    session.expunge_all()
    return found

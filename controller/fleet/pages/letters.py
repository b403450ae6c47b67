"""Dead letters: messages and events that could not be used, kept with the reason, to be looked into."""

import json
from functools import partial

from nicegui import ui
from sqlmodel import Session, col, select

from controller.ingest.alarms import now_ms
from controller.ingest.models import DeadLetter
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.layout import heading
from controller.web.shell.page import Page
from controller.web.shell.pager import Pager
from controller.web.shell.times import FLEET_TZ, exact, moment
from controller.web.shell.widgets import Table, button, card, empty, facts, field, figure, link, tag

SHOWN = 50


class Letters:
    """What is asked for, and the table that answers it."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        _ = frame.say
        heading(frame, soft=_("What devices have sent and nobody could use. Nothing is lost: it is kept as it came."))
        with card(), tag("div", "filters"):
            self._device = field(_("Device"), frame.query.get("device", ""))
            self._reason = field(_("Reason"), frame.query.get("reason", ""))
        with card():
            names = (_("When"), _("Device"), _("Reason"), _("Detail"), figure(_("Event")), _("Actions"))
            self._table = Table(_("Dead letters"), names)
            self._none = empty(_("No dead letters: all that devices have sent could be used."), "mark_email_read")
            self._pager = Pager(frame, self.show)
        for one in (self._device, self._reason):
            one.props.update(debounce="300", clearable=True)
            one.on_value_change(self._pager.anew)

    async def show(self) -> None:
        """Show what is asked for."""
        before, device, reason = (
            self._pager.before,
            str(self._device.value or "").strip(),
            str(self._reason.value or "").strip(),
        )
        found = await self._frame.read(lambda session: letters(session, before, SHOWN + 1, device, reason))
        shown = found[:SHOWN]
        self._table.clear()
        for one in shown:
            self._row(one)
        self._none.set_visibility(not shown)
        self._pager.settle(shown[-1].id if shown else 0, len(found) > SHOWN)

    def _row(self, one: DeadLetter) -> None:
        _, lang = self._frame.say, self._frame.lang
        when = partial(
            tag, "span", "nowrap", moment(one.at, FLEET_TZ, lang, now_ms()), title=exact(one.at, FLEET_TZ, lang)
        )
        device = partial(link, one.device, f"/fleet/devices/{one.device}", "mono")
        look = partial(button, _("Look into"), "small", partial(self._look, one))
        self._table.row([when, device, one.reason, one.detail, str(one.seq or "–"), look])

    def _look(self, one: DeadLetter) -> None:
        """Show the message as it came."""
        _, lang = self._frame.say, self._frame.lang
        with self._frame.client, ui.dialog() as dialog, card(_("Dead letter") + f" {one.id}", "large"):
            rows = [(_("When"), exact(one.at, FLEET_TZ, lang)), (_("Device"), one.device), (_("Reason"), one.reason)]
            facts([*rows, (_("Detail"), one.detail or "–"), (_("Log"), f"{one.log} · {one.seq}")])
            tag("pre", text=pretty(one.body))
            with tag("div", "actions"):
                button(_("Close"), "main", dialog.close)
        dialog.open()


async def _build(frame: Frame) -> None:
    await Letters(frame).show()


def letters(session: Session, before: int, limit: int, device: str = "", reason: str = "") -> list[DeadLetter]:
    """Return dead letters with an id below `before`, the newest first; of one device, for reasons that begin so."""
    query = select(DeadLetter).where(col(DeadLetter.id) < before).order_by(col(DeadLetter.id).desc()).limit(limit)
    if device:
        query = query.where(DeadLetter.device == device)
    if reason:
        query = query.where(col(DeadLetter.reason).startswith(reason, autoescape=True))
    found = list(session.exec(query))
    session.expunge_all()
    return found


def pretty(body: str) -> str:
    """Return a body with its lines broken, where it is JSON; else as it came."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body


# Only for who is bound to nothing: a message may hold anything, of any hall.
PAGE = Page("/fleet/letters", N_("Dead letters"), _build, "admin", True, icon="unsubscribe", rank=2)

"""The audit log: who has changed what, when; the newest first."""

import json
from functools import partial

from controller.accounts.desk import log
from controller.accounts.schemas import AuditPublic
from controller.ingest.alarms import now_ms
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.layout import heading
from controller.web.shell.page import Page
from controller.web.shell.pager import Pager
from controller.web.shell.times import FLEET_TZ, exact, moment
from controller.web.shell.widgets import Table, card, empty, field, tag

SHOWN = 50


class Log:
    """What is asked for, and the table that answers it."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        _ = frame.say
        heading(frame, soft=_("The newest first. Nobody can change it, whoever asks."))
        with card(), tag("div", "filters"):
            self._who = field(_("Who"), frame.query.get("who", ""))
            self._what = field(_("What"), frame.query.get("what", ""), hint=_("the beginning: site. or user.add"))
            self._target = field(_("On what"), frame.query.get("target", ""))
        with card():
            self._table = Table(_("Audit log"), (_("When"), _("Who"), _("What"), _("On what"), _("Change")))
            self._none = empty(_("Nothing is like that."), "search_off")
            self._pager = Pager(frame, self.show)
        for one in (self._who, self._what, self._target):
            one.props.update(debounce="300", clearable=True)
            one.on_value_change(self._pager.anew)

    async def show(self) -> None:
        """Show what is asked for."""
        before = self._pager.before
        who, what, target = (str(one.value or "").strip() for one in (self._who, self._what, self._target))
        found = await self._frame.read(lambda session: log.before(session, before, SHOWN + 1, who, what, target))
        shown = found[:SHOWN]
        self._table.clear()
        for one in shown:
            self._row(one)
        self._none.set_visibility(not shown)
        self._pager.settle(shown[-1].id if shown else 0, len(found) > SHOWN)

    def _row(self, one: AuditPublic) -> None:
        lang = self._frame.lang
        when = partial(
            tag, "span", "nowrap", moment(one.at, FLEET_TZ, lang, now_ms()), title=exact(one.at, FLEET_TZ, lang)
        )
        self._table.row([when, one.who, partial(tag, "code", "", one.what), one.target, partial(_change, one)])


async def _build(frame: Frame) -> None:
    await Log(frame).show()


def changes(before: str, after: str) -> list[tuple[str, str, str]]:
    """Return what has changed between two JSON texts: names, and the values before and after as texts."""
    old, new = (json.loads(text) if text else {} for text in (before, after))
    if not isinstance(old, dict) or not isinstance(new, dict):
        return [("", before, after)]
    names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    return [(name, _text(old, name), _text(new, name)) for name in names]


def _text(values: dict[str, object], name: str) -> str:
    return json.dumps(values[name], ensure_ascii=False) if name in values else ""


def _change(one: AuditPublic) -> None:
    found = changes(one.before, one.after)
    if not found:
        return
    with tag("ul", "changes"):
        for name, old, new in found:
            with tag("li"):
                tag("span", "soft", f"{name}: ")
                if old:
                    tag("del", text=old)
                    tag("span", text=" → " if new else "")
                tag("ins", text=new)


PAGE = Page("/fleet/audit", N_("Audit log"), _build, role="admin", everywhere=True, icon="history", rank=1)

"""How a layer has been: who changed it, when and why; two revisions side by side; back to one."""

from collections.abc import Awaitable, Callable
from functools import partial

from sqlmodel import Session

from controller.fleet.configuration import views
from controller.fleet.configuration.layers import Json
from controller.fleet.configuration.models import Revision
from controller.fleet.configuration.service import Key
from controller.fleet.pages.configuration.preview import differences
from controller.ingest.alarms import now_ms
from controller.web.shell.frame import Frame
from controller.web.shell.times import age, moment
from controller.web.shell.widgets import Table, button, card, choice, empty, figure, tag

SHOWN = 20


class Past:
    """The card. `restore` is given an old patch, and the rev that it was."""

    def __init__(
        self, frame: Frame, key: Key, tz: int, may: bool, restore: Callable[[Json, int], Awaitable[None]]
    ) -> None:
        self._frame, self._key, self._tz, self._may, self._restore = frame, key, tz, may, restore
        self._found: list[Revision] = []
        self._limit = SHOWN
        _ = frame.say
        with card(_("History")):
            self._none = empty(_("Nobody has changed this layer yet."), "history")
            with tag("div", "stack") as self._space:
                names = (figure(_("Revision")), _("When"), _("Who"), _("Note"), _("Actions"))
                self._table = Table(_("History"), names)
                self._more = button(_("Older"), "small", self._older)
                tag("h3", text=_("Two revisions side by side"))
                with tag("div", "filters"):
                    self._old = choice(_("From"), {"0": "0"}, "0")
                    self._new = choice(_("To"), {"0": "0"}, "0")
                self._diff = tag("div", **{"aria-live": "polite"})
        for one in (self._old, self._new):
            one.on_value_change(self._compare)

    async def show(self) -> None:
        """Read and show the history."""
        self._found = await self._frame.read(self._read)
        shown = self._found[: self._limit]
        self._none.set_visibility(not shown)
        self._space.set_visibility(bool(shown))
        self._more.set_visibility(len(self._found) > self._limit)
        self._table.clear()
        now, lang = now_ms(), self._frame.lang
        for at, one in enumerate(shown):
            when = f"{moment(one.at, self._tz, lang, now)} · {age(one.at, lang, now)}"
            self._table.row([str(one.rev), when, one.who, one.note or "–", partial(self._actions, one, at == 0)])
        if shown:
            revs = {str(one.rev): str(one.rev) for one in shown} | {"0": self._frame.say("0 (before all)")}
            newest = shown[0].rev
            self._old.set_options(revs, value=str(shown[1].rev if len(shown) > 1 else 0))
            self._new.set_options(revs, value=str(newest))
            await self._compare()

    def _read(self, session: Session) -> list[Revision]:
        found = list(views.revisions(session, self._key, 0, self._limit + 1))
        session.expunge_all()
        return found

    def _actions(self, one: Revision, newest: bool) -> None:
        _ = self._frame.say
        with tag("div", "actions"):
            button(_("What changed"), "small", partial(self._look, one.rev))
            if self._may and not newest:
                button(_("Restore …"), "small", partial(self._restore, one.patch, one.rev))

    def _look(self, rev: int) -> None:
        """Show what a revision has changed."""
        earlier = [one.rev for one in self._found[: self._limit] if one.rev < rev]
        self._old.set_value(str(max(earlier, default=0)))
        self._new.set_value(str(rev))

    async def _older(self) -> None:
        self._limit += SHOWN
        await self.show()

    async def _compare(self) -> None:
        """Show how the two that are chosen differ."""
        patches = {str(one.rev): one.patch for one in self._found} | {"0": {}}
        old, new = (patches.get(str(one.value), {}) for one in (self._old, self._new))
        self._diff.clear()
        with self._diff:
            differences(self._frame, views.shown(old, new))

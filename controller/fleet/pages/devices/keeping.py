"""Views on the list of devices: take one, keep one, remove one."""

from collections.abc import Awaitable, Callable

from nicegui import ui
from sqlmodel import Session

from controller.fleet.inventory import views
from controller.fleet.inventory.models import View
from controller.fleet.inventory.schemas import ViewBase
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.widgets import button, card, choice, field, icon, tag

Kept = tuple[str, str, list[str]]


class Keeping:
    """The views that somebody may take. `kept` says what a new one would keep; `take` shows what one has kept."""

    def __init__(
        self, frame: Frame, kept: Callable[[], Kept], take: Callable[[str, str, list[str]], Awaitable[None]]
    ) -> None:
        self._frame, self._kept, self._take = frame, kept, take
        self._views: list[View] = []
        _ = frame.say
        with button(_("Views"), icon="bookmark_border"), ui.menu() as self._menu:
            self._list = tag("div", "views")
        self._menu.on_value_change(self._open)

    async def _open(self) -> None:
        if not self._menu.value:
            return
        who, _ = self._frame.who, self._frame.say

        def read(session: Session) -> list[View]:
            found = views.theirs(session, who)
            session.expunge_all()
            return found

        self._views = await self._frame.read(read)
        self._list.clear()
        with self._list:
            if not self._views:
                tag("p", "soft", _("No view is kept yet."))
            for one in self._views:
                self._line(one)
            button(_("Keep this view"), "small", self._ask, "bookmark_add")

    def _line(self, view: View) -> None:
        _ = self._frame.say
        own = view.owner == self._frame.who.person
        with tag("div", "view"):
            with tag("button", "take", type="button") as press:
                tag("span", text=view.name)
                if view.shared:
                    tag("span", "soft", _("shared") if own else _("by {name}").format(name=view.owner))
            press.on("click", lambda: self._chosen(view), [])
            if own or (view.shared and self._frame.who.everywhere and self._frame.may("admin")):
                with tag(
                    "button", "remove", type="button", **{"aria-label": _("Remove {name}").format(name=view.name)}
                ) as off:
                    icon("delete_outline")
                off.on("click", lambda: self._remove(view), [])

    async def _chosen(self, view: View) -> None:
        self._menu.close()
        await self._take(view.filter, view.sort, view.columns)

    async def _remove(self, view: View) -> None:
        frame = self._frame
        self._menu.close()

        def fn() -> None:
            frame.parts.db.write(lambda session: views.remove(session, frame.who, view.id))

        await frame.do(fn, N_("The view is removed"))

    def _ask(self) -> None:
        """Ask for a name."""
        frame, _ = self._frame, self._frame.say
        self._menu.close()
        filter_, sort, columns = self._kept()
        with frame.client, ui.dialog() as dialog, card(_("Keep this view")):
            tag("p", "mono", filter_ or _("All devices"))
            name = field(_("Name"), maxlength="48")
            kinds = {"own": _("For me"), "shared": _("For all who see devices")}
            shared = choice(_("Who sees it"), kinds, "own") if frame.may("technician") else None

            async def keep() -> None:
                def fn() -> View:
                    body = ViewBase(
                        name=" ".join(str(name.value or "").split()), filter=filter_, sort=sort, columns=columns,
                        shared=shared is not None and shared.value == "shared",
                    )  # fmt: skip
                    if body.shared:
                        frame.need("technician")
                    return frame.parts.db.write(lambda session: views.add(session, frame.who, body))

                if await frame.do(fn, N_("The view is kept")) is not None:
                    dialog.close()

            with tag("div", "actions"):
                button(_("Keep"), "main", keep)
                button(_("Cancel"), press=dialog.close)
        dialog.open()

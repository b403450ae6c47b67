"""Users and roles: who may sign in, as what, and where."""

from collections.abc import Callable
from functools import partial

from nicegui import ui

from controller.accounts.desk import people
from controller.accounts.pages.scope import said, typed
from controller.accounts.schemas import UserCreate, UserPublic
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.layout import ROLES, heading
from controller.web.shell.page import Page
from controller.web.shell.widgets import Table, button, card, choice, confirm, facts, field, state, tag

MEANINGS = {
    "viewer": N_("sees how halls and devices do"),
    "clerk": N_("works at the counter console, comments on incidents"),
    "technician": N_("claims and swaps devices, gives commands, looks after incidents"),
    "admin": N_("changes halls and places; bound to nothing also accounts, updates and the audit log"),
}


class Users:
    """The table of accounts, and what is done with each."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        _ = frame.say
        with heading(frame):
            button(_("New account"), "main", self._new)
        with card():
            names = (_("Name"), _("Role"), _("Where"), _("Second factor"), _("Actions"))
            self._table = Table(_("Users and roles"), names)
        with card(_("Roles")):
            facts([(_(ROLES[role]), _(words)) for role, words in MEANINGS.items()])
            tag("p", "soft", _("Each role may do what those above it in this list may."))

    async def show(self) -> None:
        """Show them as they are now."""
        found, guarded = await self._frame.read(lambda session: (people.listed(session), people.guarded(session)))
        self._table.clear()
        for one in found:
            self._row(one, one.name in guarded)

    def _row(self, one: UserPublic, guarded: bool) -> None:
        _ = self._frame.say

        def actions() -> None:
            with tag("div", "actions"):
                if guarded:
                    button(_("Take the second factor away"), "small", partial(self._unguard, one.name))
                button(_("Remove"), "small bad", partial(self._remove, one.name))

        second = partial(state, "good" if guarded else "off", _("on") if guarded else _("off"))
        self._table.row([one.name, _(ROLES[one.role]), said(self._frame, one.sites), second, actions])

    def _new(self) -> None:
        frame, _ = self._frame, self._frame.say
        with frame.client, ui.dialog() as dialog, card(_("New account")):
            name = field(_("Name"), autocomplete="off", maxlength="64")
            role = choice(_("Role"), {one: _(words) for one, words in ROLES.items()}, "viewer")
            sites = field(_("Where"), hint=_("ids of halls, district: with a sub-district; nothing for everywhere"))
            password = field(_("First password"), kind="password", autocomplete="new-password", maxlength="256")

            async def make() -> None:
                def fn() -> UserPublic:
                    body = UserCreate(
                        name=str(name.value or ""),
                        role=str(role.value),
                        password=str(password.value or ""),
                        sites=typed(sites.value),
                    )
                    return frame.parts.db.write(lambda session: people.add(session, body, frame.who))

                if await frame.do(fn, N_("The account is made"), "admin") is not None:
                    dialog.close()
                    await self.show()

            with tag("div", "actions"):
                button(_("Make it"), "main", make)
                button(_("Cancel"), press=dialog.close)
        dialog.open()

    def _remove(self, name: str) -> None:
        text = self._frame.say(
            "The account goes with its sessions and tokens. What it has done stays in the audit log."
        )
        self._ask(self._frame.say("Remove"), name, text, partial(self._act, people.remove, name))

    def _unguard(self, name: str) -> None:
        _ = self._frame.say
        text = _("Their sessions end; they sign in with the password alone until they set it up again.")
        title = _("Take the second factor away")
        self._ask(title, name, text, partial(self._act, people.remove_factor, name))

    def _ask(self, title: str, name: str, text: str, act: Callable[[], object]) -> None:
        confirm(self._frame.client, f"{title}: {name}", text, title, self._frame.say("Cancel"), act)

    async def _act(self, fn: Callable[..., None], name: str) -> None:
        frame = self._frame

        def write() -> bool:
            frame.parts.db.write(lambda session: fn(session, name, frame.who))
            return True

        if await frame.do(write, N_("It is done"), "admin"):
            await self.show()


async def _build(frame: Frame) -> None:
    await Users(frame).show()


PAGE = Page("/fleet/users", N_("Users and roles"), _build, role="admin", everywhere=True, icon="group", rank=1)

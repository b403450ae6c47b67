"""Tokens with which programs use the API: one's own, everybody's for an admin of the whole fleet."""

from functools import partial

from nicegui import ui

from controller.accounts.desk import tokens
from controller.accounts.pages.scope import said, typed
from controller.accounts.schemas import TokenCreate, TokenMade, TokenPublic
from controller.accounts.service import ROLES as ORDER
from controller.ingest.alarms import now_ms
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.layout import ROLES, heading
from controller.web.shell.page import Page
from controller.web.shell.times import FLEET_TZ, moment
from controller.web.shell.widgets import Table, button, card, choice, confirm, empty, field, tag


class Tokens:
    """The table of tokens, and the form for a new one."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        _ = frame.say
        with heading(frame, soft=_("A token can never do more than whoever made it.")):
            button(_("New token"), "main", self._new)
        with card():
            names = (_("Name"), _("Of"), _("Role"), _("Where"), _("Made"), _("Actions"))
            self._table = Table(_("Tokens"), names)
            self._none = empty(_("No token yet. A program that uses the API needs one."), "key")

    async def show(self) -> None:
        """Show them as they are now."""
        found = await self._frame.read(lambda session: tokens.listed(session, self._frame.who))
        self._table.clear()
        for one in found:
            self._row(one)
        self._none.set_visibility(not found)

    def _row(self, one: TokenPublic) -> None:
        _, lang = self._frame.say, self._frame.lang
        end = partial(button, _("End"), "small bad", partial(self._end, one))
        made = moment(one.created, FLEET_TZ, lang, now_ms())
        self._table.row([one.name, one.user, _(ROLES[one.role]), said(self._frame, one.sites), made, end])

    def _new(self) -> None:
        frame, _ = self._frame, self._frame.say
        roles = [one for one in ORDER if frame.may(one)]
        with frame.client, ui.dialog() as dialog, card(_("New token")):
            name = field(_("Name"), hint=_("small letters, digits and hyphens"), maxlength="32")
            role = choice(_("Role"), {one: _(ROLES[one]) for one in roles}, "viewer")
            sites = field(
                _("Where"), hint=_("ids of halls, district: with a sub-district; nothing for all that are yours")
            )

            async def make() -> None:
                def fn() -> TokenMade:
                    body = TokenCreate(name=str(name.value or ""), role=str(role.value), sites=typed(sites.value))
                    return frame.parts.db.write(lambda session: tokens.add(session, body, frame.who))

                made = await frame.do(fn, role="viewer")
                if made is not None:
                    dialog.close()
                    self._tell(made)
                    await self.show()

            with tag("div", "actions"):
                button(_("Make it"), "main", make)
                button(_("Cancel"), press=dialog.close)
        dialog.open()

    def _tell(self, made: TokenMade) -> None:
        """Show the token, once."""
        _ = self._frame.say
        with self._frame.client, ui.dialog().props("persistent") as dialog, card(_("Token") + f" {made.name}"):
            tag("p", text=_("It is shown only now: copy it to where the program keeps its secrets."))
            tag("pre", "token", made.token)
            with tag("div", "actions"):
                button(_("I have it"), "main", dialog.close)
        dialog.open()

    def _end(self, one: TokenPublic) -> None:
        _ = self._frame.say
        text = _("The program that uses it is refused from now on.")
        title = _("End") + f": {one.user}/{one.name}"
        confirm(self._frame.client, title, text, _("End"), _("Cancel"), partial(self._ended, one))

    async def _ended(self, one: TokenPublic) -> None:
        frame = self._frame

        def fn() -> bool:
            frame.parts.db.write(lambda session: tokens.remove(session, one.user, one.name, frame.who))
            return True

        if await frame.do(fn, N_("It is done"), "viewer"):
            await self.show()


async def _build(frame: Frame) -> None:
    await Tokens(frame).show()


PAGE = Page("/fleet/tokens", N_("API tokens"), _build, icon="key", rank=1)

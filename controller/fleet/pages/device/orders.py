"""Commands to a device: give one, and see what became of those before."""

import secrets

from nicegui import ui
from sqlmodel import Session

from controller.fleet.orders import book
from controller.fleet.orders.book import Asked
from controller.fleet.orders.models import Command
from controller.fleet.orders.schemas import CommandCreate
from controller.fleet.pages.devices.words import AGES, LEVELS, OPS, RISKY, STATES
from controller.ingest.alarms import now_ms
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.times import age, exact, moment
from controller.web.shell.widgets import Table, button, card, choice, empty, state, tag

SHOWN = 12
REASONS = {
    "no_part": N_("it has no such part"),
    "busy": N_("it is busy"),
    "bad_args": N_("it does not understand it"),
    "unknown_op": N_("its firmware does not know it"),
    "expired": N_("it came too late"),
    "cut_off": N_("somebody was served meanwhile"),
    "out": N_("paper is out"),
    "cover": N_("the printer's cover is open"),
    "offline": N_("the printer is off"),
    "silent": N_("the printer does not answer"),
    "stalled": N_("the printer stands still"),
    "digits": N_("the display does not answer"),
    "speaker": N_("the speaker was not heard"),
    "no_networks": N_("it was flashed without Wi-Fi"),
    "backlog": N_("events wait on it"),
    "trial": N_("an update is on trial"),
    "moved": N_("it leads another hall than it was flashed for"),
}


class Orders:
    """The card of commands."""

    def __init__(self, frame: Frame, device: str, tz: int) -> None:
        self._frame, self._device, self._tz = frame, device, tz
        self._shown: object = None
        _ = frame.say
        with card(_("Commands")):
            with tag("div", "filters"):
                self._op = choice(_("Command"), {op: _(text) for op, text in OPS.items()}, "identify")
                self._level = choice(_("It says"), {key: _(text) for key, text in LEVELS.items()}, "2")
                self._level.bind_visibility_from(self._op, "value", value="log_level")
                self._lasts = choice(_("Void after"), {key: _(text) for key, text in AGES.items()}, "300")
                button(_("Give the command"), "main", self._ask, "send")
            self._table = Table(_("Commands"), (_("When"), _("Command"), _("What became of it"), _("By")))
            self._none = empty(_("Nobody has given it a command yet."), "send")

    async def show(self) -> None:
        """Show the newest; nothing is sent where they stand as they did."""

        def read(session: Session) -> list[Command]:
            found = book.commands(session, self._device)[:SHOWN]
            session.expunge_all()
            return found

        found, now = await self._frame.read(read), now_ms()
        key = [(one.id, book.state_of(one, now), age(one.at, self._frame.lang, now)) for one in found]
        if key == self._shown:
            return
        self._shown = key
        self._table.clear()
        for one in found:
            self._row(one, now)
        self._none.set_visibility(not found)

    def _row(self, one: Command, now: int) -> None:
        _, lang = self._frame.say, self._frame.lang
        stands = book.state_of(one, now)
        when = f"{moment(one.at, self._tz, lang, now)} · {age(one.at, lang, now)}"

        def outcome() -> None:
            kind, word = STATES.get(stands, ("off", stands))
            state(kind, _(word))
            if one.reason:
                tag("span", "soft", f" {_(REASONS.get(one.reason, one.reason))}")

        self._table.row(
            [
                lambda: tag("span", "nowrap", when, title=exact(one.at, self._tz, lang)) and None,
                _(OPS.get(one.op, one.op)),
                outcome,
                one.who,
            ]
        )

    async def _ask(self) -> None:
        """Give the command; ask once more where the hall would notice it."""
        op = str(self._op.value)
        if op not in RISKY:
            await self._give(op)
            return
        _ = self._frame.say
        with self._frame.client, ui.dialog() as dialog, card(_(OPS[op])):
            state("warn", _("The hall will notice this."))
            if op == "factory_reset":
                tag("p", text=_("Configuration, time and logs go; what identifies it and what waits to be sent stays."))

            async def go() -> None:
                dialog.close()
                await self._give(op)

            with tag("div", "actions"):
                button(_("Do it"), "main", go)
                button(_("Cancel"), press=dialog.close)
        dialog.open()

    async def _give(self, op: str) -> None:
        frame, device = self._frame, self._device
        args = {"level": int(str(self._level.value))} if op == "log_level" else {}
        key = secrets.token_hex(16)

        def fn() -> Command:
            body = CommandCreate.model_validate({"op": op, "args": args, "expires_s": int(str(self._lasts.value))})
            asked = Asked(body.op, body.args.model_dump(exclude_none=True), body.expires_s, key)
            return frame.parts.db.write(lambda session: book.add_theirs(session, frame.who, device, asked))

        if await frame.do(fn, N_("The command is on its way")) is not None:
            frame.parts.link.changed([device])
            await self.show()

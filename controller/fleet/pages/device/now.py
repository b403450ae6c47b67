"""How a device is now: whether it is there, its figures, what it is, its tags."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from nicegui import ui

from controller.fleet.inventory import tags
from controller.fleet.inventory.schemas import Tags
from controller.fleet.models import Device, status
from controller.fleet.pages.devices.columns import grouped
from controller.fleet.pages.devices.words import LOW_HEAP, MUCH, STATUS, WEAK_DBM, presence
from controller.ingest.alarms import now_ms
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.times import age, moment, span
from controller.web.shell.widgets import State, button, card, facts, field, state, tag

if TYPE_CHECKING:
    from controller.fleet.pages.device.page import Seen

CLOCKS = {
    0: N_("not set"),
    1: N_("not trusted"),
    2: N_("of its clock chip"),
    3: N_("of the controller"),
    4: N_("of a time server"),
}
RESETS = {
    "power": N_("power came back"),
    "soft": N_("restarted by itself"),
    "watchdog": N_("watchdog"),
    "crash": N_("crash"),
    "update": N_("an update"),
}


class Now:
    """The figures on top; drawn anew where one has changed."""

    def __init__(self, frame: Frame, one: "Seen") -> None:
        self._frame, self._one = frame, one
        self._shown: object = None
        _ = frame.say
        self._figures = tag("div", "figures", **{"aria-live": "polite"})
        with tag("div", "columns"):
            with card(_("What it says of itself")):
                self._said = tag("div")
            with card(_("What this device is")):
                self._is = tag("div")
                if frame.may("technician", one.device.site or None):
                    with tag("div", "actions"):
                        button(_("Change the tags"), "small", self._ask, "sell")

    def show(self, one: "Seen") -> None:
        """Show it as it is; nothing is sent where that is the same."""
        self._one = one
        now, device = now_ms(), one.device
        heard = f"{moment(device.seen, one.tz, self._frame.lang, now)} · {age(device.seen, self._frame.lang, now)}"
        key = (device.online, device.sealed, device.generation, device.next, device.state, one.tags, heard)
        if key == self._shown:
            return
        self._shown = key
        for space in (self._figures, self._said, self._is):
            space.clear()
        with self._figures:
            self._paint_figures(device)
        with self._said:
            self._paint_said(device, heard if device.seen else "–")
        with self._is:
            self._paint_is(device)

    def _paint_figures(self, device: Device) -> None:
        _, kind = self._frame.say, presence(device)
        with tag("div", "number"):
            tag("span", "soft", _("Now"))
            with tag("span", "value"):
                state(kind[0], _(kind[1]))
        self._figure(_("Wi-Fi"), device.rssi, "dBm", lambda dbm: dbm < WEAK_DBM)
        self._figure(_("Free memory"), device.heap, _("bytes"), lambda size: size < LOW_HEAP)
        self._figure(_("Waiting"), device.backlog, _("events"), lambda count: count > MUCH)
        with tag("div", "number"):
            tag("span", "soft", _("Code"))
            with tag("span", "value"):
                if device.code:
                    state("warn", device.code)
                else:
                    state("good", _("none"))

    def _figure(self, title: str, value: int | None, unit: str, bad: Callable[[int], bool]) -> None:
        kind: State | None = "warn" if value is not None and bad(value) else None
        with tag("div", "number"):
            tag("span", "soft", title)
            with tag("span", "value"):
                tag("b", kind or "", "–" if value is None else grouped(value, self._frame.lang))
                tag("span", "of", unit)

    def _paint_said(self, device: Device, heard: str) -> None:
        _, lang, said = self._frame.say, self._frame.lang, device.state
        clock, reset = said.get("clock"), str(said.get("reset", ""))
        facts(
            [
                (_("Heard of"), heard),
                (_("Firmware"), str(said.get("fw", "–"))),
                (_("Running for"), "–" if device.uptime is None else span(device.uptime, lang)),
                (_("Starts"), "–" if device.boots is None else grouped(device.boots, lang)),
                (_("Last start"), _(RESETS.get(reset, reset)) or "–"),
                (_("Time"), _(CLOCKS[clock]) if isinstance(clock, int) and clock in CLOCKS else "–"),
            ]
        )

    def _paint_is(self, device: Device) -> None:
        _, one = self._frame.say, self._one
        district = one.site.district if one.site else ""
        secret = _("generation {number}").format(number=device.generation)
        changing = _("is being changed to {number}").format(number=device.next) if device.next else ""
        facts(
            [
                (_("Status"), _(STATUS[status(device, claimed=False)])),
                (_("Site"), one.site.name if one.site else "–"),
                (_("Sub-district"), district.replace("-", " ").title() or "–"),
                (_("Position"), f"{one.position.name} ({one.position.id})" if one.position else "–"),
                (_("Secret"), ", ".join(part for part in (secret, changing) if part)),
            ]
        )
        with tag("div", "tags"):
            for word in one.tags:
                tag("span", "tag", word)
            if not one.tags:
                tag("span", "soft", _("No tags"))

    def _ask(self) -> None:
        """Ask for other tags."""
        frame, _, device = self._frame, self._frame.say, self._one.device
        with frame.client, ui.dialog() as dialog, card(_("Tags")):
            words = field(_("Tags"), " ".join(self._one.tags), hint=_("a-z, 0-9 and -, with spaces between"))

            async def keep() -> None:
                def fn() -> list[str]:
                    body = Tags(tags=str(words.value or "").split())

                    return frame.parts.db.write(lambda db: tags.put_theirs(db, frame.who, device.id, body.tags))

                if await frame.do(fn, N_("The tags are kept")) is not None:
                    dialog.close()

            with tag("div", "actions"):
                button(_("Keep"), "main", keep)
                button(_("Cancel"), press=dialog.close)
        dialog.open()

"""Changes to many devices from the list: which are chosen, what is to be done, what would happen, what came of it."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from controller.fleet.inventory import bulk
from controller.fleet.inventory.schemas import BulkOf, PreviewCreate, PreviewPublic, Target
from controller.fleet.pages.devices.words import AGES, LEVELS, OPS, RISKY
from controller.ingest.alarms import now_ms
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.widgets import State, Tag, button, card, choice, field, state, tag

LINES = 100  # of a preview that are shown one by one
OUTCOMES: dict[str, tuple[State, str]] = {
    "does": ("good", N_("will do it now")),
    "waits": ("busy", N_("is away: when it is back in time")),
    "same": ("off", N_("is so already")),
    "refused": ("bad", N_("cannot")),
}
DIRECT = ("identify", "reboot", "test_print", "test_display", "test_speaker", "send_logs", "log_level", "clear_wifi")


class Changes:
    """The bar above the list. `filter_` says what is asked for now; `show` shows the list again."""

    def __init__(self, frame: Frame, filter_: Callable[[], str], show: Callable[[], Awaitable[None]]) -> None:
        self._frame, self._filter, self._show = frame, filter_, show
        self._chosen: dict[str, None] = {}
        self._all, self._total = False, 0
        self._bar = tag("div", "selection", **{"aria-live": "polite"})

    def has(self, device: str) -> bool:
        """Whether a device is chosen."""
        return self._all or device in self._chosen

    def put(self, device: str, chosen: bool) -> None:
        """Choose a device, or no more."""
        if not chosen:
            self._all = False
        if chosen:
            self._chosen[device] = None
        else:
            self._chosen.pop(device, None)
        self._paint()

    def forget(self) -> None:
        """Nothing is chosen."""
        self._chosen, self._all = {}, False
        self._paint()

    def matching(self, total: int) -> None:
        """So many devices fit the filter."""
        if total != self._total:
            self._total = total
            self._paint()

    def _paint(self) -> None:
        _ = self._frame.say
        self._bar.clear()
        if not self._frame.may("technician") or not (self._chosen or self._all):
            return
        with self._bar:
            count = self._total if self._all else len(self._chosen)
            tag("b", text=_("{count} chosen").format(count=count))
            if not self._all and self._total > len(self._chosen):
                button(_("Choose all {total} that fit").format(total=self._total), "small", self._choose_all)
            button(_("Choose none"), "small", self._choose_none)
            tag("span", "grow")
            button(_("Command …"), "", self._ask_command, "send")
            button(_("Tags …"), "", self._ask_tags, "sell")

    async def _choose_all(self) -> None:
        self._all = True
        self._paint()

    async def _choose_none(self) -> None:
        self.forget()

    def _ask_command(self) -> None:
        _ = self._frame.say
        with self._frame.client, ui.dialog() as dialog, card(_("Give a command")):
            op = choice(_("Command"), {one: _(OPS[one]) for one in DIRECT}, "identify")
            level = choice(_("It says"), {key: _(text) for key, text in LEVELS.items()}, "2")
            level.bind_visibility_from(op, "value", value="log_level")
            lasts = choice(_("Void after"), {key: _(text) for key, text in AGES.items()}, "3600")

            async def look() -> None:
                args = {"level": int(str(level.value))} if op.value == "log_level" else {}
                action = {"kind": "command", "op": op.value, "args": args, "expires_s": int(str(lasts.value))}
                await self._preview(dialog, action)

            with tag("div", "actions"):
                button(_("See what would happen"), "main", look)
                button(_("Cancel"), press=dialog.close)
        dialog.open()

    def _ask_tags(self) -> None:
        _ = self._frame.say
        with self._frame.client, ui.dialog() as dialog, card(_("Put tags on, take tags off")):
            hint = _("a-z, 0-9 and -, with spaces between")
            add, remove = field(_("Put on"), hint=hint), field(_("Take off"), hint=hint)

            async def look() -> None:
                words = {name: str(one.value or "").split() for name, one in (("add", add), ("remove", remove))}
                await self._preview(dialog, {"kind": "tags", **words})

            with tag("div", "actions"):
                button(_("See what would happen"), "main", look)
                button(_("Cancel"), press=dialog.close)
        dialog.open()

    async def _preview(self, dialog: ui.dialog, action: dict[str, object]) -> None:
        """Show what would happen; nothing has, yet."""
        frame = self._frame
        which = {"filter": self._filter()} if self._all else {"devices": list(self._chosen)}

        def fn() -> PreviewPublic:
            body = PreviewCreate.model_validate({"action": action, **which})
            return frame.parts.db.write(lambda session: bulk.preview(session, frame.who, body, now_ms()))

        found = await frame.do(fn, role="technician")
        if found is None:
            return
        dialog.close()
        _ = frame.say
        with frame.client, ui.dialog() as shown, card(_("What would happen"), "large"):
            with tag("div", "chips"):
                for outcome, count in found.counts.items():
                    kind, word = OUTCOMES[outcome]
                    state(kind, f"{count} {_(word)}")
            if action.get("op") in RISKY:
                state("warn", _("The halls will notice this."))
            self._targets(found.targets)
            able = sum(count for outcome, count in found.counts.items() if outcome != "refused")

            async def make() -> None:
                done = await frame.do(
                    lambda: bulk.carry_out(frame.parts.db, frame.parts.link, frame.who, found.id), role="technician"
                )
                if done is not None:
                    shown.close()
                    self._told(done)
                    self.forget()
                    await self._show()

            with tag("div", "actions"):
                go = button(_("Do it for {count} devices").format(count=able), "main", make)
                go.props["disabled"] = able == 0
                button(_("Cancel"), press=shown.close)
        shown.open()

    def _targets(self, targets: list[Target]) -> None:
        _ = self._frame.say
        worst = sorted(targets, key=lambda one: ("refused", "waits", "does", "same").index(one.outcome))
        frame = tag("div", "scroll preview", tabindex="0", role="region", **{"aria-label": _("Devices")})
        with frame, tag("table"), tag("tbody"):
            for one in worst[:LINES]:
                self._target(one)
        if len(targets) > LINES:
            tag("p", "soft", _("and {count} more").format(count=len(targets) - LINES))

    def _target(self, one: Target) -> Tag:
        kind, word = OUTCOMES[one.outcome]
        with tag("tr") as line:
            tag("td", "mono", one.device)
            tag("td", "", " / ".join(part for part in (one.site, one.position) if part))
            with tag("td"):
                state(kind, self._frame.say(one.reason or word))
        return line

    def _told(self, done: list[BulkOf]) -> None:
        frame = self._frame
        wrong = [one for one in done if not one.done]
        if wrong:
            text = frame.say("{count} devices were left out: {reason}")
            frame.refuse(text.format(count=len(wrong), reason=frame.say(wrong[0].reason)))
        if len(done) > len(wrong):
            frame.told(frame.say("{count} devices: on its way").format(count=len(done) - len(wrong)))

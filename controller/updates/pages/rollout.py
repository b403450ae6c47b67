"""One rollout, live: how it stands, ring by ring and device by device, and what can be done about it."""

from collections.abc import Callable
from functools import partial

from sqlmodel import Session

from controller.fleet.service import FleetError
from controller.ingest.alarms import now_ms
from controller.updates.pages.words import STANDS, STEPS, WHY
from controller.updates.rollout import orders
from controller.updates.rollout.orders import FROM, Action
from controller.updates.rollout.table import read
from controller.updates.schemas import RolloutWhole, UnitPublic, shown
from controller.web.i18n import N_
from controller.web.problems import Problem
from controller.web.shell.frame import Frame
from controller.web.shell.layout import heading
from controller.web.shell.page import Page
from controller.web.shell.times import FLEET_TZ, moment, span
from controller.web.shell.widgets import Table, Tag, button, card, confirm, facts, figure, link, state, tag

ACTIONS: dict[Action, tuple[str, str]] = {
    "pause": (N_("Pause"), ""),
    "resume": (N_("Go on"), "main"),
    "retry": (N_("Try the failed again"), ""),
    "cancel": (N_("End it"), "bad"),
}
# What has gone wrong comes first, then what is under way.
ORDER = ("failed", "trial", "ready", "taken", "ordered", "recalled", "pending", "gone", "cancelled", "done", "skipped")
SHOWN = 200
MINUTE_S = 60


class Sheet:
    """What is shown of a rollout; drawn anew where something has changed."""

    def __init__(self, frame: Frame, id_: int) -> None:
        self._frame, self._id = frame, id_
        self._shown: RolloutWhole | None = None
        self._rows: dict[str, tuple[UnitPublic, Tag]] = {}
        self._buttons: dict[Action, Tag] = {}

    def draw(self, one: RolloutWhole) -> None:
        """Draw the page."""
        frame, _ = self._frame, self._frame.say
        with heading(frame, _("Rollout") + f" {one.id} · {one.fw}", one.note):
            for action, (words, classes) in ACTIONS.items():
                press = self._ask if action == "cancel" else partial(self._act, action)
                self._buttons[action] = button(_(words), classes, press)
        with card():
            self._stand = tag("div", **{"aria-live": "polite"})
        with tag("div", "columns"):
            with card(_("Rings")):
                self._rings = tag("div", "rings")
            with card(_("How")):
                self._how(one)
        with card(_("Devices")):
            names = (_("Device"), _("Hall"), _("Place"), figure(_("Ring")), _("Step"), _("Why"), figure(_("Tries")))
            self._devices = Table(_("Devices"), (*names, figure(_("At this step"))))
            self._rest = tag("p", "soft")
        self.paint(one)

    async def show(self) -> None:
        """Show it as it is now."""
        self.paint(await _read(self._frame, self._id))

    def paint(self, one: RolloutWhole) -> None:
        """Show it."""
        if one == self._shown:
            return
        before, self._shown = self._shown, one
        for action, made in self._buttons.items():
            made.set_visibility(one.state in {stand.value for stand in FROM[action]})
        if before is None or (before.state, before.rings) != (one.state, one.rings):
            self._count(one)
        self._list(one)

    def _count(self, one: RolloutWhole) -> None:
        """Draw how many devices stand how, in all and in each ring."""
        _ = self._frame.say
        kind, words = STANDS[one.state]
        self._stand.clear()
        with self._stand:
            state(kind, _(words))
            _bar(self._frame, one.counts)
        self._rings.clear()
        with self._rings:
            for number, ring in enumerate(one.rings, start=1):
                tag("h3", text=_("Ring") + f" {number} · {len(ring.sites)} " + _("halls"))
                _bar(self._frame, ring.counts)

    def _list(self, one: RolloutWhole) -> None:
        """Draw the devices; those that are as they were stay."""
        units = [
            unit.model_copy(update={"spent_s": unit.spent_s // MINUTE_S * MINUTE_S})
            for unit in sorted(one.devices, key=lambda unit: ORDER.index(unit.state))[:SHOWN]
        ]
        if [unit.device for unit in units] != list(self._rows):
            self._devices.clear()
            self._rows = {unit.device: (unit, self._devices.row(self._cells(unit))) for unit in units}
        for unit in units:
            before, row = self._rows[unit.device]
            if before != unit:
                self._devices.fill(row, self._cells(unit))
                self._rows[unit.device] = unit, row
        hidden = len(one.devices) - SHOWN
        self._rest.set_text(self._frame.say("and further devices:") + f" {hidden}" if hidden > 0 else "")

    def _cells(self, unit: UnitPublic) -> list[str | Callable[[], object]]:
        _, lang = self._frame.say, self._frame.lang
        kind, words = STEPS[unit.state]
        return [
            partial(link, unit.device, f"/fleet/devices/{unit.device}", "mono"),
            partial(link, unit.site, f"/fleet/sites/{unit.site}"),
            unit.position,
            str(unit.ring or "–"),
            partial(state, kind, _(words)),
            _(WHY.get(unit.why, unit.why)),
            str(unit.tries),
            span(unit.spent_s, lang) if unit.spent_s else "–",
        ]

    def _how(self, one: RolloutWhole) -> None:
        _, lang = self._frame.say, self._frame.lang
        facts(
            [
                (_("Begun"), f"{moment(one.at, FLEET_TZ, lang, now_ms())} · {one.who}"),
                (_("Devices at a time"), str(one.parallel)),
                (_("Stops at failures of"), f"{one.stop_share} %"),
                (_("Further attempts"), str(one.retries)),
                (_("Restart"), _("at once") if one.now else _("at a quiet moment")),
                (_("Bytes ordered"), f"{one.bytes / 1_000_000:.1f} MB"),
            ]
        )

    def _ask(self) -> None:
        _ = self._frame.say
        text = _("No device is ordered anything more, and those that are not on trial yet are called back.")
        confirm(self._frame.client, _("End the rollout?"), text, _("End it"), _("Back"), partial(self._act, "cancel"))

    async def _act(self, action: Action) -> None:
        frame = self._frame
        made = await frame.do(lambda: frame.parts.updates.act(self._id, action, frame.who.name), role="admin")
        if made is not None:
            self.paint(made)


async def _build(frame: Frame) -> None:
    text = frame.path["id"]
    id_ = int(text) if text.isdecimal() and len(text) < 10 else 0
    sheet = Sheet(frame, id_)
    sheet.draw(await _read(frame, id_))
    frame.live(sheet.show)


async def _read(frame: Frame, id_: int) -> RolloutWhole:
    def fn(session: Session) -> RolloutWhole:
        row = orders.rollout_of(session, id_)
        return shown(row, read(session, row))

    try:
        return await frame.read(fn)
    except FleetError:
        raise Problem(404) from None


def _bar(frame: Frame, counts: dict[str, int]) -> None:
    """Draw how many devices stand how: as a bar, and in words."""
    total = sum(counts.values()) or 1
    shown_ = [(name, counts[name]) for name in reversed(ORDER) if counts.get(name)]
    with tag("div", "share", **{"aria-hidden": "true"}):
        for name, count in shown_:
            tag("span", STEPS[name][0]).style(f"flex-grow: {count / total}")
    with tag("p", "counts"):
        for name, count in shown_:
            kind, words = STEPS[name]
            state(kind, f"{count} {frame.say(words)}")


PAGE = Page("/fleet/rollouts/{id}", N_("Rollout"), _build, role="admin", everywhere=True, under="/fleet/updates")

"""A device's configuration: how far it is, each value and the layer that it comes from."""

import json
from functools import partial

from controller.fleet.configuration import standing
from controller.fleet.configuration.delivery import Patience
from controller.fleet.configuration.layers import leaves
from controller.fleet.configuration.schemas import DeviceConfigurationPublic
from controller.ingest.alarms import now_ms
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.times import age, moment
from controller.web.shell.widgets import State, Table, card, empty, facts, state, tag

STATES: dict[str, tuple[State, str]] = {
    "pending": ("busy", N_("Not sent yet")),
    "delivered": ("busy", N_("Sent, no word yet")),
    "applied": ("good", N_("In force")),
    "rejected": ("bad", N_("Refused")),
    "overdue": ("warn", N_("Overdue")),
}
LAYERS = {
    "place": N_("where it stands"),
    "defaults": N_("default"),
    "fleet": N_("whole fleet"),
    "kind": N_("kind of site"),
    "site": N_("site"),
    "position": N_("position"),
}
LONGEST = 160  # characters of a value in the table


class Configuration:
    """The card of the configuration."""

    def __init__(self, frame: Frame, device: str, tz: int) -> None:
        self._frame, self._device, self._tz = frame, device, tz
        self._shown: object = None
        with card(frame.say("Configuration")):
            self._space = tag("div", "stack", **{"aria-live": "polite"})

    async def show(self) -> None:
        """Show it as it is; nothing is sent where that is the same."""
        frame, patience = self._frame, Patience.of(self._frame.parts.settings)
        now = now_ms()
        found = await frame.read(lambda session: standing.of_device(session, self._device, patience, now))
        key = found and (found.model_dump_json(), age(found.since, frame.lang, now))
        if key == self._shown and self._shown is not None:
            return
        self._shown = key
        self._space.clear()
        with self._space:
            if found is None:
                empty(frame.say("It has none: it stands nowhere."), "tune")
            else:
                self._paint(found, now)

    def _paint(self, found: DeviceConfigurationPublic, now: int) -> None:
        _, lang = self._frame.say, self._frame.lang
        kind, word = STATES[found.state]
        state(kind, _(word))
        rows = [(_("Should have"), found.hash[:12] or "–"), (_("Has"), found.reported[:12] or _("none"))]
        if found.since:
            rows.append((_("Since"), f"{moment(found.since, self._tz, lang, now)} · {age(found.since, lang, now)}"))
        if found.deadline:
            rows.append((_("At the latest"), moment(found.deadline, self._tz, lang, now)))
        if found.why:
            rows.append((_("Why"), found.why))
        facts(rows)
        if found.drift:
            state("warn", _("It is in reach and has another one than it should."))
        with tag("details"):
            tag("summary", text=_("Each value, and the layer that it comes from"))
            table = Table(_("Configuration"), (_("Value"), _("is"), _("from")))
            for path, value in leaves(found.document):
                text = json.dumps(value, ensure_ascii=False)
                layer = found.origins.get(path, "place")
                said = _(LAYERS.get(layer.partition("/")[0], layer))
                table.row(
                    [
                        partial(tag, "span", "mono", path.lstrip("/")),
                        text if len(text) <= LONGEST else f"{text[:LONGEST]}…",
                        said,
                    ]
                )

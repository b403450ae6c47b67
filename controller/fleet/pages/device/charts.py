"""A device's figures over time, as charts: the worst of each ten minutes."""

from collections.abc import Sequence

from nicegui import ui
from sqlmodel import Session

from controller.fleet.inventory import history
from controller.fleet.inventory.history import STEP_MS
from controller.fleet.inventory.models import Sample
from controller.fleet.pages.devices.words import LOW_HEAP, MUCH, WEAK_DBM
from controller.ingest.alarms import now_ms
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.widgets import card, choice, empty, tag

HOUR_MS = 3_600_000
SPANS = {"24": N_("24 hours"), "72": N_("3 days"), "168": N_("7 days"), "336": N_("14 days")}
FIGURES = (  # field, title, unit, from which on it needs a look
    ("rssi", N_("Wi-Fi"), "dBm", WEAK_DBM),
    ("heap", N_("Free memory"), "B", LOW_HEAP),
    ("backlog", N_("Waiting"), "", MUCH),
)
GAP_MS = 6 * STEP_MS  # without a word for so long, the line ends
# Read in both lights: on white and on the dark card.
LINE, LIMIT, TEXT, RULE = "#2a9d8a", "#c9822b", "#7d8f9b", "rgba(125, 143, 155, 0.25)"


class Charts:
    """The card of charts; a new sample is drawn when there is one."""

    def __init__(self, frame: Frame, device: str) -> None:
        self._frame, self._device = frame, device
        self._shown: object = None
        _ = frame.say
        with card(_("Over time")):
            with tag("div", "filters"):
                self._span = choice(_("How long"), {hours: _(text) for hours, text in SPANS.items()}, "24")
                tag("p", "soft", _("The worst of each ten minutes in which it said something."))
            self._none = empty(_("Nothing yet: figures are kept from its next word on."), "show_chart")
            with tag("div", "charts") as self._space:
                self._charts = [self._chart(*one) for one in FIGURES]
        self._span.on_value_change(self.show)

    async def show(self) -> None:
        """Show the samples; nothing is sent where they are the same."""
        now = now_ms()
        since = now - int(str(self._span.value)) * HOUR_MS
        found = await self._frame.read(lambda session: _samples(session, self._device, since))
        key = (self._span.value, len(found), found[-1].model_dump() if found else None)
        if key == self._shown:
            return
        self._shown = key
        self._none.set_visibility(not found)
        self._space.set_visibility(bool(found))
        for chart, (name, *_) in zip(self._charts, FIGURES, strict=True):
            chart.options["xAxis"].update(min=since, max=now)
            chart.options["series"][0]["data"] = points(found, name)
            chart.update()

    def _chart(self, name: str, title: str, unit: str, limit: int) -> ui.echart:
        _ = self._frame.say
        figure = f"value => value.toLocaleString('{self._frame.lang}')"
        with tag("figure", "chart"):
            tag("figcaption", "", f"{_(title)}{f' ({unit})' if unit else ''}")
            made = ui.echart(
                {
                    "animation": False,
                    "aria": {"enabled": True, "label": {"description": _(title)}},
                    "grid": {"left": 8, "right": 26, "top": 12, "bottom": 4, "containLabel": True},
                    "tooltip": {"trigger": "axis", "confine": True},
                    "xAxis": {"type": "time", "axisLabel": {"color": TEXT, "hideOverlap": True},
                              "axisLine": {"lineStyle": {"color": RULE}}},
                    "yAxis": {"type": "value", "scale": name != "backlog", "splitLine": {"lineStyle": {"color": RULE}},
                              "axisLabel": {"color": TEXT, ":formatter": figure}},
                    "series": [
                        {
                            "type": "line", "name": _(title), "data": [], "showSymbol": False, "connectNulls": False,
                            "lineStyle": {"color": LINE, "width": 2}, "itemStyle": {"color": LINE},
                            "areaStyle": {"color": LINE, "opacity": 0.08, "origin": "start"},
                            "markLine": {
                                "silent": True, "symbol": "none", "label": {"show": False}, "data": [{"yAxis": limit}],
                                "lineStyle": {"color": LIMIT, "type": "dashed"},
                            },
                        }
                    ],
                },
                renderer="svg",
            )  # fmt: skip
            made.classes("plot")
        return made


def points(found: Sequence[Sample], name: str) -> list[list[int | None]]:
    """Return the points of a line, [Unix ms, value]; where a device was silent for an hour there is a hole."""
    made: list[list[int | None]] = []
    for one in found:
        if made and one.at - (made[-1][0] or 0) > GAP_MS:
            made.append([(made[-1][0] or 0) + STEP_MS, None])
        made.append([one.at, getattr(one, name)])
    return made


def _samples(session: Session, device: str, since: int) -> list[Sample]:
    found = history.since(session, device, since)
    session.expunge_all()
    return found

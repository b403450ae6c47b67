"""The map of halls: drawn by ourselves, without tiles, so that it works where there is no internet."""

from collections.abc import Sequence

from controller.incidents.halls.chart import Chart
from controller.incidents.halls.glance import SiteGlance, Stand
from controller.incidents.pages.words import STANDS
from controller.web.shell.frame import Frame
from controller.web.shell.widgets import Tag, tag

SHAPES: dict[Stand, str] = {  # by shape too, not by colour alone
    "urgent": "M-11 -11H11V11H-11Z",
    "troubled": "M0 -12L12 9H-12Z",
    "good": "M-6 0A6 6 0 1 0 6 0A6 6 0 1 0 -6 0Z",
    "silent": "M0 -9L9 0L0 9L-9 0Z",
    "closed": "M-6 0A6 6 0 1 0 6 0A6 6 0 1 0 -6 0Z",
    "bare": "M-4 0A4 4 0 1 0 4 0A4 4 0 1 0 -4 0Z",
}
ORDER: tuple[Stand, ...] = ("bare", "closed", "good", "silent", "troubled", "urgent")  # what is wrong lies on top
NAMED = 3  # halls that a sub-district has at least where its name is written


class Map:
    """The sheet, and a mark for each hall whose place is known."""

    def __init__(self, frame: Frame, halls: Sequence[SiteGlance]) -> None:
        self._frame = frame
        self._shown: dict[str, SiteGlance] = {}
        self._marks: dict[str, Tag] = {}
        self._shapes: dict[str, Tag] = {}
        placed = [one for one in halls if one.lat is not None and one.lon is not None]
        if not placed:
            return
        chart = Chart([(one.lon or 0.0, one.lat or 0.0) for one in placed])
        label = frame.say("Map of the halls")
        box = f"0 0 1000 {chart.height:.0f}"
        with tag("svg", "map", viewBox=box, role="group", **{"aria-label": label}):
            with tag("g", "graticule", **{"aria-hidden": "true"}):
                _lines(chart)
                _districts(chart, placed)
            for hall in sorted(placed, key=lambda one: ORDER.index(one.stand)):
                x, y = chart.at(hall.lon or 0.0, hall.lat or 0.0)
                self._mark(hall, x, y)

    def show(self, halls: Sequence[SiteGlance]) -> None:
        """Show how the halls do now: only what has changed is sent."""
        for hall in halls:
            if hall.id in self._marks and self._shown[hall.id] != hall:
                self._paint(hall)

    def _mark(self, hall: SiteGlance, x: float, y: float) -> None:
        mark = tag("a", href=f"/fleet/sites/{hall.id}", transform=f"translate({x} {y})")
        with mark:
            self._shapes[hall.id] = tag("path")
            right = x < 800
            tag("text", "name", hall.name, x="16" if right else "-16", y="5", **{} if right else {"text-anchor": "end"})
        self._marks[hall.id] = mark
        self._paint(hall)

    def _paint(self, hall: SiteGlance) -> None:
        before, self._shown[hall.id] = self._shown.get(hall.id), hall
        _, word = STANDS[hall.stand]
        self._marks[hall.id].props["aria-label"] = f"{hall.name}: {self._frame.say(word)}"
        if before is None or before.stand != hall.stand:
            self._marks[hall.id].classes(replace=f"mark {hall.stand}")
            self._shapes[hall.id].props["d"] = SHAPES[hall.stand]


def _lines(chart: Chart) -> None:
    for line in chart.graticule():
        tag("line", x1=f"{line.x1}", y1=f"{line.y1}", x2=f"{line.x2}", y2=f"{line.y2}")
        upright = line.x1 == line.x2
        tag(
            "text",
            "degree",
            line.name,
            x=f"{line.x1 + 6 if upright else 6}",
            y=f"{chart.height - 8 if upright else line.y1 - 6}",
        )


def _districts(chart: Chart, placed: Sequence[SiteGlance]) -> None:
    """Write the names of sub-districts amid their halls."""
    places: dict[str, list[tuple[float, float]]] = {}
    for hall in placed:
        if hall.district:
            places.setdefault(hall.district, []).append(chart.at(hall.lon or 0.0, hall.lat or 0.0))
    for name, points in places.items():
        if len(points) >= NAMED:
            x, y = (sum(axis) / len(points) for axis in zip(*points, strict=True))
            tag("text", "district", name.replace("-", " ").title(), x=f"{x:.0f}", y=f"{y:.0f}")


def legend(frame: Frame) -> None:
    """Draw what the marks mean."""
    with tag("ul", "legend"):
        for stand in reversed(ORDER):
            with tag("li"):
                with tag("svg", f"mark {stand}", viewBox="-13 -13 26 26", width="18", height="18"):
                    tag("path", d=SHAPES[stand])
                tag("span", text=frame.say(STANDS[stand][1]))

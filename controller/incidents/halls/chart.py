"""A map without tiles: where halls lie on a sheet, and the lines of latitude and longitude on it. Pure.

A regency is small: one minute of longitude is as long everywhere in it (equirectangular, true at its middle).
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

WIDTH = 1000.0  # of the sheet, in its own units
LEAST, MOST = 520.0, 1150.0  # its height
MARGIN = 46.0
SMALLEST = 0.05  # degrees that a sheet shows at least: one hall alone is not drawn at infinite size
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # degrees between two lines
LINES = 8  # at most, each way

Point = tuple[float, float]  # longitude and latitude, degrees; or x and y on the sheet


class Line(NamedTuple):
    """A line of the graticule from one point of the sheet to another, and what it is."""

    x1: float
    y1: float
    x2: float
    y2: float
    name: str


class Chart:
    """A sheet that shows some points.

    Args:
        points: longitudes and latitudes; at least one.
    """

    def __init__(self, points: Sequence[Point]) -> None:
        west, east = _range(lon for lon, _ in points)
        south, north = _range(lat for _, lat in points)
        self._narrow = math.cos(math.radians((south + north) / 2))
        across, down = (east - west) * self._narrow, north - south
        inner = WIDTH - 2 * MARGIN
        self.height = min(MOST, max(LEAST, down / across * inner + 2 * MARGIN))
        self._scale = min(inner / across, (self.height - 2 * MARGIN) / down)
        self._middle = ((west + east) / 2, (south + north) / 2)

    def at(self, lon: float, lat: float) -> Point:
        """Return where a place lies on the sheet."""
        x = WIDTH / 2 + (lon - self._middle[0]) * self._narrow * self._scale
        y = self.height / 2 - (lat - self._middle[1]) * self._scale
        return round(x, 1), round(y, 1)

    def graticule(self) -> list[Line]:
        """Return the lines of latitude and longitude, with their names. They go on beyond the sheet: whoever shows it
        may have more room one way than the other."""
        wide, high = WIDTH / self._scale / self._narrow, self.height / self._scale
        step = next((one for one in STEPS if max(wide, high) / one <= LINES), STEPS[-1])
        lines = []
        for lon in _steps(self._middle[0] - wide / 2, self._middle[0] + wide / 2, step):
            x, _ = self.at(lon, 0)
            lines.append(Line(x, -WIDTH, x, self.height + WIDTH, _named(lon, "E", "W", step)))
        for lat in _steps(self._middle[1] - high / 2, self._middle[1] + high / 2, step):
            _, y = self.at(0, lat)
            lines.append(Line(-WIDTH, y, 2 * WIDTH, y, _named(lat, "N", "S", step)))
        return lines


def _range(values: Iterable[float]) -> tuple[float, float]:
    found = sorted(values)
    low, high = found[0], found[-1]
    spare = max(0.0, SMALLEST - (high - low)) / 2
    return low - spare, high + spare


def _steps(low: float, high: float, step: float) -> list[float]:
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _named(degrees: float, above: str, below: str, step: float) -> str:
    digits = 2 if step < 0.1 else 1 if step < 1 else 0
    return f"{abs(degrees):.{digits}f}° {above if degrees >= 0 else below}"

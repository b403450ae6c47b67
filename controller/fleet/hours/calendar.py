"""When a hall is open: periods of each weekday, holidays, and its zone. Pure; moments are Unix milliseconds.

Indonesia's zones (WIB, WITA, WIT) have no summer time, so a zone is its minutes east of UTC and each day has 1,440.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

MINUTE_MS = 60_000
DAY_MS = 86_400_000
EPOCH = date(1970, 1, 1)
ALWAYS = ((0, 1440),)

Periods = tuple[tuple[int, int], ...]  # from and to in minutes of the day, `to` not in it; rising, apart
Written = Sequence[Sequence[str]]  # [["07:00", "14:00"], ...]


@dataclass(frozen=True)
class Calendar:
    """When one hall is open.

    Args:
        tz: minutes east of UTC.
        week: periods of Monday (0) to Sunday (6); a weekday that is not named is closed. Without any the hall counts as
            always open: where nobody has said when it is, silence would be worse than one alarm too many.
        holidays: days that are not like their weekday, with their periods; () is closed.
    """

    tz: int = 0
    week: Mapping[int, Periods] = field(default_factory=dict)
    holidays: Mapping[date, Periods] = field(default_factory=dict)

    def day(self, at: int) -> date:
        """Return the local day of a moment."""
        return EPOCH + timedelta(days=(at + self.tz * MINUTE_MS) // DAY_MS)

    def begins(self, day: date) -> int:
        """Return the moment at which a local day begins."""
        return (day - EPOCH).days * DAY_MS - self.tz * MINUTE_MS

    def periods(self, day: date) -> Periods:
        """Return a day's periods."""
        if day in self.holidays:
            return self.holidays[day]
        return self.week.get(day.weekday(), ()) if self.week else ALWAYS

    def is_open(self, at: int) -> bool:
        """Whether the hall is open at a moment."""
        day = self.day(at)
        minute = (at - self.begins(day)) // MINUTE_MS
        periods = self.periods(day)
        place = bisect_right(periods, minute, key=lambda period: period[0]) - 1
        return place >= 0 and minute < periods[place][1]

    def spans(self, since: int, until: int) -> Iterator[tuple[int, int]]:
        """Give the stretches between two moments in which the hall is open, none over a midnight."""
        day = self.day(since)
        while (begins := self.begins(day)) < until:
            for first, last in self.periods(day):
                start, end = max(since, begins + first * MINUTE_MS), min(until, begins + last * MINUTE_MS)
                if start < end:
                    yield start, end
            day += timedelta(days=1)

    def open_ms(self, since: int, until: int, enough: int = 1 << 62) -> int:
        """Return for how long (ms) the hall is open between two moments; not counted further than `enough`."""
        total = 0
        for start, end in self.spans(since, until):
            total += end - start
            if total >= enough:
                return enough
        return total


def calendar(tz: int, *layers: tuple[Mapping[str, Written], Mapping[str, Written]]) -> Calendar:
    """Return a calendar from hours and holidays as they are written, in layers: the hall's own go before the fleet's.

    Hours are taken whole from the first layer that has any, holidays day by day.
    """
    hours = next((one for one, _ in layers if one), {})
    holidays = {name: periods for _, days in reversed(layers) for name, periods in days.items()}
    return Calendar(
        tz,
        {int(weekday): _periods(written) for weekday, written in hours.items()},
        {date.fromisoformat(name): _periods(written) for name, written in holidays.items()},
    )


def _periods(written: Written) -> Periods:
    return tuple((_minute(first), _minute(last)) for first, last in written)


def _minute(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)

"""Hours and holidays in bodies of the HTTP API."""

from datetime import date
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


def _in_order(periods: list[list[str]]) -> list[list[str]]:
    times = [time for period in periods for time in period]
    if any(one >= other for one, other in pairwise(times)):
        raise ValueError("a day's periods go one after the other, each from its beginning to its end")
    return periods


def _a_day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError("there is no such day") from None
    return text


Period = Annotated[list[Clock], Field(min_length=2, max_length=2)]
Periods = Annotated[list[Period], Field(max_length=4), AfterValidator(_in_order)]
Hours = dict[Annotated[str, StringConstraints(pattern=r"^[0-6]$")], Periods]
Day = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-[01][0-9]-[0-3][0-9]$"), AfterValidator(_a_day)]
Holidays = Annotated[dict[Day, Periods], Field(max_length=64)]


class FleetHoursBody(BaseModel):
    """The hours of halls that have none of their own, and the days that are not like their weekday: [] is closed."""

    model_config = ConfigDict(extra="forbid")

    hours: Hours = {}
    holidays: Holidays = {}

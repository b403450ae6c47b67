"""What a list of devices is sorted by: names of fields with commas between, "-" before one for the other way."""

from sqlalchemy import SQLColumnExpression, UnaryExpression, collate, func
from sqlmodel import col

from controller.fleet.models import Device, Site
from controller.fleet.search.parse import FilterError
from controller.fleet.search.query import COLUMNS, NUMBERS
from controller.web.i18n import N_

TEXTS: dict[str, SQLColumnExpression[str]] = {**COLUMNS, "name": func.coalesce(col(Site.name), "")}
FIGURES: dict[str, SQLColumnExpression[int | None] | SQLColumnExpression[int] | SQLColumnExpression[bool]] = {
    **NUMBERS,
    "fw": col(Device.release),
    "seen": col(Device.seen),
    "online": col(Device.online),
}
SORTS = tuple(sorted((*TEXTS, *FIGURES)))
MOST = 4
Order = UnaryExpression[str] | UnaryExpression[int] | UnaryExpression[int | None] | UnaryExpression[bool]


def order(sort: str, sqlite: bool) -> list[Order]:
    """Return what to order by; what has no value comes last, and the id decides at the end. Raises FilterError."""
    made: list[Order] = []
    names = [one for one in sort.split(",") if one] if sort else []
    if len(names) > MOST:
        raise FilterError(N_("devices are sorted by {most} fields at most"), 0, len(sort), most=str(MOST))
    for name in names:
        bare = name.removeprefix("-")
        if bare not in SORTS:
            text = N_("nothing is sorted by {name}; there are: {allowed}")
            raise FilterError(text, sort.index(name), len(name), SORTS, name=bare)
        made.append(_one(bare, name != bare, sqlite))
    return [*made, _one("id", False, sqlite)]


def _one(name: str, falling: bool, sqlite: bool) -> Order:
    if name in TEXTS:  # by the bytes, as SQLite does, whatever the server's language is
        text = TEXTS[name] if sqlite else collate(TEXTS[name], "C")
        return text.desc() if falling else text.asc()
    figure = FIGURES[name]
    if name in ("seen", "online"):
        return figure.desc() if falling else figure.asc()
    return figure.desc().nulls_last() if falling else figure.asc().nulls_last()

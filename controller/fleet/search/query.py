"""A filter as a condition of a database, with bound values only. It is asked of `devices()`.

It is true or false of every device, as the filter is: what a device has never said fits no comparison, and its
negation fits. Only the 26 letters are without capitals, in either database.
"""

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    String,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import col

from controller.accounts.service import Who
from controller.fleet.inventory.models import DeviceTag
from controller.fleet.models import Device, Position, Site
from controller.fleet.search.fields import FIELDS, Kind
from controller.fleet.search.terms import And, Node, Not, Or, Term, Text, Value
from controller.fleet.trust.models import Claim

Condition = ColumnElement[bool]

ROLE = func.coalesce(col(Position.role), col(Device.role))
COLUMNS: dict[str, SQLColumnExpression[str]] = {
    "id": col(Device.id),
    "site": col(Device.site),
    "district": func.coalesce(col(Site.district), ""),
    "kind": func.coalesce(col(Site.kind), ""),
    "uplink": func.coalesce(col(Site.uplink), ""),
    "position": col(Device.position),
    "role": ROLE,
    "code": col(Device.code),
}
NUMBERS: dict[str, SQLColumnExpression[int]] = {
    name: getattr(Device, name) for name in ("heap", "rssi", "backlog", "boots", "uptime")
}
_LOW = {letter: letter + 32 for letter in range(ord("A"), ord("Z") + 1)}


class Folded(FunctionElement[str]):
    """A text in which the letters A to Z and a to z are the same, and no others."""

    type = String()
    inherit_cache = True


@compiles(Folded)
def _folded(element: Folded, compiler: SQLCompiler, **how: object) -> str:
    """For SQLite, whose LIKE knows no capitals of these letters by itself."""
    return f"({compiler.process(element.clauses, **how)} COLLATE NOCASE)"


@compiles(Folded, "postgresql")
def _folded_there(element: Folded, compiler: SQLCompiler, **how: object) -> str:
    return f'lower(({compiler.process(element.clauses, **how)}) COLLATE "C")'


def devices(*what: object) -> Select[tuple[object, ...]]:
    """Return a query of `what` of all devices, with site and position beside those that stand somewhere."""
    here = and_(col(Position.site) == col(Device.site), col(Position.id) == col(Device.position))
    places = select(*what).select_from(Device).outerjoin(Site, col(Site.id) == col(Device.site))  # type: ignore[call-overload]
    return places.outerjoin(Position, here)  # type: ignore[no-any-return]


def visible(who: Who, now: int) -> Condition:
    """Return which devices somebody may see at `now`, Unix ms: those of their sites; spares are the technicians', but
    for those that are claimed for a site that is not theirs."""
    if who.sites is None:
        return true()
    sites = col(Device.site).in_(who.sites)
    if not who.may("technician"):
        return sites
    elsewhere = col(Claim.site).not_in((*who.sites, ""))
    taken = exists().where(col(Claim.device) == col(Device.id), col(Claim.expires) > now, elsewhere)
    return or_(sites, and_(col(Device.site) == "", not_(taken)))


def where(node: Node, now: int) -> Condition:
    """Return the condition that a filter is, at `now`, Unix ms."""
    match node:
        case Text(words):
            return _text(words)
        case Term():
            return _term(node, now)
        case Not(of):
            return not_(where(of, now))
        case And(parts):
            return and_(true(), *(where(one, now) for one in parts))
        case Or(parts):
            return or_(false(), *(where(one, now) for one in parts))


def _text(words: str) -> Condition:
    pattern = _like(f"*{words.replace('*', chr(0))}*").replace("\0", "*")
    places = (Device.id, Device.site, Device.position, func.coalesce(col(Site.name), ""))
    named = (*places, func.coalesce(col(Position.name), ""))
    tagged = col(Device.id).in_(select(col(DeviceTag.device)).where(Folded(DeviceTag.tag).like(pattern, escape="\\")))
    return or_(*(Folded(one).like(pattern, escape="\\") for one in named), tagged)


def _term(term: Term, now: int) -> Condition:
    kind = FIELDS[term.field].kind
    if term.field == "tag":
        return or_(*(_tag(str(one)) for one in term.values))
    if term.field == "status":
        return or_(*(_status(str(one), now) for one in term.values))
    if kind is Kind.FLAG:
        return or_(*(col(Device.online) == bool(one) for one in term.values))
    if kind is Kind.CHOICE:
        return COLUMNS[term.field].in_([str(one) for one in term.values])
    if kind is Kind.WORD:
        return or_(*(_word(COLUMNS[term.field], str(one)) for one in term.values))
    if kind is Kind.AGE:
        return _age(term, now)
    if kind is Kind.VERSION:
        return or_(*(_version(term.op, one) for one in term.values if isinstance(one, tuple)))
    return or_(*(_number(NUMBERS[term.field], term.op, one) for one in term.values))


def _tag(word: str) -> Condition:
    if not word:
        return not_(exists().where(col(DeviceTag.device) == col(Device.id)))
    return col(Device.id).in_(select(col(DeviceTag.device)).where(_word(col(DeviceTag.tag), word)))


def _status(status: str, now: int) -> Condition:
    trusted, placed = col(Device.sealed) != "", col(Device.position) != ""
    claimed = exists().where(col(Claim.device) == col(Device.id), col(Claim.expires) > now)
    return {
        "in_use": and_(trusted, placed),
        "spare": and_(trusted, not_(placed)),
        "claimed": and_(not_(trusted), claimed),
        "out_of_use": and_(not_(trusted), not_(claimed)),
    }[status]


def _word(column: SQLColumnExpression[str], word: str) -> Condition:
    low = word.translate(_LOW)
    return Folded(column).like(_like(low), escape="\\") if "*" in low else Folded(column) == low


def _like(word: str) -> str:
    """Return a word with * as a pattern of LIKE."""
    low = word.translate(_LOW)
    for special in "\\%_":
        low = low.replace(special, "\\" + special)
    return low.replace("*", "%")


def _age(term: Term, now: int) -> Condition:
    [seconds] = term.values
    assert isinstance(seconds, int)
    then, seen = literal(now - seconds * 1000), col(Device.seen)
    return {"<": seen > then, "<=": seen >= then, ">": seen < then, ">=": seen <= then}[term.op]


def _version(op: str, version: Sequence[int]) -> Condition:
    """Compare with all the versions that begin so: 1.2 is 1.2.0 to 1.2.999."""
    sizes = (1_000_000, 1000, 1)
    low = sum(part * size for part, size in zip(version, sizes, strict=False))
    high = low + sizes[len(version) - 1]
    release = col(Device.release)
    known = release.is_not(None)
    within = and_(release >= low, release < high)
    found = {":": within, "<": release < low, "<=": release < high, ">": release >= high, ">=": release >= low}[op]
    return and_(known, found)


def _number(column: SQLColumnExpression[int], op: str, value: Value) -> Condition:
    found = {
        ":": column == value, "<": column < value, "<=": column <= value, ">": column > value, ">=": column >= value
    }[op]  # fmt: skip
    return and_(column.is_not(None), found)

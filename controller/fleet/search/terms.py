"""A filter as a tree, and how it is written.

    Node
    ├─ Text      words that stand in a name or an id
    ├─ Term      a field, a sign, and values, of which one has to fit
    ├─ Not
    ├─ And       of nothing: everything
    └─ Or

`parse(written(node)) == node` for every tree that `parse` can return: And and Or have at least two parts, none of them
of its own kind, except the And of nothing.
"""

import re
from dataclasses import dataclass

from controller.fleet.search.fields import FIELDS, Kind

Value = str | int | bool | tuple[int, ...]
UNITS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
KEYWORDS = ("and", "or", "not")
PLAIN_TEXT = re.compile(r"[^\s()\",:<>=\\-][^\s()\",:<>=\\]*")  # what need not be quoted
PLAIN_WORD = re.compile(r"[^\s()\",\\]+")


@dataclass(frozen=True)
class Text:
    """Words that stand in the device's id, its site, its position, or one of its tags; capitals do not matter."""

    words: str


@dataclass(frozen=True)
class Term:
    """A field and what is asked of it. `op` is one of : < <= > >=; several values only with ":"."""

    field: str
    op: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Not:
    """What does not hold."""

    of: "Node"


@dataclass(frozen=True)
class And:
    """All of these hold."""

    parts: tuple["Node", ...] = ()


@dataclass(frozen=True)
class Or:
    """One of these holds."""

    parts: tuple["Node", ...]


Node = Text | Term | Not | And | Or
EVERYTHING = And()


def written(node: Node) -> str:
    """Return a filter as a person types it."""
    match node:
        case Text(words):
            plain = PLAIN_TEXT.fullmatch(words) and words.lower() not in KEYWORDS
            return words if plain else _quoted(words)
        case Term(field, op, values):
            return f"{field}{op}{','.join(_value(FIELDS[field].kind, one) for one in values)}"
        case Not(of):
            return f"-({written(of)})" if isinstance(of, And | Or) else f"-{written(of)}"
        case And(parts):
            return " ".join(f"({written(one)})" if isinstance(one, Or) else written(one) for one in parts)
        case Or(parts):
            return " or ".join(map(written, parts))


def _value(kind: Kind, value: Value) -> str:
    if kind is Kind.FLAG:
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ".".join(map(str, value))
    if isinstance(value, int) and kind in (Kind.SPAN, Kind.AGE):
        unit, size = next((unit, size) for unit, size in UNITS.items() if value % size == 0 and (value or unit == "s"))
        return f"{value // size}{unit}"
    if isinstance(value, int):
        return str(value)
    return value if PLAIN_WORD.fullmatch(value) else _quoted(value)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

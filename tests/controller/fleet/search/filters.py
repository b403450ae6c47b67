"""Filters as Hypothesis makes them, and what they mean, said a second time in plain Python."""

from collections.abc import Mapping

from hypothesis import strategies as st

from controller.fleet.search.fields import FIELDS, ORDERED, Field, Kind
from controller.fleet.search.terms import And, Node, Not, Or, Term, Text, Value

LETTERS = "abKZ09-_%*.\\\"' ,():é"
WORDS = st.sampled_from(
    [
        "genteng",
        "genteng-kulon",
        "srono",
        "baru",
        "lama",
        "kiosk-1",
        "layar",
        "E-05",
        "gent*",
        "*-1",
        "*",
        "Genteng*",
        "",
    ]
) | st.text(LETTERS, max_size=8).filter(lambda word: word.count("*") <= 4)
SPANS = st.sampled_from([0, 1, 59, 60, 3600, 7200, 86_400, 90_000, 604_800])
NUMBERS = st.sampled_from([-90, -75, -60, 0, 1, 5, 100, 20_000, 2**53]) | st.integers(-(2**53), 2**53)
VERSIONS = st.sampled_from([(0,), (0, 1), (0, 1, 0), (0, 2), (1,), (1, 2, 3)]) | st.lists(
    st.integers(0, 999), min_size=1, max_size=3
).map(tuple)


def values(field: Field) -> st.SearchStrategy[Value]:
    """Values of a field."""
    return {
        Kind.WORD: WORDS, Kind.CHOICE: st.sampled_from(field.allowed or ("",)), Kind.FLAG: st.booleans(),
        Kind.NUMBER: NUMBERS, Kind.SPAN: SPANS, Kind.AGE: SPANS, Kind.VERSION: VERSIONS,
    }[field.kind]  # fmt: skip


def terms(field: Field) -> st.SearchStrategy[Node]:
    """Terms of a field."""
    one = values(field)
    same = st.lists(one, min_size=1, max_size=3).map(lambda found: Term(field.name, ":", tuple(found)))
    ordered = st.builds(lambda op, value: Term(field.name, op, (value,)), st.sampled_from(ORDERED), one)
    kinds = [same] if ":" in field.ops else []
    return st.one_of(*kinds, *([ordered] if "<" in field.ops else []))


def flat(kind: type[And] | type[Or], parts: list[Node]) -> Node:
    """Join parts as the parser does: none of them of its own kind."""
    found = [one for part in parts for one in (part.parts if isinstance(part, kind) else (part,))]
    return found[0] if len(found) == 1 else kind(tuple(found))


TEXTS = st.builds(Text, st.text(LETTERS, min_size=1, max_size=8).filter(str.strip) | st.sampled_from(["or", "Genteng"]))
LEAVES = st.one_of(TEXTS, *map(terms, FIELDS.values()))
NODES = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(Not, inner)
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: flat(And, parts))
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: flat(Or, parts))
    ),
    max_leaves=6,
)


def low(word: str) -> str:
    """Make A to Z small."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in word)


def fits(node: Node, device: Mapping[str, object], now: int) -> bool:
    """Whether a device is as a filter says."""
    match node:
        case Text(words):
            return any(low(words) in low(str(one)) for one in (*device["named"], *device["tag"]))
        case Not(of):
            return not fits(of, device, now)
        case And(parts):
            return all(fits(one, device, now) for one in parts)
        case Or(parts):
            return any(fits(one, device, now) for one in parts)
        case Term(field, op, wanted):
            return any(_fits(FIELDS[field], op, one, device[field], now) for one in wanted)


def _fits(field: Field, op: str, wanted: Value, has: object, now: int) -> bool:
    if field.name == "tag":
        return any(_like(str(wanted), one) for one in has) if wanted else not has
    if field.kind is Kind.WORD:
        return _like(str(wanted), str(has))
    if field.kind is Kind.AGE:
        has, wanted = now - int(has), int(wanted) * 1000
    if has is None:
        return False
    if field.kind is Kind.VERSION:
        has = has[: len(wanted)]
    return {
        ":": has == wanted, "<": has < wanted, "<=": has <= wanted, ">": has > wanted, ">=": has >= wanted,
    }[op] if op != ":" else has == wanted  # fmt: skip


def _like(pattern: str, word: str) -> bool:
    """Whether a word is a pattern's, found by taking the parts between the stars one after another."""
    first, *parts = low(pattern).split("*")
    word = low(word)
    if not parts:
        return word == first
    if not word.startswith(first):
        return False
    word, last = word[len(first) :], parts.pop()
    for part in parts:
        _, found, word = word.partition(part) if part else ("", "-", word)
        if not found:
            return False
    return word.endswith(last)

"""Layers of a configuration: JSON merge patches (RFC 7396), one upon the other. Pure.

A value comes from the last layer that names it. A list is a value: a layer replaces it whole. `null` removes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

Json = dict[str, object]
MISSING = object()  # what stands nowhere


def merge(target: object, patch: object) -> object:
    """Return `target` with `patch` upon it; neither is changed. RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    made: Json = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = merge(made.get(name), value)
    return made


def fold(patches: Sequence[Mapping[str, object]]) -> Json:
    """Return what layers amount to, the lowest first."""
    made: object = {}
    for patch in patches:
        made = merge(made, patch)
    assert isinstance(made, dict)
    return made


def origins(layers: Sequence[tuple[str, Mapping[str, object]]]) -> dict[str, str]:
    """Return from which layer each leaf of their sum comes, by its JSON pointer (RFC 6901); the lowest layer first.

    Names take the place of the values, and then the layers are laid upon each other as the values are.
    """
    named = fold([_named(patch, name) for name, patch in layers])
    return {pointer: str(name) for pointer, name in leaves(named) if isinstance(name, str)}


def _named(patch: Mapping[str, object], name: str) -> Json:
    return {
        key: None if value is None else _named(value, name) if isinstance(value, dict) else name
        for key, value in patch.items()
    }


def leaves(value: object, at: str = "") -> Iterator[tuple[str, object]]:
    """Give what stands at the ends of a JSON value, with its JSON pointer. A list is one leaf, and so is {}."""
    if isinstance(value, dict) and value:
        for name in sorted(value):
            yield from leaves(value[name], f"{at}/{name.replace('~', '~0').replace('/', '~1')}")
    else:
        yield at, value


class Difference(NamedTuple):
    """A leaf that is another: `before` or `after` is MISSING where it has come or gone."""

    path: str  # a JSON pointer
    before: object
    after: object


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> list[Difference]:
    """Return the leaves in which two JSON objects differ, by their pointers."""
    one, other = dict(leaves(before)), dict(leaves(after))
    return [
        Difference(path, one.get(path, MISSING), other.get(path, MISSING))
        for path in sorted(one.keys() | other.keys())
        if path and not same(one.get(path, MISSING), other.get(path, MISSING))
    ]


def same(one: object, other: object) -> bool:
    """Whether two JSON values are the same; to Python true is 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other

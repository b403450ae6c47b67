"""A layer as somebody is writing it: upon what it lies, what is wrong with it, what others have made of it. Pure."""

import copy
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from controller.fleet.configuration.document import TUNABLES
from controller.fleet.configuration.layers import MISSING, Json, fold, origins, same
from controller.fleet.configuration.schemas import PATCH, POSITION_PATCH, PositionPatch
from controller.fleet.configuration.service import Key
from controller.fleet.pages.configuration.words import FILL_IN, NAMES, OTHERWISE, PATTERNS, SAID, TEXT, Say
from controller.web.i18n import N_

OF_POSITION = tuple(name for name in NAMES if name in PositionPatch.__annotations__)
LISTS = ("services", "counters")
LONGEST_NUMBER = 9  # digits


class Inherited(NamedTuple):
    """What a value is without this layer, and from which layer it comes; MISSING and "" where none says it."""

    value: object
    origin: str


class Draft:
    """A layer that is being written.

    Args:
        key: which.
        rev: of what was seen.
        seen: its patch then.
        below: the layers upon which it lies, the lowest first.
    """

    def __init__(self, key: Key, rev: int, seen: Json, below: Sequence[tuple[str, Json]]) -> None:
        self.key, self.rev, self.seen, self.below = key, rev, seen, below
        self.patch: Json = copy.deepcopy(seen)

    @property
    def names(self) -> tuple[str, ...]:
        """What may be configured in it."""
        return OF_POSITION if self.key.level == "position" else tuple(NAMES)

    @property
    def dirty(self) -> bool:
        """Whether it is another than was seen."""
        return not same(self.patch, self.seen)

    def inherited(self, name: str) -> Inherited:
        """Return what a value is where this layer does not say it."""
        whole = fold([patch for _, patch in self.below])
        return Inherited(whole.get(name, MISSING), origins(self.below).get(f"/{name}", ""))

    def value(self, name: str) -> object:
        """Return what a value is with this layer; MISSING where nothing says it."""
        found = self.patch[name] if name in self.patch else self.inherited(name).value
        return MISSING if found is None else found

    def begin(self, name: str) -> None:
        """Say a value here: at first what it is without that."""
        found = self.inherited(name).value
        first: dict[str, object] = {"brightness": 7, "volume": 26, "shown": 4, "services": [], "counters": []}
        self.patch[name] = copy.deepcopy(first.get(name) if found is MISSING else found)

    def again(self, rev: int, patch: Json) -> None:
        """Begin from a layer anew: what was written is gone, or is in it."""
        self.rev, self.seen, self.patch = rev, patch, copy.deepcopy(patch)

    def take(self, rev: int, theirs: Json) -> list[str]:
        """Take over what somebody else has saved meanwhile; what is written here stays. Return the names of the values
        that both have changed, each otherwise."""
        self.patch, both = merged(self.seen, self.patch, theirs)
        self.rev, self.seen = rev, theirs
        return both

    def problems(self, say: Say) -> dict[str, str]:
        """Return what is wrong with it, by JSON pointer."""
        adapter = POSITION_PATCH if self.key.level == "position" else PATCH
        found: dict[str, str] = {}
        try:
            adapter.validate_python(self.patch)
        except ValidationError as error:
            for one in error.errors():
                found.setdefault("".join(f"/{part}" for part in one["loc"]), _said(one, say))
        if self.key.level == "site" and self.value("services") is MISSING:
            found["/services"] = say(N_("A hall offers at least one service: no layer says which"))
        for pointer, text in self._contradictions():
            found.setdefault(pointer, say(text))
        return found

    def shaped(self) -> bool:
        """Whether a form can show it: lists are lists of objects, and so on."""
        return all(
            isinstance(items, list)
            and all(isinstance(one, dict) and isinstance(one.get("services", []), list) for one in items)
            for items in (self.patch.get(name, []) for name in LISTS)
        ) and not any(isinstance(value, dict | list) for name, value in self.patch.items() if name not in LISTS)

    def items(self, name: str) -> list[Json]:
        """Return services or counters as they are with this layer."""
        found = self.value(name)
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def _contradictions(self) -> list[tuple[str, str]]:
        found = []
        for name, field, text in (
            ("services", "id", N_("Another service has this id")),
            ("services", "letter", N_("Another service has this letter")),
            ("counters", "id", N_("Another counter has this id")),
        ):
            seen: list[object] = []
            for at, one in enumerate(self.items(name) if name in self.patch else []):
                if one.get(field) in seen:
                    found.append((f"/{name}/{at}/{field}", text))
                seen.append(one.get(field))
        known = [one.get("id") for one in self.items("services")]
        for at, one in enumerate(self.items("counters") if known else []):
            serves = one.get("services", [])
            if not isinstance(serves, list) or all(service in known for service in serves):
                continue
            text = N_("A counter serves what the hall does not offer")
            found.append((f"/counters/{at}/services" if "counters" in self.patch else "/services", text))
        return found


def merged(
    base: Mapping[str, object], mine: Mapping[str, object], theirs: Mapping[str, object]
) -> tuple[Json, list[str]]:
    """Return `theirs` with what has changed from `base` to `mine` upon it, value by value, and the names of those that
    both have changed, each otherwise: of them mine stand."""
    made: Json = {}
    both = []
    for name in [*dict.fromkeys([*mine, *theirs])]:
        before, my, their = (one.get(name, MISSING) for one in (base, mine, theirs))
        value = their if same(my, before) else my
        if value is not MISSING:
            made[name] = copy.deepcopy(value)
        if not same(my, before) and not same(their, before) and not same(my, their):
            both.append(name)
    return made, both


def number(text: object) -> object:
    """Return the number that somebody has typed; the text where it is none."""
    typed = str(text if text is not None else "").strip()
    digits = typed.removeprefix("-")
    return int(typed) if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER else typed


def can_be_as_made(name: str) -> bool:
    """Whether a value may be said to be none, whatever lower layers say."""
    return name in TUNABLES


def _said(one: ErrorDetails, say: Say) -> str:
    """Return what pydantic says of a value, in our words."""
    if one["type"] == "string_pattern_mismatch":
        text = FILL_IN if one["input"] == "" else PATTERNS.get(str(one["loc"][-1]), TEXT)
        return say(text)
    return say(SAID.get(one["type"], OTHERWISE)).format(**one.get("ctx", {}))

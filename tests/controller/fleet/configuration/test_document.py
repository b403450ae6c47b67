"""Controller and device say yes or no to the same documents: real MicroPython, and chance by hypothesis."""

import json
import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.fleet.configuration.document import LONGEST, wrong_with
from hil.console import micropython
from protocol.canonical import encode
from tests.controller.fleet.configuration import checking
from tests.firmware.core.uplink.test_inbox import DOC, bent

ROOT = Path(__file__).resolve().parents[4]
WHOLE = {**DOC, "paper": 1, "brightness": 3, "volume": 20, "shown": 6}
EDGES = [  # the path to a value, the least and the most that it may be
    (("v",), 1, 1),
    (("site", "tz"), -720, 840),
    (("share",), 1, 100),
    (("paper",), 0, 1),
    (("brightness",), 0, 7),
    (("volume",), 0, 30),
    (("shown",), 1, 30),
    (("services", 0, "mins"), 0, 1440),
    (("bands", "kiosk-1", 0), 1, 499),
    (("bands", "kiosk-1", 1), 1, 9999),
]


def at(doc: object, path: tuple[str | int, ...], value: object) -> object:
    """A document with another value at a path."""
    if not path:
        return value
    head, *rest = path
    made = dict(doc) if isinstance(doc, dict) else list(doc)  # type: ignore[call-overload]
    made[head] = at(made[head], tuple(rest), value)
    return made


def vectors() -> list[tuple[object, bool]]:
    """Documents and whether they fit."""
    found: list[tuple[object, bool]] = [
        (WHOLE, True),
        (DOC, True),
        ({}, False),
        ([], False),
        (None, False),
        ("x", False),
    ]
    for path, least, most in EDGES:
        found += [(at(WHOLE, path, value), least <= value <= most) for value in (least - 1, least, most, most + 1)]
        found += [(at(WHOLE, path, value), False) for value in (True, None, str(least), [least], {})]
    service, counter = WHOLE["services"][0], {"id": "1", "name": "L", "services": []}  # type: ignore[index]
    found += [({**WHOLE, "services": [service] * n}, 1 <= n <= 8) for n in (0, 1, 8, 9)]
    found += [({**WHOLE, "counters": [counter] * n}, n <= 16) for n in (0, 16, 17)]
    found += [({**WHOLE, "counters": [{**counter, "services": ["a"] * n}]}, n <= 8) for n in (0, 8, 9)]
    found += [({name: value for name, value in WHOLE.items() if name != gone}, gone in OPTIONAL) for gone in WHOLE]
    found += [({**WHOLE, "new": {"anything": [1, None]}}, True), ({**WHOLE, "new": 1.5}, False)]
    room = LONGEST - len(encode({**WHOLE, "new": ""}))
    found += [({**WHOLE, "new": "x" * room}, True), ({**WHOLE, "new": "x" * (room + 1)}, False)]
    return found


OPTIONAL = ("paper", "brightness", "volume", "shown")


def on_a_device(docs: list[object], folder: Path) -> list[bool]:
    """What a device's own check says, in MicroPython."""
    (folder / "docs").write_text("".join(json.dumps(doc, ensure_ascii=False) + "\n" for doc in docs))
    run = subprocess.run(
        [micropython(), "-X", "heapsize=8m", checking.__file__, ROOT, folder / "docs"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return [line == "1" for line in run.stdout.split()]


def test_both_hold_to_the_same_limits(tmp_path):
    known = vectors()
    assert on_a_device([doc for doc, _ in known], tmp_path) == [fits for _, fits in known]
    for doc, fits in known:
        assert (wrong_with(doc) == "") == fits, (doc, wrong_with(doc))


@settings(max_examples=1000, deadline=None)
@given(st.integers(0, 1 << 32), st.integers(0, 3))
def test_both_say_the_same_of_whatever_comes(seed, bends):
    doc = scrambled(seed, bends)
    assert (wrong_with(doc) == "") == checking.fits(doc), wrong_with(doc)


def test_micropython_says_the_same_of_whatever_comes(tmp_path):
    docs = [scrambled(seed, 1 + seed % 3) for seed in range(1500)]
    told = on_a_device(docs, tmp_path)
    assert told == [wrong_with(doc) == "" for doc in docs]
    assert 50 < sum(told) < 1450, "some fit and some do not"


def scrambled(seed: int, bends: int) -> object:
    """A document that is bent in some places."""
    chance, doc = random.Random(seed), WHOLE
    for _ in range(bends):
        doc = bent(doc, chance)  # type: ignore[assignment]
    return doc


@pytest.mark.parametrize("doc", [{**WHOLE, "lang": "jv"}, {**WHOLE, "volume": 31}, {**WHOLE, "bands": {"a": [2, 1]}}])
def test_a_refusal_says_where(doc):
    assert wrong_with(doc).split(":")[0] in ("lang", "volume", "", "a band goes from low to high")

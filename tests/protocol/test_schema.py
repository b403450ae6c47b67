"""The published schemas say what the code accepts, and the file that is published is theirs."""

import json
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import schema
from protocol.errors import BadMessage
from protocol.events import KINDS, check, check_envelope, check_event

VECTORS = json.loads((Path(__file__).parent / "vectors" / "events.json").read_text())


def validator(name: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(
        {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schema.schemas()}}
    )


EVENT, BATCH = validator("event"), validator("message.event")
KIND = {kind: validator(kind) for kind in KINDS}


def accepts(checked, *values) -> bool:
    try:
        checked(*values)
    except BadMessage:
        return False
    return True


def test_the_published_file_is_current():
    assert schema.FILE.read_text() == schema.made(), "run: python -m protocol.schema --write"


def test_every_reference_leads_somewhere():
    document = schema.document()
    for name in schema.MESSAGES:
        assert document["channels"][name]["messages"][name]["$ref"] == f"#/components/messages/{name}"
        assert f"message.{name}" in document["components"]["schemas"]
    for name in schema.schemas():
        validator(name)


@pytest.mark.parametrize("vector", [one["in"] for one in VECTORS if "check" in one["in"]], ids=str)
def test_the_data_of_an_event_is_judged_alike(vector):
    kind, data = vector["check"]
    if kind in KINDS:
        assert KIND[kind].is_valid(data) == accepts(check, kind, data)


@pytest.mark.parametrize("vector", [one["in"]["event"] for one in VECTORS if "event" in one["in"]], ids=str)
def test_an_event_is_judged_alike(vector):
    assert EVENT.is_valid(vector) == accepts(check_event, vector)


SCALARS = st.none() | st.booleans() | st.integers(-2, 9) | st.sampled_from(["", "a", "elderly", "-", "2026-11-24", "A"])
NUMBERS = st.integers(-1, 5) | st.sampled_from([(1 << 53) - 1, 1 << 53, 253_402_300_799_999, 253_402_300_800_000])
NAMES = sorted({name for fields in KINDS.values() for name in fields})
DATA = st.dictionaries(st.sampled_from(NAMES), SCALARS | NUMBERS | st.just([]), max_size=8) | SCALARS


@given(st.sampled_from(sorted(KINDS)), DATA)
def test_any_data_is_judged_alike(kind, data):
    assert KIND[kind].is_valid(data) == accepts(check, kind, data)


@given(
    st.lists(
        st.one_of(NUMBERS, st.sampled_from([*sorted(KINDS), "new.kind", "New", "", "x" * 33]), SCALARS, DATA),
        max_size=7,
    )
)
def test_any_event_is_judged_alike(event):
    assert EVENT.is_valid(event) == accepts(check_event, event)


def whole(value) -> None:
    check_envelope(value)
    for event in value["e"]:
        check_event(event)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "v": st.sampled_from([1, 2, True, "1"]),
            "log": st.sampled_from(["0123456789abcdef", "", 5, "X"]),
            "boot": NUMBERS,
            "lo": NUMBERS,
            "e": st.lists(st.just([1, 0, 0, 0, "paper.ok", {}]) | st.just([0, 0, 0, 0, "paper.ok", {}]), max_size=3),
        },
    )
)
def test_any_batch_is_judged_alike(batch):
    assert BATCH.is_valid(batch) == accepts(whole, batch)

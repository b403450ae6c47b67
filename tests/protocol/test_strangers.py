"""What a stranger sends raises the contract's errors and nothing else."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.canonical import DEPTH, LIMIT, decode, encode
from protocol.errors import BadMessage, BadTopic
from protocol.events import check_envelope, check_event
from protocol.topics import parse

INTEGERS = st.integers(-(1 << 63), (1 << 63) - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(max_size=6), inner, max_size=7),
    max_leaves=25,
)


@given(st.binary(max_size=200))
def test_any_bytes(data):
    with contextlib.suppress(BadMessage):
        decode(data)


@given(ANYTHING, st.integers(0, 50))
def test_any_json_cut_anywhere(value, cut):
    data = json.dumps(value).encode()
    for part in (data, data[:cut]):
        with contextlib.suppress(BadMessage):
            decoded = decode(part)
            assert decode(encode(decoded, 1 << 20), 1 << 20) == decoded


@given(VALUES)
def test_what_is_encoded_comes_back_and_is_canonical(value):
    try:
        data = encode(value, 1 << 20)
    except BadMessage:
        return  # nested too deep
    assert decode(data, 1 << 20) == value
    assert data == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@given(st.integers(LIMIT - 3, LIMIT + 3))
def test_the_limit_is_on_the_bytes(size):
    text = "a" * (size - 2)
    if size <= LIMIT:
        assert len(encode(text)) == size
        assert decode(encode(text)) == text
    else:
        with pytest.raises(BadMessage):
            encode(text)
        with pytest.raises(BadMessage):
            decode(encode(text, size))


def test_the_depth_is_limited():
    for depth in (DEPTH, DEPTH + 1, 5_000, 100_000):
        data = b"[" * depth + b"]" * depth
        if depth < DEPTH:
            decode(data)
        elif depth > DEPTH:
            with pytest.raises(BadMessage):
                decode(data, 1 << 20)


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["balai", "1", "site", "up", "down", "event", "x", ""])).map("/".join)
)
def test_any_topic(topic):
    with contextlib.suppress(BadTopic):
        assert parse(topic).what


@given(ANYTHING)
def test_any_value_as_a_batch_or_an_event(value):
    for check in (check_envelope, check_event):
        with contextlib.suppress(BadMessage):
            check(value)

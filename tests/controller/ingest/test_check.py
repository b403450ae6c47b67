"""Reading a message: a batch comes out, or a reason; nothing else, whatever went in."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.ingest import check
from controller.ingest.refusals import Unusable
from protocol.canonical import encode
from protocol.events import envelope

REASONS = {"too_large", "not_json", "bad_version", "bad_envelope"}

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
items = st.lists(st.lists(st.integers(-2, 5) | values, max_size=7), max_size=3)
objects = st.fixed_dictionaries(
    {},
    optional={
        "v": st.just(1) | values,
        "log": st.just("a" * 16) | values,
        "boot": st.integers(-1, 3) | values,
        "lo": st.integers(-1, 3) | values,
        "e": items | values,
        "x": values,
    },
)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_batch_or_have_a_reason(payload):
    with pytest.raises(Unusable) as caught:
        check.batch(payload)
    assert caught.value.reason in REASONS


@given(objects)
def test_any_object_is_a_batch_or_has_a_reason(value):
    payload = json.dumps(value).encode()
    reason, events, first = "", [], 0
    try:
        _, _, _, first, events = check.batch(payload)
    except Unusable as error:
        reason = error.reason
    assert reason in REASONS or [event[0] for event in events] == list(range(first, first + len(events)))


@given(
    log=st.text("0123456789abcdef", min_size=16, max_size=16),
    boot=st.integers(1, 1 << 32),
    first=st.integers(1, 1 << 50),
    back=st.integers(0, 100),
    datas=st.lists(
        st.dictionaries(st.text(max_size=5), st.integers(-(1 << 60), 1 << 60) | st.text(max_size=9)), min_size=1
    ),
)
def test_what_the_contract_builds_is_read_as_it_was(log, boot, first, back, datas):
    events = [[first + n, 0, 0, n, "some.kind", data] for n, data in enumerate(datas[:10])]
    lo = max(1, first - back)
    payload = encode(envelope(log, boot, lo, events))
    batch = check.batch(payload)
    assert (batch.log, batch.boot, batch.lo, batch.first, batch.events) == (log, boot, lo, first, events)
    assert check.salvage(payload) == (log, first, first + len(events) - 1)


@given(st.binary(max_size=100) | values.map(lambda value: json.dumps(value).encode()))
def test_salvage_reads_what_it_can_and_never_fails(payload):
    log, first, last = check.salvage(payload)
    assert (log, first, last) == ("", 0, 0) or 0 < first <= last


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\uDFFF"', '{"\\udc00": 1}'])
def test_half_of_a_surrogate_pair_is_refused(text):
    with pytest.raises(Unusable, match="UTF-8"):
        check.body(text.encode(), stale=False) if text.startswith("{") else check.batch(text.encode())


def test_a_whole_surrogate_pair_and_an_escape_are_read():
    events = '[[1,0,0,0,"k",{"a":"\\ud83d\\ude00","b":"\\u001b"}]]'
    batch = check.batch(f'{{"v":1,"log":"a","boot":1,"lo":1,"e":{events}}}'.encode())
    assert batch.events[0][5] == {"a": "\U0001f600", "b": "\x1b"}


def test_white_space_is_no_reason_to_refuse():
    batch = check.batch(b' {"v":1, "log":"a", "boot":1, "lo":1, "e":[[1,0,0,0,"k",{}]]}\n')
    assert batch.first == 1


@pytest.mark.parametrize(
    ("topic", "said"),
    [("balai/1/24dcc3000001/up/event", ("24dcc3000001", "event")), ("balai/1/a/up/state", ("a", "state"))],
)
def test_a_devices_topic_says_who_and_what(topic, said):
    assert check.sender(topic) == said


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "balai/1/a/down/ack",
        "balai/1/A/up/event",
        "balai/2/a/up/event",
        "balai/1/a/up/event/x",
        "balai/1/site/a/board",
    ],
)
def test_other_topics_say_nothing(topic):
    with pytest.raises(Unusable) as caught:
        check.sender(topic)
    assert caught.value.reason == "bad_topic"


@pytest.mark.parametrize("more", ['"x":1.5', '"x":1e3', '"x":' + "[" * 13 + "]" * 13, '"x":18446744073709551616'])
def test_a_field_to_come_is_held_to_the_rules_of_the_wire(more):
    events = '[[1,0,0,0,"k",{}]]'
    with pytest.raises(Unusable) as caught:
        check.batch(f'{{"v":1,"log":"a","boot":1,"lo":1,"e":{events},{more}}}'.encode())
    assert caught.value.reason == "not_json"
    check.batch(f'{{"v":1,"log":"a","boot":1,"lo":1,"e":{events},"x":{{"y":[1,"z"]}}}}'.encode())


@given(
    st.recursive(
        st.integers(-(1 << 63), (1 << 63) - 1) | st.booleans() | st.none() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
        max_leaves=8,
    )
)
def test_the_quick_encoder_writes_what_the_contract_writes(value):
    assert check.text(value).encode() == encode(value, 1 << 20)


def test_numbers_that_json_cannot_count_are_refused():
    last = (1 << 53) - 1
    check.batch(encode(envelope("a", 1, 1, [[last, 0, 0, 0, "k", {}]])))
    with pytest.raises(Unusable) as caught:
        check.batch(encode(envelope("a", 1, 1, [[last - 1 + n, 0, 0, 0, "k", {}] for n in range(3)])))
    assert caught.value.reason == "bad_envelope"


def test_a_request_that_is_retained_is_refused():
    with pytest.raises(Unusable) as caught:
        check.body(b"{}", stale=True)
    assert caught.value.reason == "retained"

"""The lane: the same messages however the stream is cut, and nothing ever falls into the middle of a packet."""

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.ingest.mqtt.lane import LANE_MIDS, Lane


def length(size: int) -> bytes:
    made = b""
    while True:
        size, low = size >> 7, size & 127
        made += bytes([low | (128 if size else 0)])
        if not size:
            return made


def packet(head: int, rest: bytes) -> bytes:
    return bytes([head]) + length(len(rest)) + rest


def publish(topic: bytes, body: bytes, mid: int, retained: bool = False, properties: bytes = b"") -> bytes:
    ident = mid.to_bytes(2, "big") if mid else b""
    rest = len(topic).to_bytes(2, "big") + topic + ident + length(len(properties)) + properties + body
    return packet(0x30 | (2 if mid else 0) | retained, rest)


class Pair:
    """A lane and the broker's end of its socket."""

    def __init__(self, fast: bool = True) -> None:
        self.broker, mine = socket.socketpair()
        mine.setblocking(False)
        self.lane = Lane(mine, fast)

    def comes(self, data: bytes) -> None:
        self.broker.sendall(data)
        self.lane.fill(10_000)

    def sent(self) -> bytes:
        self.broker.setblocking(False)
        made = b""
        try:
            while data := self.broker.recv(1 << 20):
                made += data
        except BlockingIOError:
            return made
        return made

    def close(self) -> None:
        self.broker.close()
        self.lane.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


messages = st.tuples(
    st.just("publish"),
    st.binary(min_size=1, max_size=60),
    st.binary(max_size=400),
    st.integers(0, 0xFFFF),
    st.booleans(),
    st.binary(max_size=150),
)
others = st.tuples(st.just("other"), st.sampled_from([0x20, 0x90, 0xD0, 0xE0]), st.binary(max_size=300))


@given(st.lists(messages | others, max_size=12), st.lists(st.integers(1, 700), max_size=12))
def test_the_stream_may_be_cut_anywhere(packets, cuts):
    stream, wanted, for_paho = b"", [], b""
    for one in packets:
        if one[0] == "publish":
            _, topic, body, mid, retained, properties = one
            stream += publish(topic, body, mid, retained, properties)
            wanted.append((topic, body, mid.to_bytes(2, "big") if mid else b"", retained))
        else:
            stream += packet(one[1], one[2])
            for_paho += packet(one[1], one[2])
    pair = Pair()
    try:
        at = 0
        for cut in [*cuts, len(stream)]:
            if stream[at : at + cut]:
                pair.comes(stream[at : at + cut])
            at += cut
        assert [tuple(message) for message in pair.lane.messages] == wanted
        assert b"".join(iter(lambda: pair.lane.recv(7) if pair.lane.for_paho else b"", b"")) == for_paho
    finally:
        pair.close()


def test_a_lane_that_is_not_fast_leaves_everything_to_paho():
    pair = Pair(fast=False)
    stream = publish(b"t", b"body", 7) + packet(0xD0, b"")
    pair.comes(stream)
    assert pair.lane.messages == []
    assert pair.lane.recv(1000) == stream
    with pytest.raises(BlockingIOError):
        pair.lane.recv(1)
    pair.close()


def test_the_end_of_the_stream_is_told_to_paho_after_what_came_before(pair):
    pair.broker.sendall(packet(0xD0, b""))
    pair.broker.shutdown(socket.SHUT_WR)
    pair.lane.fill(10)
    pair.lane.fill(10)
    assert pair.lane.recv(10) == packet(0xD0, b"")
    assert pair.lane.recv(10) == b""


def test_acknowledgements_go_out_in_the_order_given(pair):
    pair.lane.ack([b"\0\1", b"\0\3", b"\0\2"])
    pair.lane.ack([])
    assert pair.sent() == b"\x40\x02\0\1\x40\x02\0\3\x40\x02\0\2"


def test_publishes_keep_to_the_brokers_window_and_the_newest_on_a_topic_wins(pair):
    pair.lane.window = 2
    pair.lane.publish({b"a": b"1", b"b": b"1", b"c": b"1"})
    pair.lane.publish({b"c": b"2", b"d": b"1"})
    mids = [LANE_MIDS, LANE_MIDS + 1]
    assert pair.sent() == publish(b"a", b"1", mids[0]) + publish(b"b", b"1", mids[1])
    for mid in mids:
        pair.comes(packet(0x40, mid.to_bytes(2, "big")))
    assert pair.sent() == publish(b"c", b"2", mids[0] + 2) + publish(b"d", b"1", mids[1] + 2)
    assert not pair.lane.for_paho, "these PUBACKs are none of paho's"


def test_a_puback_of_paho_goes_to_paho(pair):
    pair.comes(packet(0x40, b"\0\5"))
    assert pair.lane.recv(10) == packet(0x40, b"\0\5")


@given(st.binary(max_size=5000))
def test_a_publish_of_any_size_is_whole(body):
    pair = Pair()
    try:
        pair.lane.publish({b"some/topic": body})
        assert pair.sent() == publish(b"some/topic", body, LANE_MIDS)
    finally:
        pair.close()


def test_what_the_socket_does_not_take_is_kept_and_nothing_falls_between(pair):
    large = packet(0x30, b"x" * 3_000_000)
    assert pair.lane.send(large) == len(large), "paho believes a packet written whole"
    assert pair.lane.full
    pair.lane.ack([b"\0\1"])
    got = b""
    while pair.lane.full or len(got) < len(large) + 4:
        got += pair.broker.recv(1 << 20)
        pair.lane.flush()
    assert got == large + b"\x40\x02\0\1"


def test_a_length_of_five_bytes_ends_the_session(pair):
    with pytest.raises(ConnectionError):
        pair.comes(b"\x30\xff\xff\xff\xff\x01")

"""DNS in the access point: every name is the device (RFC 1035)."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.setup.names import answer

HERE = bytes((192, 168, 4, 1))


def question(name: str, kind: int = 1, sort: int = 1, id: int = 0x1234, flags: int = 0x0100, count: int = 1) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">6H", id, flags, count, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", kind, sort)


@given(
    st.lists(st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=63), min_size=1, max_size=3),
    st.integers(0, 0xFFFF),
    st.booleans(),
)
def test_every_name_is_the_device(labels, id, recursion):
    asked = question(".".join(labels), id=id, flags=0x0100 if recursion else 0)
    said = answer(asked, HERE)
    assert said is not None
    ident, flags, questions, answers, servers, more = struct.unpack(">6H", said[:12])
    assert (ident, questions, answers, servers, more) == (id, 1, 1, 0, 0)
    assert flags == 0x8400 | (0x0100 if recursion else 0), "an authoritative answer without an error"
    assert said[12 : len(asked)] == asked[12:]
    name, kind, sort, ttl, length = struct.unpack(">3HIH", said[len(asked) : len(asked) + 12])
    assert (name, kind, sort, length) == (0xC00C, 1, 1, 4)
    assert ttl < 60, "the phone is back in its own network soon"
    assert said[len(asked) + 12 :] == HERE


@pytest.mark.parametrize("kind", [28, 65, 15, 16, 2])
def test_other_records_are_none_and_that_is_said_at_once(kind):
    """A phone asks for an AAAA and an HTTPS record too, and waits for both."""
    asked = question("captive.apple.com", kind)
    said = answer(asked, HERE)
    assert said is not None
    assert struct.unpack(">6H", said[:12])[1:4] == (0x8500, 1, 0)
    assert said[12:] == asked[12:]


@pytest.mark.parametrize(
    "asked",
    [
        b"",
        question("a.b")[:-1],
        question("a.b", flags=0x8100),
        question("a.b", flags=0x2800),
        question("a.b", count=0),
        question("a.b", count=2),
        struct.pack(">6H", 1, 0x0100, 1, 0, 0, 0) + b"\xc0\x0c\0\1\0\1",
        struct.pack(">6H", 1, 0x0100, 1, 0, 0, 0) + b"\x3fshort\0\0\1\0\1",
    ],
)
def test_what_is_no_question_has_no_answer(asked):
    assert answer(asked, HERE) is None


def test_what_follows_the_question_is_left_out():
    """An OPT record (RFC 6891) stands behind the questions of most."""
    asked = question("a.b")
    opt = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
    with_opt = asked[:11] + b"\1" + asked[12:] + opt
    assert answer(with_opt, HERE) == answer(asked, HERE)


@given(st.binary(max_size=512))
def test_no_bytes_hurt(data):
    said = answer(data, HERE)
    assert said is None or said[:2] == data[:2]

"""Improv's packets, against the specification (improv-wifi.com/serial) and rubbish."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.setup.improv import COMMAND, HEADER, RESULT, WIFI, Decoder, command, packet, result, wifi


def framed(kind: int, data: bytes) -> bytes:
    """As the specification draws it, and made without the code under test."""
    body = b"IMPROV" + bytes([1, kind, len(data)]) + data
    return body + bytes([sum(body) % 256])


def decoded(stream: bytes, begun: bytes = b"") -> list[tuple[int, bytes | None]]:
    decoder = Decoder(begun)
    return [found for byte in stream if (found := decoder.feed(byte))]


def test_a_packet_is_as_the_specification_draws_it():
    assert packet(0x01, b"\x02") == b"\nIMPROV\x01\x01\x01\x02\xe2\n"
    assert packet(0x04, b"\x04\x00") == b"\n" + framed(0x04, b"\x04\x00") + b"\n"


def test_the_example_of_the_specification_is_understood():
    data = bytes.fromhex("011e0c") + b"MyWirelessAP" + b"\x10" + b"mysecurepassword"
    [(kind, found)] = decoded(framed(3, data))
    assert kind == COMMAND
    number, rest = command(found)
    assert number == WIFI
    assert wifi(rest) == ("MyWirelessAP", "mysecurepassword")


def test_a_result_is_a_list_of_texts():
    found = result(3, ["Balai", "0.1.0", "ESP32", "Balai-0001"])
    assert found == b"\n" + framed(RESULT, b"\x03\x1d\x05Balai\x050.1.0\x05ESP32\x0aBalai-0001") + b"\n"
    assert result(4, []) == b"\n" + framed(RESULT, b"\x04\x00") + b"\n"


TEXT = st.text(max_size=40).filter(lambda text: len(text.encode()) < 60)
NOISE = st.binary(max_size=30).filter(lambda noise: b"I" not in noise)


@given(st.lists(st.tuples(NOISE, st.sampled_from((1, 2, 3, 4)), st.binary(max_size=255))))
def test_packets_are_found_in_whatever_is_around_them(said):
    stream = b"".join(noise + framed(kind, data) for noise, kind, data in said)
    assert decoded(stream) == [(kind, data) for _, kind, data in said]


def test_it_goes_on_where_the_header_was_read_by_another():
    assert decoded(framed(3, b"\x02\x00")[len(HEADER) :] + framed(3, b"\x04\x00"), HEADER) == [
        (3, b"\x02\x00"),
        (3, b"\x04\x00"),
    ]


def test_a_header_that_begins_twice_is_found():
    assert decoded(b"IMPIMPROV" + b"IMPROV" + framed(3, b"\x02\x00")) == [(3, b"\x02\x00")]


@given(st.binary(max_size=40), st.integers(1, 255))
def test_a_wrong_checksum_is_told_and_the_next_packet_is_heard(data, wrong):
    broken = framed(3, data)
    broken = broken[:-1] + bytes([(broken[-1] + wrong) % 256])
    assert decoded(broken + framed(3, b"\x02\x00")) == [(3, None), (3, b"\x02\x00")]


@given(st.binary(max_size=600))
def test_no_stream_hurts(stream):
    for kind, data in decoded(stream):
        assert 0 <= kind < 256
        assert data is None or len(data) < 256


@given(st.binary(max_size=80))
def test_no_command_hurts(data):
    try:
        number, rest = command(data)
        ssid, password = wifi(rest)
    except ValueError:
        return
    sent = ssid.encode(), password.encode()
    assert data == bytes([number, len(rest), len(sent[0])]) + sent[0] + bytes([len(sent[1])]) + sent[1]


@given(TEXT, TEXT)
def test_every_network_and_password_comes_through(ssid, password):
    one, other = ssid.encode(), password.encode()
    data = bytes([len(one)]) + one + bytes([len(other)]) + other
    assert wifi(command(bytes([WIFI, len(data)]) + data)[1]) == (ssid, password)


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x01\x05a", b"\x01\x00a", b"\xff\xff"])
def test_a_command_of_a_wrong_length_is_none(data):
    with pytest.raises(ValueError, match="length"):
        command(data)

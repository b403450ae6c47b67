"""MQTT packets as bytes, against paho's own, and against whatever may come down a wire."""

import random

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from firmware.core.broker import codec
from firmware.core.broker.codec import Decoder, MqttError

Topics = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=60)
Payloads = st.binary(max_size=400)
Ids = st.integers(1, 65_535)


class Wire:
    """A socket whose other end is a list."""

    def __init__(self) -> None:
        self.sent = bytearray()

    def send(self, data: bytes) -> int:
        self.sent += data
        return len(data)

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        pass


class Reference:
    """paho's encoder: what a client of the world says."""

    def __init__(self, client_id: str = "020000000001") -> None:
        self.wire = Wire()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv311)
        self.client._sock = self.wire  # type: ignore[assignment]

    def said(self) -> bytes:
        self.client.loop_write()
        data, self.wire.sent = bytes(self.wire.sent), bytearray()
        return data


def packets(
    data: bytes, sizes: list[int] | None = None, decoder: Decoder | None = None
) -> list[tuple[int, int, bytes]]:
    """What a decoder makes of `data`, fed in chunks of these sizes, over and over."""
    decoder = decoder or Decoder()
    found = []
    at = turn = 0
    while at < len(data):
        size = sizes[turn % len(sizes)] if sizes else len(data)
        decoder.feed(data[at : at + size])
        at += size
        turn += 1
        while (packet := decoder.next()) is not None:
            found.append((packet[0], packet[1], bytes(packet[2])))
    return found


def published(topic: str, payload: bytes, qos: int = 1, id: int = 7, retain: bool = False) -> bytes:
    return codec.publish(topic, payload, qos, retain, id)


@given(username=Topics, password=Topics, keepalive=st.integers(0, 65_535), topic=Topics, will=Payloads)
def test_connect_is_what_paho_sends(username, password, keepalive, topic, will):
    """Section 3.1, but for the order of nothing: the packet is the same to the byte."""
    reference = Reference()
    reference.client.username_pw_set(username, password)
    topic = topic.replace("+", "p").replace("#", "h")
    reference.client.will_set(topic, will, 1, True)
    reference.client._send_connect(keepalive)
    assert codec.connect("020000000001", username, password, keepalive, topic, will) == reference.said()


@given(topic=Topics, payload=Payloads, qos=st.integers(0, 1), retain=st.booleans(), again=st.booleans(), id=Ids)
def test_publish_is_what_paho_sends(topic, payload, qos, retain, again, id):
    """Section 3.3."""
    reference = Reference()
    info = paho.MQTTMessageInfo(id)
    reference.client._send_publish(id, topic.encode(), payload, qos, retain, again and bool(qos), info)
    assert codec.publish(topic, payload, qos, retain, id, again and bool(qos)) == reference.said()


@given(topics=st.lists(Topics, min_size=1, max_size=5))
def test_subscribe_is_what_paho_sends(topics):
    """Section 3.8."""
    reference = Reference()
    reference.client._send_subscribe(False, [(topic.encode(), 1) for topic in topics])
    assert codec.subscribe(1, topics) == reference.said()


def test_the_small_ones_are_what_paho_sends():
    """Sections 3.4, 3.12, 3.14."""
    reference = Reference()
    reference.client._send_puback(513)
    assert codec.puback(513) == reference.said()
    reference.client._send_pingreq()
    assert reference.said() == codec.PINGREQ
    reference.client._send_disconnect()
    assert reference.said() == codec.DISCONNECT


Messages = st.lists(st.tuples(Topics, Payloads, st.integers(0, 1), Ids, st.booleans()), min_size=1, max_size=6)
Sizes = st.lists(st.integers(1, 600), min_size=1, max_size=8)


@given(messages=Messages, sizes=Sizes)
def test_however_the_bytes_come_the_messages_are_those_that_were_sent(messages, sizes):
    data = b"".join(published(topic, payload, qos, id, retain) for topic, payload, qos, id, retain in messages)
    found = [codec.published(flags, body) for kind, flags, body in packets(data, sizes) if kind == codec.PUBLISH]
    assert found == [(t, p, qos, retain, id if qos else 0) for t, p, qos, id, retain in messages]


@given(size=st.integers(0, 4_608), chunk=st.integers(1, 2_000))
def test_every_length_up_to_the_largest_is_read(size, chunk):
    """Section 2.2.3: one byte up to 127, two up to 16,383."""
    body = bytes(size)
    head = bytearray((0xD0,))
    left = size
    while True:
        head.append((left & 0x7F) | (0x80 if left > 127 else 0))
        left >>= 7
        if not left:
            break
    assert packets(bytes(head) + body, [chunk]) == [(codec.PINGRESP, 0, body)]


@given(before=Messages, size=st.integers(4_700, 90_000), qos=st.integers(0, 1), after=Messages, sizes=Sizes)
def test_of_a_message_that_is_too_large_only_the_head_is_kept_and_the_next_is_found(before, size, qos, after, sizes):
    large = published("balai/1/d/down/response", bytes(size), qos, 99)
    sent = [*before, None, *after]
    data = b"".join(large if one is None else published(one[0], one[1], one[2], one[3], one[4]) for one in sent)
    decoder = Decoder()
    found = [codec.published(flags, body) for _, flags, body in packets(data, sizes, decoder)]
    assert len(found) == len(sent)
    assert found[len(before)] == ("balai/1/d/down/response", b"", qos, False, 99 if qos else 0)
    assert [one[1] for one in found] == [one[1] if one else b"" for one in sent]
    assert decoder.skipped == 1


def test_hundreds_that_are_too_large_in_one_read_do_not_exhaust_the_stack():
    decoder = Decoder(16)
    assert packets((b"\xd0\x20" + bytes(32)) * 5_000 + codec.PINGREQ, None, decoder) == [(12, 0, b"")]
    assert decoder.skipped == 5_000


@given(data=st.binary(max_size=3_000), sizes=Sizes)
def test_rubbish_is_an_mqtt_error_or_packets_and_nothing_else(data, sizes):
    try:
        for kind, flags, body in packets(data, sizes):
            if kind == codec.PUBLISH:
                codec.published(flags, body)
            elif kind in (codec.PUBACK, codec.SUBACK):
                codec.number(body)
    except MqttError:
        pass


def test_a_decoder_holds_no_more_than_one_message_and_one_read():
    chance = random.Random(3)
    decoder = Decoder()
    most = 0
    for _ in range(3_000):
        try:
            decoder.feed(chance.randbytes(1_024))
            while decoder.next() is not None:
                pass
        except MqttError:
            decoder = Decoder()
        most = max(most, len(decoder._buffer))
    assert most <= codec.LARGEST + 1_024 + 5


@pytest.mark.parametrize(
    ("flags", "body"),
    [(0, b""), (0, b"\0"), (0, b"\0\x05ab"), (2, b"\0\x02ab"), (2, b"\0\x02ab\0"), (4, b"\0\x01a\0\1"),
     (6, b"\0\x01a\0\1"), (0, b"\0\x02\xff\xfe"), (0, b"\0\x03\xed\xa0\x80")],
)  # fmt: skip
def test_a_publish_that_makes_no_sense_is_refused(flags, body):
    """Too short for its topic or its id, QoS 2 and 3 that nobody has asked for, topics that are not UTF-8."""
    with pytest.raises(MqttError):
        codec.published(flags, body)


def test_a_length_of_five_bytes_is_refused():
    """Section 2.2.3: four at most."""
    with pytest.raises(MqttError):
        packets(b"\x30\xff\xff\xff\xff\x01")
    assert packets(b"\x30\xff\xff\xff\x7f") == []


def test_the_same_on_micropython(run):
    """What CPython's tests have shown stands on the interpreter of the device too: the same packets, chunk by chunk."""
    [told] = run(
        """
        import random
        from firmware.core.broker import codec
        from firmware.core.broker.codec import Decoder, MqttError
        random.seed(5)
        sent = []
        data = bytearray()
        for n in range(100):
            size = random.choice((0, 1, 100, 127, 128, 4000, 5000, 20000))
            sent.append(("balai/1/d/down/ack", size if size < 4500 else 0, n % 2, n + 1 if n % 2 else 0))
            data.extend(codec.publish(sent[-1][0], bytes(size), n % 2, False, n + 1))
        decoder = Decoder()
        found = []
        at = 0
        while at < len(data):
            size = random.choice((1, 2, 3, 700, 1024))
            decoder.feed(bytes(data[at : at + size]))
            at += size
            while True:
                packet = decoder.next()
                if packet is None:
                    break
                topic, payload, qos, _, id = codec.published(packet[1], packet[2])
                found.append((topic, len(payload), qos, id))
        errors = 0
        for n in range(400):
            decoder = Decoder()
            try:
                for _ in range(20):
                    decoder.feed(bytes(random.getrandbits(8) for _ in range(64)))
                    while True:
                        packet = decoder.next()
                        if packet is None:
                            break
                        if packet[0] == codec.PUBLISH:
                            codec.published(packet[1], packet[2])
            except MqttError:
                errors += 1
        tell(same=found == sent, skipped=decoder.skipped >= 0, errors=errors)
        """
    )
    assert told["same"]
    assert told["errors"] > 10

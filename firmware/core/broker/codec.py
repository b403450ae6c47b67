"""MQTT 3.1.1 packets as pure bytes (OASIS standard, 29 October 2014): what a device says and hears, nothing more.

`Decoder` takes bytes as they come and gives whole packets. A packet larger than it may be is skipped, not kept.
What a packet holds beyond its kind is checked by who reads it; everything that makes no sense raises MqttError.
"""

import struct

LARGEST = 4_608  # bytes of a packet's body: a message of 4,096 and its topic
CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 2, 3, 4, 9, 13
PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"


class MqttError(Exception):
    """The other end does not speak MQTT 3.1.1, or refuses; `code` is the CONNACK's return code or 0."""

    def __init__(self, text: str, code: int = 0):
        super().__init__(text)
        self.code = code


def connect(client: str, username: str, password: str, keepalive: int, will_topic: str, will: bytes) -> bytes:
    """CONNECT with a clean session and a retained will of QoS 1 (section 3.1)."""
    flags = 0x80 | 0x40 | 0x20 | 0x08 | 0x04 | 0x02
    body = b"\x00\x04MQTT\x04" + struct.pack(">BH", flags, keepalive)
    body += _text(client) + _text(will_topic) + struct.pack(">H", len(will)) + will + _text(username) + _text(password)
    return _packet(0x10, body)


def publish(topic: str, payload: bytes, qos: int, retain: bool, id: int, again: bool = False) -> bytes:
    """PUBLISH (section 3.3); `id` matters for QoS 1 only."""
    body = _text(topic) + (struct.pack(">H", id) if qos else b"") + payload
    return _packet(0x30 | (8 if again else 0) | qos << 1 | (1 if retain else 0), body)


def subscribe(id: int, topics) -> bytes:
    """SUBSCRIBE to all of `topics` with QoS 1 (section 3.8)."""
    return _packet(0x82, struct.pack(">H", id) + b"".join(_text(topic) + b"\x01" for topic in topics))


def puback(id: int) -> bytes:
    """PUBACK (section 3.4)."""
    return struct.pack(">BBH", 0x40, 2, id)


def published(flags: int, body):
    """(topic, payload, QoS, whether it was retained, id) of a PUBLISH. Raises MqttError."""
    qos = flags >> 1 & 3
    if len(body) < 2:
        raise MqttError("a PUBLISH is too short")
    end = 2 + (body[0] << 8 | body[1])
    start = end + (2 if qos else 0)
    if qos > 1 or start > len(body):
        raise MqttError("a PUBLISH makes no sense")
    try:
        topic = bytes(body[2:end]).decode()
    except UnicodeError:
        raise MqttError("a topic is not UTF-8")
    return topic, bytes(body[start:]), qos, bool(flags & 1), body[end] << 8 | body[end + 1] if qos else 0


def number(body) -> int:
    """The packet id with which a PUBACK or SUBACK begins. Raises MqttError."""
    if len(body) < 2:
        raise MqttError("an acknowledgement is too short")
    return body[0] << 8 | body[1]


class Decoder:
    """Takes bytes, gives packets. `skipped` counts packets that were too large to keep."""

    def __init__(self, largest: int = LARGEST):
        self._largest = largest
        self._buffer = b""
        self._skip = 0
        self.skipped = 0

    def feed(self, data) -> None:
        """Take bytes as they came; call `next` until it has no more before feeding again."""
        if self._skip:
            gone = min(self._skip, len(data))
            self._skip -= gone
            data = data[gone:]
        self._buffer += data

    def next(self):
        """(kind, flags, body) of the next whole packet, None where more bytes are needed. Raises MqttError.

        Of a PUBLISH that is too large the body ends where its payload begins: it must be acknowledged all the same, or
        the broker believes that it is on its way for ever (section 4.4) and one day sends no more.
        """
        while True:
            buffer = self._buffer
            size, at = _length(buffer)
            if not at:
                return None
            kind, flags = buffer[0] >> 4, buffer[0] & 15
            take = size
            if size > self._largest:
                take = 0
                if kind == PUBLISH:
                    if len(buffer) < at + 2:
                        return None
                    take = 2 + (buffer[at] << 8 | buffer[at + 1]) + (2 if flags & 6 else 0)
                    if take > self._largest:
                        take = 0
            if len(buffer) < at + take:
                return None
            self._buffer = buffer[at + take :]
            if take == size:
                return kind, flags, buffer[at : at + take]
            self.skipped += 1
            self._skip = size - take
            rest, self._buffer = self._buffer, b""
            self.feed(rest)
            if take:
                return kind, flags, buffer[at : at + take]


def _length(buffer):
    """(the length that a packet's head tells, bytes of the head), (0, 0) where it is not whole (section 2.2.3)."""
    size = shift = 0
    for at in range(1, min(len(buffer), 5)):
        byte = buffer[at]
        size |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return size, at + 1
        shift += 7
    if len(buffer) >= 5:
        raise MqttError("a length makes no sense")
    return 0, 0


def _packet(first: int, body: bytes) -> bytes:
    size = len(body)
    head = bytes((first,))
    while True:
        byte = size & 0x7F
        size >>= 7
        head += bytes((byte | (0x80 if size else 0),))
        if not size:
            return head + body


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data

"""The few packets of MQTT 3.1.1 that a light device says and hears (OASIS standard, 29 October 2014)."""

import asyncio

from protocol.canonical import encode
from protocol.topics import up

CONNACK, PUBLISH = 0x20, 0x30


def connect(device: str, username: str, secret: str, keepalive: int, sid: str) -> bytes:
    """CONNECT with a clean session and a retained will of QoS 1; without an account where `username` is ""."""
    flags = 0x2E | (0xC0 if username else 0)
    body = b"\0\4MQTT\4" + bytes([flags]) + keepalive.to_bytes(2, "big") + _text(device.encode())
    body += _text(up(device, "state").encode()) + _text(encode({"online": 0, "sid": sid}))
    return _packet(0x10, body + (_text(username.encode()) + _text(secret.encode()) if username else b""))


def subscribe(*topics: str) -> bytes:
    """SUBSCRIBE with QoS 1."""
    return _packet(0x82, b"\0\1" + b"".join(_text(topic.encode()) + b"\1" for topic in topics))


def publish(topic: str, body: bytes, retain: bool) -> bytes:
    """PUBLISH with QoS 1."""
    return _packet(PUBLISH | (3 if retain else 2), _text(topic.encode()) + b"\0\7" + body)


def puback(mid: bytes) -> bytes:
    """PUBACK of the packet identifier `mid`."""
    return _packet(0x40, mid)


def ping() -> bytes:
    """PINGREQ."""
    return _packet(0xC0, b"")


def published(head: int, packet: bytes) -> tuple[str, bytes, bool, bytes]:
    """Return topic, body, whether it was retained, and the packet identifier (b"" at QoS 0) of a PUBLISH."""
    end = 2 + int.from_bytes(packet[:2], "big")
    start = end + (2 if head & 6 else 0)
    return packet[2:end].decode(), packet[start:], bool(head & 1), packet[end:start]


async def read(stream: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the next packet: its first byte and what follows its length."""
    head = (await stream.readexactly(1))[0]
    size = shift = 0
    while True:
        byte = (await stream.readexactly(1))[0]
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return head, await stream.readexactly(size)


def _packet(head: int, rest: bytes) -> bytes:
    size, length = len(rest), b""
    while True:
        size, byte = size >> 7, size & 127
        length += bytes([byte | (0x80 if size else 0)])
        if not size:
            return bytes([head]) + length + rest


def _text(text: bytes) -> bytes:
    return len(text).to_bytes(2, "big") + text

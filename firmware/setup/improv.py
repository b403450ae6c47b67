"""Improv Wi-Fi over a serial port, version 1 (improv-wifi.com/serial): packets as bytes, and nothing else.

A packet: "IMPROV", version, type, length, data, checksum (the sum of all before, modulo 256). Line feeds stand around
it, so that a program which reads lines finds its start between those of a log.
"""

HEADER = b"IMPROV\x01"
STATE, ERROR, COMMAND, RESULT = range(1, 5)  # types

READY, PROVISIONING, PROVISIONED = range(2, 5)  # states
NO_ERROR, INVALID, UNKNOWN, UNABLE = range(4)  # errors

WIFI, CURRENT, INFO, SCAN = range(1, 5)  # commands


def packet(kind: int, data: bytes) -> bytes:
    """A packet with up to 255 bytes of data."""
    body = HEADER + bytes((kind, len(data))) + data
    return b"\n" + body + bytes((sum(body) & 0xFF,)) + b"\n"


def result(command: int, texts) -> bytes:
    """The answer to a command: a list of texts, 253 bytes of UTF-8 with a byte for each at most."""
    data = b""
    for text in texts:
        one = text.encode()
        data += bytes((len(one),)) + one
    return packet(RESULT, bytes((command, len(data))) + data)


class Decoder:
    """Finds packets in a stream of bytes; whatever else is in it is passed over."""

    def __init__(self, begun: bytes = b""):
        self._bytes = bytearray(begun)

    def feed(self, byte: int):
        """(type, data) where this byte completes a packet, (type, None) where its checksum is wrong, else None."""
        had = self._bytes
        had.append(byte)
        if len(had) <= len(HEADER):
            while had and bytes(had) != HEADER[: len(had)]:
                had = had[1:]
            self._bytes = had
            return None
        if len(had) < 9 or len(had) < 10 + had[8]:
            return None
        self._bytes = bytearray()
        return had[7], bytes(had[9:-1]) if sum(had[:-1]) & 0xFF == had[-1] else None


def command(data: bytes):
    """(command, its data) of a packet of that type. Raises ValueError for what is none."""
    if len(data) < 2 or len(data) != 2 + data[1]:
        raise ValueError("length")
    return data[0], data[2:]


def wifi(data: bytes):
    """(ssid, password) of the command WIFI. Raises ValueError for what is none."""
    ssid, rest = _text(data)
    password, rest = _text(rest)
    if rest:
        raise ValueError("length")
    return ssid, password


def _text(data):
    if not data or len(data) < 1 + data[0]:
        raise ValueError("length")
    end = 1 + data[0]
    return data[1:end].decode(), data[end:]

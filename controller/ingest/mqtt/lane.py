"""A socket for paho with a fast lane beside it.

paho reads a socket one byte at a time and builds objects for each message: some 25 us a message, more than all the
rest of ingest. The lane reads what has come in one go and cuts it into packets (MQTT 5.0, sections 2.1, 3.3 and 3.4).
PUBLISH packets and the PUBACKs of what the lane itself has published stay here; all other packets are paho's.
"""

import ssl
from collections import deque
from socket import socket
from typing import NamedTuple

READ_BYTES = 262144
LANE_MIDS = 32768  # packet identifiers from here up are the lane's, those below paho's
PUBLISH_QOS1 = 0x32
PUBACK = b"\x40\x02"
_LATER = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Message(NamedTuple):
    """A PUBLISH as it came; `mid` is its packet identifier, empty at QoS 0."""

    topic: bytes
    body: bytes
    mid: bytes
    retained: bool


class Lane:
    """Wraps a connected socket. Where `fast` is false everything is paho's. For use by one thread only."""

    def __init__(self, sock: socket, fast: bool) -> None:
        self.window = 20  # own publishes that may be on their way, settable from the broker's receive maximum
        self.messages: list[Message] = []
        self._sock = sock
        self._fast = fast
        self._in = b""
        self._paho = bytearray()
        self._out = bytearray()
        self._ended = False
        self._mid = LANE_MIDS - 1
        self._flying: set[int] = set()
        self._waiting: deque[bytes] = deque()  # topics whose body waits for room in the window
        self._bodies: dict[bytes, bytes] = {}

    # What paho calls.

    def fileno(self) -> int:
        """Return the file descriptor of the socket."""
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        """Set the socket to wait or not."""
        self._sock.setblocking(flag)

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def recv(self, size: int) -> bytes:
        """Return up to `size` bytes of packets that are paho's; b"" at the end of the stream.

        Raises BlockingIOError where there are none.
        """
        if not self._paho:
            if self._ended:
                return b""
            raise BlockingIOError
        data = bytes(self._paho[:size])
        del self._paho[:size]
        return data

    def send(self, data: bytes) -> int:
        """Take a whole packet of paho's, so that packets of the lane never fall into the middle of one."""
        self._out += data
        self.flush()
        return len(data)

    # What the connection calls.

    @property
    def for_paho(self) -> bool:
        """Whether paho has something to read: packets, or the end of the stream."""
        return bool(self._paho) or self._ended

    @property
    def full(self) -> bool:
        """Whether there is something left to write that the socket could not take."""
        return bool(self._out)

    def fill(self, limit: int) -> None:
        """Read what has come, until `limit` messages are here."""
        while len(self.messages) < limit and not self._ended:
            try:
                data = self._sock.recv(READ_BYTES)
            except _LATER:
                return
            except OSError:
                data = b""
            if not data:
                self._ended = True
            elif self._fast:
                self._cut(self._in + data if self._in else data)
            else:
                self._paho += data
            if len(data) < READ_BYTES and not isinstance(self._sock, ssl.SSLSocket):
                return  # nothing more there; a TLS socket may hold more than it was asked for

    def ack(self, mids: list[bytes]) -> None:
        """Acknowledge the messages with these packet identifiers, in the order in which they came."""
        if mids:
            self._out += PUBACK + PUBACK.join(mids)
            self.flush()

    def publish(self, bodies: dict[bytes, bytes]) -> None:
        """Publish a body on each topic with QoS 1, as the broker's window allows.

        Where a body still waits for its turn, a newer one on the same topic takes its place.
        """
        for topic, body in bodies.items():
            if topic not in self._bodies:
                self._waiting.append(topic)
            self._bodies[topic] = body
        self._send_waiting()
        self.flush()

    def flush(self) -> None:
        """Write what the socket takes."""
        if not self._out:
            return
        try:
            sent = self._sock.send(self._out)
        except _LATER:
            return
        except OSError:
            self._ended = True
            sent = len(self._out)
        del self._out[:sent]

    def _send_waiting(self) -> None:
        while self._waiting and len(self._flying) < self.window:
            topic = self._waiting.popleft()
            self._mid = self._mid + 1 if self._mid < 0xFFFF else LANE_MIDS
            self._flying.add(self._mid)
            rest = b"%c%c%b%c%c\0%b" % (
                len(topic) >> 8,
                len(topic) & 255,
                topic,
                self._mid >> 8,
                self._mid & 255,
                self._bodies.pop(topic),
            )
            size = len(rest)
            head = (
                b"%c%c" % (PUBLISH_QOS1, size)
                if size < 128
                else b"%c%c%c" % (PUBLISH_QOS1, size & 127 | 128, size >> 7)
            )
            self._out += head + rest

    def _cut(self, data: bytes) -> None:
        """Cut `data` into packets; keep what is not whole."""
        at, end = 0, len(data)
        take = self.messages.append
        while at + 2 <= end:
            head, size, body = data[at], data[at + 1], at + 2
            if size > 127:
                size, body = _length(data, at + 1, end)
                if size < 0:
                    break
            stop = body + size
            if stop > end:
                break
            if head & 0xF0 == 0x30:
                start = body + 2 + (data[body] << 8 | data[body + 1])
                topic = data[body + 2 : start]
                mid = b""
                if head & 0x06:
                    mid = data[start : start + 2]
                    start += 2
                properties = data[start]
                start += 1
                if properties > 127:
                    properties, start = _length(data, start - 1, end)
                take(Message(topic, data[start + properties : stop], mid, bool(head & 1)))
            elif head == 0x40 and data[body] >= LANE_MIDS >> 8:
                self._flying.discard(data[body] << 8 | data[body + 1])
            else:
                self._paho += data[at:stop]
            at = stop
        self._in = data[at:]
        if self._waiting:
            self._send_waiting()
            self.flush()


def _length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return a variable byte integer at `at` and where it ends; (-1, at) where it is not whole.

    Raises ConnectionError where it has more than four bytes (MQTT 5.0, section 1.5.5).
    """
    value = shift = 0
    while at < end:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at
        if shift > 21:
            raise ConnectionError("the broker sent a length of more than four bytes")
    return -1, at

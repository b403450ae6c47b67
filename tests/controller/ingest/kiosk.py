"""Devices that follow the contract to the letter, many in one process: a journal, one batch in flight, sent again until
the controller says that it is committed."""

import asyncio
import contextlib
import json
import random
import secrets
from collections.abc import Callable

from protocol.canonical import encode
from protocol.events import envelope

RESEND_S = 0.5
Event = tuple[str, dict[str, object]]


class Kiosk:
    """One device over MQTT 3.1.1.

    Args:
        name: its id.
        port: the broker's, on loopback.
        batch: events in a message.
        kept: acknowledged events that stay on its flash.
    """

    def __init__(self, name: str, port: int, batch: int = 20, kept: int = 0) -> None:
        self.name, self.port = name, port
        self.log = secrets.token_hex(8)
        self.journal: list[list[object]] = []  # [seq, t, q, up, kind, data], from lo
        self.lo = 1
        self.acked = 0
        self.highest = 0  # the highest seq that was ever acknowledged
        self.sent = 0  # batches, repeats included
        self.acks: list[int] = []
        self._batch, self._kept = batch, kept
        self._jitter = random.Random()
        self._changed = asyncio.Event()
        self._welcome = False
        self._controller = ""
        self._writer: asyncio.StreamWriter | None = None

    @property
    def last(self) -> int:
        """The seq of the last event."""
        return self.lo + len(self.journal) - 1

    def write(self, events: list[Event]) -> None:
        """Put events into the journal."""
        for kind, data in events:
            seq = self.last + 1
            self.journal.append([seq, 1_764_046_800_000 + seq, 3, seq, kind, data])
        self._changed.set()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until `true()`, looked at whenever something has been acknowledged."""
        while not true():
            self._changed.clear()
            await self._changed.wait()

    async def run(self) -> None:
        """Keep a session and deliver, for ever."""
        while True:
            try:
                await self._session()
            except (OSError, asyncio.IncompleteReadError):
                self._welcome = False
                await asyncio.sleep(self._jitter.uniform(0, 0.2))
            finally:
                if self._writer is not None:
                    self._writer.close()

    async def _session(self) -> None:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        name = self.name.encode()
        self._send(0x10, b"\0\4MQTT\4\2\0\0" + _text(name))
        topics = (f"balai/1/{self.name}/down/ack", "balai/1/controller/state")
        self._send(0x82, b"\0\1" + b"".join(_text(topic.encode()) + b"\1" for topic in topics))
        tasks = [asyncio.create_task(self._read(reader)), asyncio.create_task(self._deliver())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self) -> None:
        while True:
            if not self._welcome:
                self.publish("state", {"sid": secrets.token_hex(8), "online": 1, "role": "kiosk"})
                await self._within(RESEND_S, lambda: self._welcome)
            elif self.acked < self.last:
                first = self.acked + 1
                rows = self.journal[first - self.lo : first - self.lo + self._batch]
                self.publish("event", envelope(self.log, 1, self.lo, rows))
                self.sent += 1
                end = rows[-1][0]
                pause = self._jitter.uniform(RESEND_S / 2, RESEND_S * 2)
                await self._within(pause, lambda end=end: self.acked >= end or not self._welcome)
            else:
                await self.until(lambda: self.acked < self.last or not self._welcome)

    async def _within(self, seconds: float, true: Callable[[], bool]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.until(true)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            head = (await reader.readexactly(1))[0]
            size = shift = 0
            while True:
                byte = (await reader.readexactly(1))[0]
                size |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    break
            packet = await reader.readexactly(size)
            if head & 0xF0 == 0x30:
                end = 2 + int.from_bytes(packet[:2], "big")
                body = packet[end + 2 :] if head & 6 else packet[end:]
                if head & 6:
                    self._send(0x40, packet[end : end + 2])
                self._hear(packet[2:end].decode(), json.loads(body))

    def _hear(self, topic: str, body: dict) -> None:
        if topic.endswith("/controller/state"):
            if body["online"] and body["sid"] != self._controller:
                self._controller = body["sid"]
                self._welcome = False  # it may know less than the one before
        elif body["log"] in ("", self.log):
            if not self._welcome:
                self.acked = min(self.acked, max(body["seq"], self.lo - 1))
                self._welcome = True
            self.acked = max(self.acked, min(body["seq"], self.last))
            self.highest = max(self.highest, self.acked)
            self.acks.append(body["seq"])
            drop = self.acked - self._kept - self.lo + 1
            if drop > 0:
                del self.journal[:drop]
                self.lo += drop
        else:
            self._welcome = True
        self._changed.set()

    def publish(self, what: str, body: object) -> None:
        """Publish JSON on one of the device's own topics, QoS 1."""
        self._send(0x32, _text(f"balai/1/{self.name}/up/{what}".encode()) + b"\0\7" + encode(body))

    def _send(self, head: int, rest: bytes) -> None:
        assert self._writer is not None
        size = len(rest)
        length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
        self._writer.write(bytes([head]) + length + rest)


def _text(text: bytes) -> bytes:
    return len(text).to_bytes(2, "big") + text

"""The other end of a device's link: a controller made of a paho client, and brokers that behave badly on purpose."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from firmware.core.broker import codec
from protocol import topics
from protocol.canonical import encode
from protocol.events import check_envelope

DEVICE = "020000000001"
SITE = "genteng-kulon"
HANGS = 20  # seconds after which a wait is given up as hung; no test measures time by it
NOW = 1_795_505_400_000

Body = dict[str, object]


class Centre:
    """A controller at a real broker. What the device says is read with `heard`; nothing is answered by itself, but for
    events where it `commits`."""

    def __init__(self, port: int) -> None:
        self.states: list[Body] = []
        self.commits = False
        self._answered: set[object] = set()  # sids
        self._queues: dict[str, asyncio.Queue[Body]] = {what: asyncio.Queue() for what in topics.UP}
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, "centre", protocol=paho.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe(topics.up(DEVICE, "+"), 1)
        self._client.on_subscribe = lambda *_: self._loop.call_soon_threadsafe(self._ready.set)
        self._client.on_message = lambda _c, _d, message: self._loop.call_soon_threadsafe(self._take, message)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    async def ready(self) -> "Centre":
        """Wait until it hears."""
        await asyncio.wait_for(self._ready.wait(), HANGS)
        return self

    def close(self) -> None:
        """Go."""
        self._client.disconnect()
        self._client.loop_stop()

    def say(self, topic: str, body: Body | bytes, retain: bool = False) -> None:
        """Publish; bytes stand as they are."""
        self._client.publish(topic, body if isinstance(body, bytes) else encode(body), 1, retain)

    def down(self, what: str, body: Body | bytes, retain: bool = False) -> None:
        """Publish to the device."""
        self.say(topics.down(DEVICE, what), body, retain)

    def ack(self, log: object = "", seq: int = 0, now: int = 0, rate: int = 0) -> None:
        """Acknowledge; without a time, which would be a step of the clock and an event."""
        self.down("ack", {"log": log, "seq": seq, "now": now, "rate": rate})

    def presence(self, sid: str, online: int = 1) -> None:
        """Say that the controller is there, or its will."""
        self.say(topics.CONTROLLER_STATE, {"sid": sid, "online": online}, True)

    def board(self, rev: int, retain: bool = True, **more: object) -> None:
        """Publish a board."""
        board = {"day": 1, "term": 1, "rev": rev, "line": "up", "services": [], "calls": [], "counters": []}
        self.say(topics.board(SITE), {**board, **more}, retain)

    async def heard(
        self, what: str, fits: Callable[[Body], object] = lambda body: True, for_ever: bool = False
    ) -> Body:
        """Wait for the next message on `up/{what}` that fits; others are passed over."""
        async with asyncio.timeout(None if for_ever else HANGS):
            while True:
                body = await self._queues[what].get()
                if what == "event":
                    check_envelope(body)
                if fits(body):
                    return body

    async def birth(self, log: object = "", seq: int = 0, now: int = 0, rate: int = 0) -> Body:
        """Wait for a birth and answer it."""
        state = await self.heard("state", lambda body: body["online"])
        self.ack(log, seq, now, rate)
        return state

    async def session(self) -> Body:
        """Wait for the birth of a session that has had no answer, and answer it; a birth that was said again, for the
        answer was slow, is passed over."""
        state = await self.heard("state", lambda body: body["online"] and body["sid"] not in self._answered)
        self._answered.add(state["sid"])
        self.ack()
        return state

    def waiting(self, what: str) -> list[Body]:
        """What has come on `up/{what}` and was not read."""
        queue, found = self._queues[what], []
        while not queue.empty():
            found.append(queue.get_nowait())
        return found

    def _take(self, message: paho.MQTTMessage) -> None:
        if not message.retain:
            what = topics.parse(message.topic).what
            body = json.loads(message.payload)
            self._queues[what].put_nowait(body)
            if what == "state":
                self.states.append(body)
            elif what == "event" and self.commits:
                self.ack(body["log"], body["e"][-1][0])


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Rude:
    """A server that does what `answer(reader, writer)` says to each connection."""

    def __init__(self, answer: Answer) -> None:
        self.connections = 0
        self.port = 0
        self._answer = answer
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Rude":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        # A handler that ends cancelled would be reported by asyncio's streams as one that failed.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._answer(reader, writer)
        writer.transport.abort()


async def packet(reader: asyncio.StreamReader) -> tuple[int, int, bytes]:
    """The next packet that a device sent: kind, flags, body."""
    first = (await reader.readexactly(1))[0]
    size = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return first >> 4, first & 15, await reader.readexactly(size)


async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept a connection and a subscription as a broker would."""
    while True:
        kind, flags, body = await packet(reader)
        if kind == 1:
            writer.write(b"\x20\x02\0\0")
        elif kind == 8:
            topics = 0
            at = 2
            while at < len(body):
                at += 3 + int.from_bytes(body[at : at + 2], "big")
                topics += 1
            writer.write(bytes((0x90, 2 + topics)) + body[:2] + b"\1" * topics)
            return
        elif kind == codec.PUBLISH and flags & 2:
            end = 2 + int.from_bytes(body[:2], "big")
            writer.write(codec.puback(int.from_bytes(body[end : end + 2], "big")))

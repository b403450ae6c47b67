"""Light devices: many in one process, each with a journal and the contract's delivery, and nothing of a hall.

A light device keeps its events until `down/ack` says that they are committed, sends them again after a reconnect, on a
new `sid` of the controller and when no ack comes, one batch in flight. It takes any configuration, obeys the drain
rate, answers commands, and forgets nothing at a power cut but its session. What is in its journal, others write.
"""

import asyncio
import contextlib
import json
import random
import secrets
import time
from collections.abc import Callable, Iterable
from functools import partial

from hil.light import packets
from protocol import topics
from protocol.canonical import encode
from protocol.errors import BadMessage
from protocol.events import envelope

DOUBLINGS = 4  # of a pause, at most
BIRTH, RECONNECT = 2.5, 0.25  # times the pause of a resend: an unanswered birth again, a session again (full jitter)
KEEPALIVE_S = 30
SEEN = 16  # ids of commands that are remembered

Json = dict[str, object]
Written = tuple[int, str, Json]  # t (Unix ms), kind, data
Row = list[object]  # [seq, t, q, up, kind, data]


class Light:
    """One device over MQTT 3.1.1.

    Args:
        device: its id.
        port: the broker's on loopback, without TLS.
        username, secret: of its claim; "" where the broker is open to all.
        batch: events in a message at most.
        kept: acknowledged events that stay in its journal.
        pause_s: half to one and a half of it pass before a batch is sent again, each time twice as long. The firmware
            takes 2 s.
    """

    def __init__(
        self,
        device: str,
        port: int,
        username: str = "",
        secret: str = "",
        *,
        batch: int = 20,
        kept: int = 0,
        pause_s: float = 0.5,
    ) -> None:
        self.device, self.port, self.username, self.secret = device, port, username, secret
        self.batch, self.kept, self.pause_s = batch, kept, pause_s
        self.log = secrets.token_hex(8)
        self.boot = 1
        self.journal: list[tuple[int, Row]] = []  # (boot, row), from lo
        self.lo = 1
        self.acked = 0
        self.acks: list[tuple[str, int]] = []  # every (log, seq) it was told, in turn
        self.sent = 0  # batches, repeats included
        self.commands: list[Json] = []  # those it has carried out
        self.config = ""
        self.welcome = False  # its birth in this session was answered
        self.more: Json = {}  # further fields of its state
        self.obey: dict[str, Callable[[Json], Json | None]] = {}  # args of a command to its reply, None for silence
        self.answered: Callable[[bytes], object] = len  # hears the answers to its requests
        self.configured: Callable[[Json], object] = len  # hears the documents of its configurations
        self._controller = ""
        self._rate = 0
        self._jitter = random.Random()
        self._began = time.monotonic()
        self._changed = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._sid = ""

    @property
    def last(self) -> int:
        """The seq of the last event."""
        return self.lo + len(self.journal) - 1

    def write(self, events: Iterable[Written], q: int = 3) -> list[Row]:
        """Put events into the journal, their times of quality `q`; return their rows."""
        rows = [[seq, t, q, self._up(), kind, data] for seq, (t, kind, data) in enumerate(events, self.last + 1)]
        self.journal += [(self.boot, row) for row in rows]
        self._changed.set()
        return rows

    def power_cut(self) -> None:
        """Go off and on: the session ends, a new boot begins, the journal stays."""
        self.boot += 1
        self._began = time.monotonic()
        self.commands.clear()
        if self._writer is not None:
            self._writer.transport.abort()

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until `true()`, looked at whenever this device has heard or done something."""
        while not true():
            self._changed.clear()
            await self._changed.wait()

    async def run(self) -> None:
        """Keep a session and deliver, for ever."""
        failures = 0
        while True:
            try:
                await self._session()
            except (OSError, asyncio.IncompleteReadError):
                failures = 0 if self.welcome else failures + 1
                await asyncio.sleep(self._jitter.uniform(0, self._pause(failures) * RECONNECT))
            finally:
                self.welcome = False
                if self._writer is not None:
                    self._writer.transport.abort()

    def publish(self, what: str, body: object, retain: bool = False) -> None:
        """Publish on one of its own topics, QoS 1; JSON, or bytes as they are. Nothing happens without a session."""
        data = body if isinstance(body, bytes) else encode(body)
        self._send(packets.publish(topics.up(self.device, what), data, retain))

    # A session.

    async def _session(self) -> None:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._sid = secrets.token_hex(8)
        self._send(packets.connect(self.device, self.username, self.secret, KEEPALIVE_S, self._sid))
        kind, body = await packets.read(reader)
        if kind != packets.CONNACK or body[1]:
            raise ConnectionRefusedError(f"the broker refuses {self.device}")
        self._send(packets.subscribe(topics.down(self.device, "+"), topics.CONTROLLER_STATE))
        tasks = [asyncio.create_task(one) for one in (self._read(reader), self._deliver(), self._ping())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self) -> None:
        births = tries = 0
        while True:
            if not self.welcome:
                self.say()
                await self._within(self._pause(births) * BIRTH, lambda: self.welcome)
                births = 0 if self.welcome else births + 1
            elif self.acked < self.last:
                rows, end = self._next()
                self.publish("event", envelope(self.log, rows[0][0], self.lo, [row for _, row in rows]))
                self.sent += 1
                self._changed.set()
                if self._rate:
                    await asyncio.sleep(len(rows) / self._rate)
                await self._within(self._pause(tries) * self._jitter.uniform(0.5, 1.5), partial(self._reached, end))
                tries = 0 if self.acked >= end else tries + 1
            else:
                await self.until(lambda: self.acked < self.last or not self.welcome)

    def _pause(self, times: int) -> float:
        return self.pause_s * (1 << min(times, DOUBLINGS))

    def _reached(self, seq: int) -> bool:
        """Whether events up to `seq` are acknowledged, or there is a reason to begin anew."""
        return self.acked >= seq or not self.welcome

    def _next(self) -> tuple[list[tuple[int, Row]], int]:
        """Return the next batch, of one boot and small enough for a message, and the seq of its last event."""
        start = self.acked + 1 - self.lo
        boot = self.journal[start][0]
        rows = [one for one in self.journal[start : start + self.batch] if one[0] == boot]
        while len(rows) > 1:
            try:
                encode(envelope(self.log, boot, self.lo, [row for _, row in rows]))
                break
            except BadMessage:
                rows = rows[: len(rows) // 2]
        return rows, self.acked + len(rows)

    async def _within(self, seconds: float, true: Callable[[], object]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.until(true)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            head, packet = await packets.read(reader)
            if head & 0xF0 == packets.PUBLISH:
                topic, body, retained, mid = packets.published(head, packet)
                if mid:
                    self._send(packets.puback(mid))
                if topic == topics.down(self.device, "response"):
                    self.answered(body)
                else:
                    self._hear(topic, json.loads(body), retained)
                self._changed.set()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(KEEPALIVE_S / 2)
            self._send(packets.ping())

    # What it hears and says.

    def _hear(self, topic: str, body: Json, retained: bool) -> None:
        what = topic.rpartition("/")[2]
        if topic == topics.CONTROLLER_STATE:
            if body["online"] and body["sid"] != self._controller:
                self._controller = str(body["sid"])
                self.welcome = False  # it may know less than the one before
        elif what == "ack":
            self._acknowledged(str(body["log"]), int(str(body["seq"])), int(str(body["rate"])))
        elif what == "config":
            self.config = str(body["hash"])
            doc = body["doc"]
            assert isinstance(doc, dict)
            self.configured(doc)
            self.publish("reply", {"id": self.config, "outcome": "done"})
            self.say()
        elif what == "command" and not retained and self.welcome:
            self._command(body)

    def _acknowledged(self, log: str, seq: int, rate: int) -> None:
        self._rate = rate
        self.acks.append((log, seq))
        if log in ("", self.log):
            if not self.welcome:
                self.acked = min(self.acked, max(seq, self.lo - 1))
            self.acked = max(self.acked, min(seq, self.last))
            drop = self.acked - self.kept - self.lo + 1
            if drop > 0:
                del self.journal[:drop]
                self.lo += drop
        self.welcome = True

    def _command(self, body: Json) -> None:
        op, known = body["op"], [command["id"] for command in self.commands[-SEEN:]]
        if body["id"] in known or int(str(body["expires"])) < time.time() * 1000:
            return
        self.commands.append(body)
        if (obey := self.obey.get(str(op))) is not None:
            args = body["args"]
            assert isinstance(args, dict)
            if (told := obey(args)) is not None:
                self.publish("reply", {"id": body["id"], **told})
            return
        done = op in ("birth", "lead", "identify")
        reply: Json = {"id": body["id"], "outcome": "done" if done else "refused"}
        self.publish("reply", reply if done else {**reply, "reason": "unknown_op"})
        if op == "birth":
            self.say()

    def say(self) -> None:
        """Say its state."""
        state = {
            "sid": self._sid, "online": 1, "role": "kiosk", "fw": "0.0.0", "config": self.config, "rejected": "",
            "boots": self.boot, "reset": "power", "uptime": self._up() // 1000, "heap": 0, "rssi": 0, "clock": 3,
            "backlog": self.last - self.acked, "code": "", **self.more,
        }  # fmt: skip
        self.publish("state", state, retain=True)

    def _up(self) -> int:
        return int((time.monotonic() - self._began) * 1000)

    def _send(self, packet: bytes) -> None:
        if self._writer is not None:
            self._writer.write(packet)

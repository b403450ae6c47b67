"""The device's link to the controller (docs/contract.md): births, events until they are committed, commands, requests.

Delivery does not trust the broker. A batch of events is sent again after a reconnect, when the controller shows a new
`sid`, and when its ack does not come; one batch is in flight. Nothing here holds an event: the journal does.
"""

import asyncio
import binascii
import os
import random

from firmware.core.codec import MqttError
from firmware.core.inbox import Inbox
from firmware.core.mqtt import Mqtt
from firmware.core.transport import TransportError, context
from protocol import codes, topics
from protocol.canonical import encode
from protocol.errors import BalaiError
from protocol.events import envelope

BACKOFF_MS = 500  # full jitter: a pause is random below this, doubled at each failure, up to
LONGEST_MS = 30_000
RESEND_MS = 2_000
BIRTH_MS = 5_000  # an unanswered birth is repeated
STATE_MS = 300_000  # a sign of life, with what has changed
BATCH = 3_900  # bytes of events, so that a message stays under 4,096


class Link:
    """`state()` gives the fields of `up/state` but `sid` and `online`; `handlers`: see `Inbox`."""

    def __init__(self, identity, journal, clock, state, handlers):
        self._identity = identity
        self._journal = journal
        self._clock = clock
        self._state = state
        self._mqtt = Mqtt(identity.device, self._message)
        self._security = context(identity.ca) if identity.ca else None
        self._outbox = []  # [(topic, body)]: replies and requests, small and few
        self._wake = asyncio.Event()
        self._acked = asyncio.Event()
        self._sent = 0  # the last seq in flight
        self._rate = 0
        self._failures = 0
        self.welcome = False  # the birth of this session was answered
        self.code = codes.NO_BROKER
        self.sid = ""
        self.inbox = Inbox(self, identity, journal, clock, handlers)

    @property
    def up(self) -> bool:
        """Whether the controller has answered in this session."""
        return self.welcome

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    def send(self, what: str, body) -> None:
        """Put a message on its way; it goes with this session or not at all."""
        if self.sid:
            self._outbox.append((topics.up(self._identity.device, what), body))
            self._wake.set()

    def acked(self, ack) -> None:
        """Take `down/ack`."""
        if not self.welcome and ack["log"] in ("", self._journal.log):
            self._journal.rewind(ack["seq"])  # a controller restored from a backup knows less than it did
            self._sent = 0
        if ack["log"] == self._journal.log:
            self._journal.ack(ack["seq"])
        self._rate = ack["rate"]
        self.welcome = True
        self.code = ""
        self._failures = 0
        self._acked.set()
        self._wake.set()

    def controller(self, state) -> None:
        """The controller's presence has changed: a new one may know less than the old."""
        if state["online"]:
            self._sent = 0
            self.welcome = False
            self._say()
        else:
            self.code = codes.CONTROLLER_SILENT
        self._acked.set()

    def rebirth(self) -> None:
        """Say who we are, again."""
        self._say()

    async def run(self) -> None:
        """Keep a session with one of the brokers, for ever."""
        turn = 0
        while True:
            brokers = self._identity.brokers
            try:
                await self._session(brokers[turn % len(brokers)])
            except MqttError as error:
                self.code = codes.BAD_SECRET if error.code in (4, 5) else codes.NO_BROKER
            except TransportError as error:
                self.code = codes.BAD_CERTIFICATE if error.certificate else codes.NO_BROKER
            except OSError:
                self.code = codes.NO_BROKER
            turn += 1
            pause = min(BACKOFF_MS << min(self._failures, 8), LONGEST_MS)
            self._failures += 1
            await asyncio.sleep_ms(random.randint(1, pause))

    async def _session(self, broker):
        identity = self._identity
        self.sid = binascii.hexlify(os.urandom(8)).decode()
        self.welcome = False
        self._sent = 0
        self._outbox.clear()
        mine = topics.up(identity.device, "state")
        tasks = []
        try:
            will = encode({"online": 0, "sid": self.sid})
            await self._mqtt.connect(broker, self._security, identity.username, identity.secret, mine, will)
            ended = asyncio.Event()
            why = []
            for job in (self._mqtt.run(), self._talk(), self._deliver()):
                tasks.append(asyncio.create_task(_until(job, ended, why)))
            await ended.wait()
            raise why[0]
        finally:
            self.sid = ""
            self.welcome = False
            for task in tasks:
                task.cancel()
            await self._mqtt.close()
            self.inbox.lost()

    async def _talk(self):
        """Subscribe, be born, then send what the outbox holds; repeat the birth until it is answered."""
        identity = self._identity
        await self._mqtt.subscribe(
            [topics.down(identity.device, "+"), topics.board(identity.site), topics.CONTROLLER_STATE]
        )
        while True:
            self._say()
            born = False
            due = self._clock.up() + BIRTH_MS
            while due > self._clock.up():
                while self._outbox:
                    topic, body = self._outbox.pop(0)
                    try:
                        data = encode(body)
                    except BalaiError:
                        continue  # larger than a message may be: who asked is told nothing, and asks again
                    await self._mqtt.publish(topic, data, 1, topic.endswith("/state"))
                if self.welcome and not born:
                    born = True
                    due += STATE_MS
                self._wake.clear()
                try:
                    await asyncio.wait_for_ms(self._wake.wait(), max(1, due - self._clock.up()))
                except asyncio.TimeoutError:
                    break

    def _say(self):
        if self.sid:
            state = self._state()
            state["sid"] = self.sid
            state["online"] = 1
            topic = topics.up(self._identity.device, "state")
            self._outbox = [one for one in self._outbox if one[0] != topic] + [(topic, state)]
            self._wake.set()

    async def _deliver(self):
        """Drain the journal: one batch in flight, again with full jitter until its ack has come."""
        topic = topics.up(self._identity.device, "event")
        tries = 0
        while True:
            if not self.welcome or not self._journal.backlog:
                self._acked.clear()
                await self._acked.wait()
                continue
            batch = self._journal.pending(BATCH)
            if batch is None:
                self._acked.clear()
                await self._acked.wait()
                continue
            boot, lo, events = batch
            self._sent = events[-1][0]
            await self._mqtt.publish(topic, encode(envelope(self._journal.log, boot, lo, events)))
            if self._rate:
                await asyncio.sleep_ms(len(events) * 1000 // self._rate)
            pause = min(RESEND_MS << min(tries, 4), LONGEST_MS)
            tries = tries + 1 if not await self._answered(pause // 2 + random.randint(0, pause)) else 0

    async def _answered(self, ms):
        """Whether the batch in flight was acknowledged within `ms`."""
        while self._sent and self._journal.acked < self._sent:
            self._acked.clear()
            try:
                await asyncio.wait_for_ms(self._acked.wait(), ms)
            except asyncio.TimeoutError:
                return False
        return True

    def appended(self) -> None:
        """The journal has grown."""
        if self.welcome and not self._sent_is_out():
            self._acked.set()

    def _sent_is_out(self):
        return self._journal.acked < self._sent

    def _message(self, topic, payload, retained):
        self.inbox.take(topic, payload, retained)


async def _until(job, ended, why):
    try:
        await job
    except Exception as error:
        why.append(error)
        ended.set()

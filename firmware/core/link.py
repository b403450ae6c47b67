"""The device's link to the controller (docs/contract.md): sessions with a broker, births, replies and requests.

What comes down is the inbox's, the events are the delivery's. A message that is not an event goes with the session in
which it was made or not at all.
"""

import asyncio
import binascii
import os
import random

from firmware.core.codec import MqttError
from firmware.core.delivery import Delivery
from firmware.core.inbox import Inbox
from firmware.core.mqtt import Mqtt
from firmware.core.transport import TransportError, context
from protocol import codes, topics
from protocol.canonical import encode
from protocol.errors import BalaiError

BACKOFF_MS = 500  # full jitter: a pause is random below this, doubled at each failure, up to
LONGEST_MS = 30_000
BIRTH_MS = 5_000  # an unanswered birth is repeated after this, doubled each time, up to eight times of it
STATE_MS = 300_000  # a sign of life, with what has changed
OUTBOX = 16  # messages that may wait; what is more is not sent, and who waits for an answer asks again
REFUSED = (4, 5)  # return codes of CONNACK: bad user name or password, not authorized (section 3.2.2.3)


class Link:
    """`state()` gives the fields of `up/state` but `sid` and `online`. `handlers`: as for `Inbox`, and `progress()`,
    called at each packet and each attempt that has ended."""

    def __init__(self, identity, journal, clock, state, handlers):
        self._identity = identity
        self._journal = journal
        self._clock = clock
        self._state = state
        self._handlers = handlers
        self._mqtt = Mqtt(identity.device, self._message, self._alive)
        self._security = None
        try:
            if identity.ca:
                self._security = context(identity.ca)
        except (OSError, ValueError):
            pass  # no broker will be believed, and the hall goes on
        self._outbox = []  # [(topic, body)]: replies and requests, small and few
        self._wake = asyncio.Event()
        self._delivery = Delivery(journal, lambda: self.welcome)
        self._said = 0  # up time of the last state
        self._failures = 0
        self.heard = 0  # up time of the last packet
        self.welcome = False  # the birth of this session was answered
        self.code = codes.NO_BROKER
        self.sid = ""
        self.inbox = Inbox(self, identity, journal, clock, handlers)

    @property
    def up(self) -> bool:
        """Whether the controller has answered in this session."""
        return self.welcome

    def send(self, what: str, body) -> None:
        """Put a message on its way; it goes with this session or not at all."""
        if self.sid and len(self._outbox) < OUTBOX:
            self._outbox.append((topics.up(self._identity.device, what), body))
            self._wake.set()

    def acked(self, log: str, seq: int, rate: int) -> None:
        """Hear that all events of `log` up to `seq` are committed."""
        if not self.welcome:
            if log in ("", self._journal.log):
                self._journal.rewind(seq)  # a controller restored from a backup knows less than it did
            self._delivery.forget()
        self.welcome = True
        self.code = ""
        self._failures = 0
        self._delivery.acked(seq if log == self._journal.log else 0, rate)
        self._wake.set()

    def controller(self, online: bool) -> None:
        """The controller has gone, or there is a new one, which may know less than the old."""
        if online:
            self.welcome = False
            self._say()
        else:
            self.code = codes.CONTROLLER_SILENT
        self._delivery.forget()

    def rebirth(self) -> None:
        """Say who we are, again."""
        self._say()

    def appended(self) -> None:
        """The journal has grown."""
        self._delivery.wake()

    async def run(self) -> None:
        """Keep a session with one of the brokers, for ever."""
        turn = 0
        while True:
            brokers = self._identity.brokers
            try:
                await self._session(brokers[turn % len(brokers)])
            except MqttError as error:
                self.code = codes.BAD_SECRET if error.code in REFUSED else codes.NO_BROKER
            except TransportError as error:
                self.code = codes.BAD_CERTIFICATE if error.certificate else codes.NO_BROKER
                if error.certificate:
                    self._clock.doubt()
            turn += 1
            self._handlers.progress()
            pause = min(BACKOFF_MS << min(self._failures, 8), LONGEST_MS)
            self._failures += 1
            await asyncio.sleep_ms(random.randint(1, pause))

    async def _session(self, broker):
        identity = self._identity
        self.sid = binascii.hexlify(os.urandom(8)).decode()
        self._outbox = []
        self._delivery.forget()
        mine = topics.up(identity.device, "state")
        events = topics.up(identity.device, "event")
        tasks = []
        try:
            will = encode({"online": 0, "sid": self.sid})
            await self._mqtt.connect(broker, self._security, identity.username, identity.secret, mine, will)
            ended = asyncio.Event()
            why = []
            deliver = self._delivery.run(lambda data: self._mqtt.publish(events, data))
            for job in (self._mqtt.run(), self._talk(), deliver):
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
        own = [topics.down(identity.device, "+"), topics.CONTROLLER_STATE]
        refused = await self._mqtt.subscribe(own + [topics.board(identity.site)])
        if any(topic in refused for topic in own):  # without a board it can still be told what is wrong
            raise MqttError("the broker refuses a subscription", REFUSED[1])
        births = 0
        while True:
            self._say()
            while True:
                while self._outbox:
                    topic, body = self._outbox.pop(0)
                    try:
                        data = encode(body)
                    except BalaiError:
                        continue  # larger than a message may be: who asked is told nothing, and asks again
                    await self._mqtt.publish(topic, data, 1, topic.endswith("/state"))
                left = self._said + (STATE_MS if self.welcome else BIRTH_MS << births) - self._clock.up()
                if left <= 0:
                    break
                self._wake.clear()
                try:
                    await asyncio.wait_for_ms(self._wake.wait(), left)
                except asyncio.TimeoutError:
                    pass
            births = 0 if self.welcome else min(births + 1, 3)

    def _say(self):
        if self.sid:
            state = self._state()
            state["sid"] = self.sid
            state["online"] = 1
            topic = topics.up(self._identity.device, "state")
            self._outbox = [(topic, state)] + [one for one in self._outbox if one[0] != topic]
            self._said = self._clock.up()
            self._wake.set()

    def _message(self, topic, payload, retained):
        self.inbox.take(topic, payload, retained)

    def _alive(self):
        self.heard = self._clock.up()
        self._handlers.progress()


async def _until(job, ended, why):
    try:
        await job
    except Exception as error:
        why.append(error)
        ended.set()

"""The device's link to the controller (docs/contract.md): one session after another, births, replies and requests.

What comes down is the inbox's, what goes up the talk's, the events are the delivery's, and what to connect with is the
connection's. A message that is not an event goes with the session in which it was made or not at all.
"""

import asyncio
import binascii
import os
import random

from firmware.core.broker.codec import MqttError
from firmware.core.broker.connection import NO_ANSWER, NO_BROKER, NO_NETWORK
from firmware.core.broker.session import REFUSED, Renewed, Session
from firmware.core.broker.transport import TransportError
from firmware.core.console import NEWS, console
from firmware.core.uplink.delivery import Delivery
from firmware.core.uplink.inbox import Inbox
from firmware.core.uplink.talk import Talk
from protocol import codes, topics

BACKOFF_MS = 500  # full jitter: a pause is random below this, doubled at each failure, up to
LONGEST_MS = 30_000
LOOK_MS = 250
NETWORK_MS = 20_000  # for each network of a set, and once more, before another set has its turn


class Link:
    """`state()` gives the fields of `up/state` but `sid` and `online`. `handlers`: as for `Inbox`, and `progress()`,
    called at each packet and each attempt that has ended."""

    def __init__(self, identity, journal, clock, state, handlers, connection, wlan):
        self._identity = identity
        self._journal = journal
        self._clock = clock
        self._state = state
        self._handlers = handlers
        self._connection = connection
        self._wlan = wlan
        self._talk = Talk(clock, topics.up(identity.device, "state"), self._born)
        self._delivery = Delivery(journal, lambda: self.welcome)
        self._session = Session(
            identity, connection, self._talk, self._delivery, lambda: self.welcome, self._message, self._alive
        )
        self._failures = 0
        self.heard = 0  # up time of the last packet
        self.welcome = False  # the birth of this session was answered
        self.code = codes.NO_BROKER
        self.sid = ""
        self.inbox = Inbox(self, identity, journal, clock, handlers)
        connection.on_change = self._session.renew

    @property
    def up(self) -> bool:
        """Whether the controller has answered in this session."""
        return self.welcome

    def send(self, what: str, body) -> None:
        """Put a message on its way; it goes with this session or not at all."""
        if self.sid:
            self._talk.say(topics.up(self._identity.device, what), body)

    def acked(self, log: str, seq: int, rate: int) -> None:
        """Hear that all events of `log` up to `seq` are committed."""
        if not self.welcome:
            if log in ("", self._journal.log):
                self._journal.rewind(seq)  # a controller restored from a backup knows less than it did
            self._delivery.forget()
            console.say(NEWS, "link: here")
        self.welcome = True
        self.code = ""
        self._failures = 0
        self._connection.works()
        self._delivery.acked(seq if log == self._journal.log else 0, rate)
        self._talk.wake()

    def controller(self, online: bool) -> None:
        """The controller has gone, or there is a new one, which may know less than the old."""
        if online:
            self.welcome = False
            self.rebirth()
        else:
            self.code = codes.CONTROLLER_SILENT
        self._delivery.forget()

    def rebirth(self) -> None:
        """Say who we are, again."""
        if self.sid:
            self._talk.born()

    def appended(self) -> None:
        """The journal has grown."""
        self._delivery.wake()

    async def run(self) -> None:
        """Keep a session with one of the brokers, for ever."""
        connection = self._connection
        turn = 0
        while True:
            far = NO_NETWORK
            try:
                connection.refresh()
                await self._network()
                far = NO_BROKER
                await self._meet(connection.brokers[turn % len(connection.brokers)])
            except Renewed:
                continue
            except MqttError as error:
                self.code = codes.BAD_SECRET if error.code in REFUSED else codes.NO_BROKER
                far = NO_ANSWER
            except TransportError as error:
                self.code = codes.BAD_CERTIFICATE if error.certificate else codes.NO_BROKER
                if error.certificate or (far and self._session.opened):
                    far = NO_ANSWER
                if error.certificate:
                    self._clock.doubt()
            console.say(NEWS, "link: %s, %d" % (self.code, far))
            turn += 1
            connection.fails(far)
            await self._pause(far)

    async def _network(self):
        """Wait for a network of the set. Raises TransportError where another set is to have its turn."""
        left = NETWORK_MS * (1 + len(self._connection.networks))
        while not self._wlan.ready:
            if self._connection.changed:
                raise Renewed
            if left <= 0 and self._connection.trying:
                raise TransportError("no network")
            self._handlers.progress()
            await asyncio.sleep_ms(LOOK_MS)
            left -= LOOK_MS

    async def _meet(self, broker):
        self._connection.begin()
        self.sid = binascii.hexlify(os.urandom(8)).decode()
        self._talk.begin()
        self._delivery.forget()
        try:
            await self._session.run(broker, self.sid)
        finally:
            self.sid = ""
            self.welcome = False
            self.inbox.lost()

    async def _pause(self, far):
        self._handlers.progress()
        if far == NO_NETWORK:
            return
        left = random.randint(1, min(BACKOFF_MS << min(self._failures, 8), LONGEST_MS))
        self._failures += 1
        while left > 0 and not self._connection.changed:
            await asyncio.sleep_ms(min(left, LOOK_MS))
            left -= LOOK_MS

    def _born(self):
        state = self._state()
        state["sid"] = self.sid
        state["online"] = 1
        if state.get("code") == self.code:
            state["code"] = ""  # whoever reads this is in reach
        return state

    def _message(self, topic, payload, retained):
        self.inbox.take(topic, payload, retained)

    def _alive(self):
        self.heard = self._clock.up()
        self._handlers.progress()

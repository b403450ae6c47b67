"""One session with a broker after another: opened with what the connection says, spoken in, and ended."""

import asyncio
import gc

from firmware.core.broker.codec import MqttError
from firmware.core.broker.mqtt import Mqtt
from firmware.core.broker.transport import TransportError, context
from protocol import topics
from protocol.canonical import encode

BIRTHS = 3  # unanswered, in 35 s: a set on trial has failed
REFUSED = (4, 5)  # return codes of CONNACK: bad user name or password, not authorized (section 3.2.2.3)


class Renewed(Exception):
    """There is something new to connect with: the session ends."""


class Session:
    """`talk` and `delivery` speak in it; `welcome()`: the controller has answered; `on_message` and `on_packet` as for
    `Mqtt`."""

    def __init__(self, identity, connection, talk, delivery, welcome, on_message, on_packet):
        self._identity = identity
        self._connection = connection
        self._talk = talk
        self._delivery = delivery
        self._welcome = welcome
        self._mqtt = Mqtt(identity.device, on_message, on_packet)
        self._security = None
        self._trusts = 0  # the connection's turn for which that was made
        self._opening = None
        self.opened = False  # whether the broker has let us in

    async def run(self, broker, sid: str) -> None:
        """Keep a session with `broker` (host, port, tls) until it ends.

        Raises why: MqttError (refused), TransportError (no stream, or no answer in time), Renewed.
        """
        connection = self._connection
        self.opened = False
        events = topics.up(self._identity.device, "event")
        will = encode({"online": 0, "sid": sid})
        security = self._trust() if broker[2] else None
        tasks = []
        try:
            await self._open(
                self._mqtt.connect(broker, security, connection.username, connection.secret, self._talk.topic, will)
            )
            self.opened = True
            ended = asyncio.Event()
            why = []
            deliver = self._delivery.run(lambda data: self._mqtt.publish(events, data))
            for job in (self._mqtt.run(), self._speak(), deliver):
                tasks.append(asyncio.create_task(_until(job, ended, why)))
            await ended.wait()
            raise why[0]
        finally:
            for task in tasks:
                task.cancel()
            await self._mqtt.close()

    def renew(self) -> None:
        """End the session: when all is said, or at once where it is not open yet."""
        if self._opening is not None:
            self._opening.cancel()
        self._talk.wake()

    async def _open(self, job):
        self._opening = asyncio.create_task(job)
        try:
            await self._opening
        except asyncio.CancelledError:
            raise Renewed
        finally:
            self._opening = None

    async def _speak(self):
        """Subscribe, then talk."""
        identity = self._identity
        own = [topics.down(identity.device, "+"), topics.CONTROLLER_STATE]
        refused = await self._mqtt.subscribe(own + [topics.board(identity.site)] if identity.site else own)
        if any(topic in refused for topic in own):  # without a board it can still be told what is wrong
            raise MqttError("the broker refuses a subscription", REFUSED[1])
        await self._talk.run(self._mqtt.publish, self._welcome, self._said)

    def _said(self, births):
        if self._connection.changed:
            raise Renewed
        if births >= BIRTHS and self._connection.trying:
            raise TransportError("the controller does not answer")

    def _trust(self):
        """What the set's brokers are known by, None where nothing usable is there."""
        connection = self._connection
        if self._security is None or self._trusts != connection.turn:
            self._security = None
            gc.collect()
            try:
                self._security = context(connection.ca())
            except (OSError, ValueError):
                return None
            self._trusts = connection.turn
        return self._security


async def _until(job, ended, why):
    try:
        await job
    except Exception as error:
        why.append(error)
        ended.set()

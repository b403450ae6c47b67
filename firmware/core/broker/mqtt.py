"""An MQTT 3.1.1 session: one reader, one writer at a time, one message of QoS 1 in flight."""

import asyncio

from firmware.core.broker import codec
from firmware.core.broker.codec import MqttError
from firmware.core.broker.transport import Transport, TransportError

KEEPALIVE_S = 30
ANSWER_S = 15  # for CONNACK, SUBACK and PUBACK


FAILED = 0x80  # of a SUBACK's return codes (section 3.9.3)


class Mqtt:
    """`on_message(topic, payload, retained)` is called for each message; it must not block. `on_packet()` is called at
    each packet of any kind: the broker is there."""

    def __init__(self, client: str, on_message, on_packet=None):
        self._client = client
        self._on_message = on_message
        self._on_packet = on_packet
        self._transport = Transport()
        self._decoder = codec.Decoder()
        self._lock = asyncio.Lock()  # one writer
        self._turn = asyncio.Lock()  # one message in flight
        self._answer = asyncio.Event()
        self._awaited = 0  # the packet id whose acknowledgement is awaited
        self._granted = b""  # the return codes of the last SUBACK
        self._id = 0
        self.skipped = 0  # packets too large to keep

    async def connect(self, broker, security, username: str, password: str, will_topic: str, will: bytes) -> None:
        """Connect to `broker` (host, port, tls). Raises MqttError (with a code where refused) or TransportError."""
        host, port, secure = broker
        if secure and security is None:
            raise TransportError("no CA to know the broker by", True)  # never show it the password instead
        await self._transport.open(host, port, security if secure else None)
        self._decoder = codec.Decoder()
        await self._transport.write(codec.connect(self._client, username, password, KEEPALIVE_S, will_topic, will))
        kind, _, body = await self._packet()
        if kind != codec.CONNACK or len(body) != 2:
            raise MqttError("the broker answers something else")
        if body[1]:
            raise MqttError("the broker refuses", body[1])

    async def run(self) -> None:
        """Read and keep alive until the connection ends; raises why."""
        pinger = asyncio.create_task(self._ping())
        try:
            while True:
                kind, flags, body = await self._packet()
                if kind == codec.PUBLISH:
                    topic, payload, qos, retained, id = codec.published(flags, body)
                    self._on_message(topic, payload, retained)
                    if qos:
                        await self._write(codec.puback(id))
                elif kind in (codec.PUBACK, codec.SUBACK) and codec.number(body) == self._awaited:
                    if kind == codec.SUBACK:
                        self._granted = body[2:]
                    self._awaited = 0
                    self._answer.set()
        finally:
            pinger.cancel()

    async def subscribe(self, topics):
        """Subscribe with QoS 1; return the topics that the broker refuses. Raises TransportError without an answer."""
        async with self._turn:
            id = self._next()
            await self._ask(id, codec.subscribe(id, topics))
            return [topic for topic, code in zip(topics, self._granted) if code >= FAILED]

    async def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> None:
        """Publish; with QoS 1 returns when the broker has acknowledged. Raises TransportError."""
        if not qos:
            await self._write(codec.publish(topic, payload, 0, retain, 0))
            return
        async with self._turn:
            id = self._next()
            await self._ask(id, codec.publish(topic, payload, 1, retain, id))

    async def close(self, polite: bool = False) -> None:
        """End the connection; a polite end leaves no will."""
        if polite:
            try:
                await self._write(codec.DISCONNECT)
            except TransportError:
                pass
        await self._transport.close()

    async def _ask(self, id, packet):
        self._answer.clear()
        self._awaited = id
        await self._write(packet)
        await self._within(self._answer.wait())

    async def _within(self, waiting):
        try:
            return await asyncio.wait_for(waiting, ANSWER_S)
        except asyncio.TimeoutError:
            raise TransportError("the broker does not answer")

    async def _packet(self):
        while True:
            packet = self._decoder.next()
            if packet is not None:
                if self._on_packet is not None:
                    self._on_packet()
                return packet
            try:  # a broker that answers no ping is gone, whatever TCP believes
                self._decoder.feed(await asyncio.wait_for(self._transport.read(), KEEPALIVE_S + ANSWER_S))
            except asyncio.TimeoutError:
                raise TransportError("the broker is silent")
            self.skipped = self._decoder.skipped

    async def _write(self, data):
        async with self._lock:
            await self._transport.write(data)

    async def _ping(self):
        try:
            while True:
                await asyncio.sleep(KEEPALIVE_S // 2)
                await self._write(codec.PINGREQ)
        except TransportError:
            pass  # the reader hears of it too

    def _next(self) -> int:
        self._id = self._id % 65_535 + 1
        return self._id

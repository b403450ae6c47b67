"""What a device says in a session, one thing after another: its birth until it is answered, then the rest."""

import asyncio

from protocol.canonical import encode
from protocol.errors import BalaiError

BIRTH_MS = 5_000  # an unanswered birth is repeated after this, doubled each time, up to eight times of it
STATE_MS = 300_000  # a sign of life, with what has changed
MOST = 16  # messages that may wait; what is more is not sent, and who waits for an answer asks again


class Talk:
    """`state()` makes the state's message; `topic` is its. A message goes with the session in which it was made, or not
    at all."""

    def __init__(self, clock, topic: str, state):
        self._clock = clock
        self.topic = topic
        self._state = state
        self._waiting = []  # [(topic, body)]: few and small
        self._wake = asyncio.Event()
        self._said = 0  # up time of the last state

    def begin(self) -> None:
        """A new session: what waited in the last one is void."""
        self._waiting = []

    def say(self, topic: str, body) -> None:
        """Put a message on its way."""
        if len(self._waiting) < MOST:
            self._waiting.append((topic, body))
            self._wake.set()

    def born(self) -> None:
        """Put the state on its way, before all else and once."""
        self._waiting = [(self.topic, self._state())] + [one for one in self._waiting if one[0] != self.topic]
        self._said = self._clock.up()
        self._wake.set()

    def wake(self) -> None:
        """Something has changed for the one that talks."""
        self._wake.set()

    async def run(self, publish, welcome, silent) -> None:
        """Talk by way of `await publish(topic, bytes, qos, retained)`; `welcome()`: the controller has answered.

        Before each wait `silent(births)` is called, with the births in a row that have had no answer; it may raise.
        """
        births = 0
        while True:
            self.born()
            while True:
                while self._waiting:
                    topic, body = self._waiting.pop(0)
                    try:
                        data = encode(body)
                    except BalaiError:
                        continue  # larger than a message may be: who asked is told nothing, and asks again
                    await publish(topic, data, 1, topic == self.topic)
                silent(births)
                left = self._said + (STATE_MS if welcome() else BIRTH_MS << min(births, 3)) - self._clock.up()
                if left <= 0:
                    break
                self._wake.clear()
                try:
                    await asyncio.wait_for_ms(self._wake.wait(), left)
                except asyncio.TimeoutError:
                    pass
            births = 0 if welcome() else births + 1

"""Brings the journal's events to the controller: one batch in flight, again with full jitter until its ack has come.

Delivery does not trust the broker: that it has acknowledged a batch (PUBACK) means nothing. Nothing here holds an
event: the journal does.
"""

import asyncio
import random

from protocol.canonical import encode

VERSION = 1  # of the batch, as in `protocol.events`, whose table of kinds a device has no heap for
RESEND_MS = 2_000  # the least of a pause, doubled at each that passes without an ack, up to
LONGEST_MS = 30_000
BATCH = 3_900  # bytes of events, so that a message stays under 4,096


class Delivery:
    """`welcome()`: whether the controller may be sent events in this session."""

    def __init__(self, journal, welcome):
        self._journal = journal
        self._welcome = welcome
        self._changed = asyncio.Event()
        self._sent = 0  # the last seq in flight
        self._rate = 0

    def forget(self) -> None:
        """What is in flight counts for nothing: the session or the controller is another."""
        self._sent = 0
        self._changed.set()

    def acked(self, seq: int, rate: int) -> None:
        """Events up to `seq` are committed; from now on send at most `rate` a second, 0 for no limit."""
        self._journal.ack(seq)
        self._rate = rate
        self._changed.set()

    def wake(self) -> None:
        """There may be something to send."""
        if self._welcome() and self._journal.acked >= self._sent:
            self._changed.set()

    async def run(self, publish) -> None:
        """Drain, for ever, by way of `await publish(bytes)`."""
        tries = 0
        while True:
            batch = self._journal.pending(BATCH) if self._welcome() and self._journal.backlog else None
            if batch is None:
                self._changed.clear()
                await self._changed.wait()
                continue
            boot, lo, events = batch
            self._sent = events[-1][0]
            await publish(encode({"v": VERSION, "log": self._journal.log, "boot": boot, "lo": lo, "e": events}))
            if self._rate:
                await asyncio.sleep_ms(len(events) * 1000 // self._rate)
            pause = min(RESEND_MS << min(tries, 4), LONGEST_MS)
            tries = 0 if await self._answered(pause // 2 + random.randint(0, pause)) else tries + 1

    async def _answered(self, ms):
        """Whether the batch in flight was acknowledged within `ms`."""
        while self._journal.acked < self._sent:
            self._changed.clear()
            try:
                await asyncio.wait_for_ms(self._changed.wait(), ms)
            except asyncio.TimeoutError:
                return False
        return True

"""People in a hall: they take tickets, are called and served, do not come, and say how it was."""

import heapq
import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from hil.light.leading import Leading

PRINTS_MS = 2_500
WALKS_MS = (8_000, 25_000)  # from the call to the counter
WAITS_MS = 12_000  # before a counter without anybody looks again
GIVES_UP_MS = 40_000  # after a second call, nobody has come
NO_SHOW = 0.06
RATES = 0.4
PRIORITIES = ("", "", "", "", "elderly", "elderly", "infant", "pregnant", "disabled")
SCORES = (4, 4, 4, 3, 3, 2)

Step = Callable[[int], None]


class Visitors:
    """The people of the hall that `queue` leads.

    Args:
        services: id and usual minutes of what the hall offers.
        counters: ids.
        gap_s: between two who come, on average.
    """

    def __init__(
        self, queue: Leading, services: Sequence[tuple[str, int]], counters: Sequence[str], gap_s: float, seed: int
    ) -> None:
        self._queue, self._services, self._gap_s = queue, services, gap_s
        self._counters = counters
        self._random = random.Random(seed)
        self._steps: list[tuple[int, int, Step]] = []
        self._count = 0
        self._minutes = dict(services)

    def days(self, since: int) -> Iterator[int]:
        """Live from `since` (Unix ms) on, for ever: each moment is given before what happens at it."""
        self._queue.do("tick", since)
        self._at(since, self._come)
        for counter in self._counters:
            self._at(since + self._random.randrange(60_000), partial(self._call, counter=counter))
        while True:
            at, _, step = heapq.heappop(self._steps)
            yield at
            step(at)

    def _at(self, at: int, step: Step) -> None:
        self._count += 1
        heapq.heappush(self._steps, (at, self._count, step))

    def _come(self, t: int) -> None:
        self._queue.do("tick", t)
        service, _ = self._random.choice(self._services)
        found = self._queue.do("issue", t, service=service, paper=1, priority=self._random.choice(PRIORITIES))
        if (ticket := found.get("ticket")) is not None:
            self._at(t + PRINTS_MS, lambda at: self._do("printed", at, ticket))
        self._at(t + int(self._random.expovariate(1 / self._gap_s) * 1000) + 1_000, self._come)

    def _call(self, t: int, counter: str) -> None:
        found = self._queue.do("call_next", t, counter=counter)
        ticket = found.get("ticket")
        if found["outcome"] != "done" or ticket is None:
            self._at(t + WAITS_MS, lambda at: self._call(at, counter))
        elif self._random.random() < NO_SHOW:
            self._at(t + GIVES_UP_MS, lambda at: self._do("recall", at, ticket))
            self._at(t + 2 * GIVES_UP_MS, lambda at: self._gone(at, counter, ticket))
        else:
            minutes = self._minutes[str(found["service"])]
            self._at(t + self._random.randrange(*WALKS_MS), lambda at: self._serve(at, counter, ticket, minutes))

    def _gone(self, t: int, counter: str, ticket: object) -> None:
        self._do("no_show", t, ticket)
        self._call(t, counter)

    def _serve(self, t: int, counter: str, ticket: object, minutes: int) -> None:
        self._do("serve", t, ticket)
        took = int(minutes * 60_000 * self._random.uniform(0.3, 0.9))
        self._at(t + took, lambda at: self._done(at, counter, ticket))

    def _done(self, t: int, counter: str, ticket: object) -> None:
        self._do("finish", t, ticket)
        if self._random.random() < RATES:
            self._queue.do("rate", t + 1, ticket=int(str(ticket)), score=self._random.choice(SCORES))
        self._at(t + self._random.randrange(*WALKS_MS), lambda at: self._call(at, counter))

    def _do(self, op: str, t: int, ticket: object) -> None:
        """A command about a ticket; a clerk at the console may have been there before."""
        self._queue.do(op, t, ticket=int(str(ticket)))

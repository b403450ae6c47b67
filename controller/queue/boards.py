"""Boards: made after a commit, published retained, and handed to the pages that follow them.

Boards are made on the database writer's thread, between two groups, where the halls' states are those that are
committed. A hall alone is shown at once; under load a hall is shown at most every `PAUSE_S`.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable

from controller.db import Closed, Database
from controller.ingest import Bus
from controller.ingest.alarms import now_ms
from protocol import topics
from protocol.board import board
from protocol.canonical import encode
from protocol.queue import Now, Rules
from protocol.queue.state import State

log = logging.getLogger(__name__)

Json = dict[str, object]
PAUSE_S = 0.1
AT_ONCE = 8  # boards made after one commit; the rest a little later


class Boards:
    """The newest board of each hall, and those who follow it.

    Args:
        db: whose writer's thread makes boards.
        bus: publishes them.
        rules: returns a site's rules, None where there is no such site.
        line: returns whether the hall's leader is in reach.
    """

    def __init__(
        self, db: Database, bus: Bus, rules: Callable[[str], Rules | None], line: Callable[[str], bool]
    ) -> None:
        self._db, self._bus, self._rules, self._line = db, bus, rules, line
        self._newest: dict[str, tuple[Json, int]] = {}  # board, and when it was made
        self._due: dict[str, State] = {}
        self._shown: dict[str, float] = {}
        self._followers: dict[str, set[asyncio.Queue[Json | None]]] = {}
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: threading.Timer | None = None
        self._ended = False

    def start(self) -> None:
        """Begin, on the running loop."""
        self._loop = asyncio.get_running_loop()

    def stop(self) -> None:
        """No more boards."""
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()

    def changed(self, states: dict[str, State]) -> None:
        """Have halls shown; on the writer's thread, or with states that nobody changes any more."""
        with self._lock:
            self._due.update(states)
        self._flush()

    def newest(self, site: str) -> Json | None:
        """Return a hall's newest board with its ages as of now, None where none was made yet."""
        found = self._newest.get(site)
        if found is None:
            return None
        older = max(0, (now_ms() - found[1]) // 1000)
        shown = dict(found[0])
        calls = shown["calls"]
        assert isinstance(calls, list)
        shown["calls"] = [{**call, "ago": call["ago"] + older if call["ago"] or older else 0} for call in calls]
        return shown

    def follow(self, site: str) -> "asyncio.Queue[Json | None]":
        """Return a queue that always holds the newest board that its reader has not seen; None ends it."""
        queue: asyncio.Queue[Json | None] = asyncio.Queue(1)
        self._followers.setdefault(site, set()).add(queue)
        return queue

    def leave(self, site: str, queue: "asyncio.Queue[Json | None]") -> None:
        """Follow no more."""
        self._followers.get(site, set()).discard(queue)

    def end(self) -> None:
        """Tell all who follow that there will be no more; on the loop."""
        for site in list(self._followers):
            self._tell(site, None)

    def forget(self, site: str) -> None:
        """What a hall's board is made of has changed."""
        self._newest.pop(site, None)
        self._shown.pop(site, None)

    def remove(self, site: str) -> None:
        """A hall is no more: nothing of it is retained."""
        self._bus.publish(topics.board(site), b"", 1, True)

    @property
    def followers(self) -> int:
        """How many pages follow a board."""
        return sum(map(len, self._followers.values()))

    def republish(self) -> None:
        """The broker may have lost what it retained: publish every board again."""
        for site, (shown, _) in list(self._newest.items()):
            self._bus.publish(topics.board(site), encode(shown), 1, True)

    def _flush(self) -> None:
        with self._lock:
            now = time.monotonic()
            ready = [site for site in self._due if now - self._shown.get(site, 0.0) >= PAUSE_S][:AT_ONCE]
            for site in ready:
                state = self._due.pop(site)
                self._shown[site] = now
                try:
                    self._show(site, state)
                except Exception:
                    log.exception("the board of %s could not be made", site)
            if self._due and self._timer is None and not self._ended:
                self._timer = threading.Timer(PAUSE_S / 2, self._again)
                self._timer.daemon = True
                self._timer.start()

    def _again(self) -> None:
        """On the timer's thread: have the writer's thread look again, between two groups."""
        self._timer = None
        try:
            self._db.submit(lambda _session: None).add_done_callback(lambda _future: self._flush())
        except Closed:
            log.debug("the database has been closed")

    def _show(self, site: str, state: State) -> None:
        rules = self._rules(site)
        if rules is None:
            return
        made = board(state, rules, Now(now_ms(), 4), "up" if self._line(site) else "down")
        self._newest[site] = (made, now_ms())
        self._bus.publish(topics.board(site), encode(made), 1, True)
        if self._loop is not None and site in self._followers and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, site, made)

    def _tell(self, site: str, made: Json | None) -> None:
        for queue in self._followers.get(site, ()):
            if queue.full():
                queue.get_nowait()  # a slow reader misses boards, never the newest
            queue.put_nowait(made)

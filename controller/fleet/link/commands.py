"""Commands to devices, and the wait for their replies."""

import asyncio
import secrets
import threading
from collections import Counter
from concurrent.futures import Future

from controller.ingest import Bus
from controller.ingest.alarms import now_ms
from protocol import topics
from protocol.canonical import encode

Json = dict[str, object]

TTL_MS = 2000


class Commands:
    """Commands that go over `bus`."""

    def __init__(self, bus: Bus) -> None:
        self.outcomes: Counter[str] = Counter()  # for the metrics
        self._bus = bus
        self._pending: dict[tuple[str, str], Future[Json]] = {}
        self._lock = threading.Lock()

    def stop(self) -> None:
        """Commands that wait come to nothing."""
        with self._lock:
            waiting = list(self._pending.values())
        for future in waiting:
            if future.set_running_or_notify_cancel():
                future.set_exception(TimeoutError())

    def send(self, device: str, ident: str, op: str, args: Json, expires: int) -> bool:
        """Send the command `ident`, void after `expires` (Unix ms). Whether it went."""
        body: Json = {"id": ident, "expires": expires, "op": op, "args": args}
        return self._bus.publish(topics.down(device, "command"), encode(body))

    async def ask(self, device: str, op: str, args: Json, ttl_ms: int) -> Json | None:
        """Send a command and return the device's reply; None where none came in time: the outcome is unknown."""
        ident = secrets.token_hex(8)
        reply: Future[Json] = Future()
        with self._lock:
            self._pending[device, ident] = reply
        try:
            if not self.send(device, ident, op, args, now_ms() + ttl_ms):
                self.outcomes["unsent"] += 1
                return None
            found = await asyncio.wait_for(asyncio.wrap_future(reply), ttl_ms / 1000)
        except TimeoutError:
            self.outcomes["unknown"] += 1
            return None
        finally:
            with self._lock:
                self._pending.pop((device, ident), None)
        self.outcomes[str(found["outcome"])] += 1
        return found

    def replied(self, device: str, body: Json) -> bool:
        """Hand a reply to whoever waits for it; whether anybody does."""
        with self._lock:
            future = self._pending.pop((device, str(body["id"])), None)
        if future is not None and future.set_running_or_notify_cancel():
            future.set_result(body)
        return future is not None

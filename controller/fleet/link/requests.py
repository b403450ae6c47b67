"""Answers what devices ask: a configuration, a piece of a blob, a command to their hall's queue."""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Awaitable, Callable

from controller.ingest import Bus
from controller.ingest.refusals import Refusals
from protocol import topics
from protocol.canonical import encode
from protocol.errors import BadMessage, Refused

log = logging.getLogger(__name__)

Json = dict[str, object]
Answer = Callable[[str, Json], Awaitable[Json | bytes]]

LONGEST_ID = 40  # characters of a request's id
ANSWERING = 4  # requests of one device that may be answered at a time


class Requests:
    """Requests that come over `bus`; those that make no sense are counted among `refusals`."""

    def __init__(self, bus: Bus, refusals: Refusals) -> None:
        self._bus, self._refusals = bus, refusals
        self._answers: dict[str, Answer] = {}
        self._answering: Counter[str] = Counter()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        bus.on("request", self._request)

    def start(self) -> None:
        """Begin, on the running loop."""
        self._loop = asyncio.get_running_loop()

    def on(self, op: str, answer: Answer) -> None:
        """Have requests `op` of devices answered by `await answer(device, args)`; it may raise Refused."""
        self._answers[op] = answer

    def _request(self, device: str, body: Json) -> None:
        ident, op, args = body.get("id"), body.get("op"), body.get("args")
        named = isinstance(ident, str) and ident.isascii() and len(ident) <= LONGEST_ID
        if not named or not isinstance(op, str) or not isinstance(args, dict):
            self._refusals.count(device, "bad_request")
            return
        if self._loop is None or self._loop.is_closed():
            return
        with self._lock:
            busy = self._answering[device] >= ANSWERING
            self._answering[device] += not busy
        if busy:
            self._refusals.count(device, "busy")
            self._respond(device, {"id": ident, "ok": 0, "reason": "busy"})
        else:
            asyncio.run_coroutine_threadsafe(self._answer(device, str(ident), op, args), self._loop)

    async def _answer(self, device: str, ident: str, op: str, args: Json) -> None:
        try:
            answer = self._answers.get(op)
            if answer is None:
                raise Refused("unknown_op")
            result = await answer(device, args)
            if isinstance(result, bytes):
                self._bus.publish(topics.down(device, "response"), b"\1%c%b%b" % (len(ident), ident.encode(), result))
                return
            body: Json = {"id": ident, "ok": 1, "result": result}
        except Refused as error:
            body = {"id": ident, "ok": 0, "reason": error.reason}
        except Exception:
            log.exception("request %s of device %s failed", op, device)
            body = {"id": ident, "ok": 0, "reason": "internal"}
        finally:
            with self._lock:
                self._answering[device] -= 1
                if not self._answering[device]:
                    del self._answering[device]
        self._respond(device, body)

    def _respond(self, device: str, body: Json) -> None:
        try:
            data = encode(body)
        except BadMessage:
            log.warning("an answer to device %s is larger than a message", device)
            data = encode({"id": body["id"], "ok": 0, "reason": "too_large"})
        self._bus.publish(topics.down(device, "response"), data)

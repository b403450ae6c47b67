"""The controller's end of its sessions with devices: presence, births and their answers, commands, requests.

A device is what it last said of itself. Its first state in a session is its birth; every state is answered with an ack,
which tells the time and how far its log is stored, and whatever differs from what it should be is sent after that.
Nothing is left in the broker for a device that is away.
"""

import asyncio
import logging
import secrets
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, Protocol

from controller.fleet.presence import Presence, Session
from controller.ingest import Bus, Store
from controller.ingest.alarms import now_ms
from protocol import topics
from protocol.canonical import encode
from protocol.errors import BadMessage, Refused

log = logging.getLogger(__name__)

Json = dict[str, object]
Answer = Callable[[str, Json], Awaitable[Json | bytes]]

TTL_MS = 2000  # of a command
LONGEST_ID = 40  # characters of a request's id
ANSWERING = 4  # requests of one device that may be answered at a time
SWEEP_S = 10.0
AGAIN_S = 30.0  # a configuration or a grant that was sent is not sent again sooner


class Desired(NamedTuple):
    """What a device should be configured to."""

    rev: int
    hash: str  # opaque to the device
    doc: Json


class Roster(Protocol):
    """What the link needs of the fleet. Called on the link's own thread."""

    def trusted(self, devices: Iterable[str]) -> set[str]:
        """Return those of some devices that are in the fleet."""

    def desired(self, device: str) -> Desired | None:
        """Return what a device should be configured to, None where it stands nowhere."""

    def online(self) -> list[tuple[str, Json, int]]:
        """Return the devices that were there when the controller ended, with their states and when that was."""

    def seen(self, device: str, session: Session) -> None:
        """Keep what a device has said of itself, and whether it is there."""


class Link:
    """Sessions with all devices.

    Args:
        bus: to the broker.
        store: says how far a device's log is stored.
        roster: the fleet.
        rate: events a second that a device may send while it drains; 0 for no limit.
    """

    def __init__(self, bus: Bus, store: Store, roster: Roster, rate: int) -> None:
        self.outcomes: Counter[str] = Counter()  # of commands, for the metrics
        self._bus, self._store, self._roster, self._rate = bus, store, roster, rate
        self._presence = Presence()
        self._pending: dict[tuple[str, str], Future[Json]] = {}
        self._answers: dict[str, Answer] = {}
        self._answering: Counter[str] = Counter()
        self._listeners: list[Callable[[str], None]] = []
        self._hearers: list[Callable[[Mapping[str, Session]], None]] = []
        self._repliers: list[Callable[[str, Json], None]] = []
        self._senders: list[Callable[[str, str, Session], None]] = []
        self._refusers: list[Callable[[str, str, str], None]] = []
        self._sent: dict[str, tuple[str, float]] = {}  # device -> hash of the configuration, when
        self._said: dict[str, Session] = {}  # what devices have said and the next turn is about, of each the newest
        self._answered: dict[str, str] = {}  # the session in which a device's state was answered; of the link's thread
        self._worker = ThreadPoolExecutor(1, "link")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._lock = threading.Lock()
        self.on_request("config", self._configuration)
        bus.on("state", self._state)
        bus.on("reply", self._reply)
        bus.on("request", self._request)
        bus.on_connect(self._presence.doubt)

    @property
    def online(self) -> int:
        """How many devices are there."""
        return self._presence.online

    def session(self, device: str) -> Session | None:
        """Return what a device has last said of itself since the start; None for nothing."""
        return self._presence.session(device)

    async def start(self) -> None:
        """Begin, on the running loop, before the bus does."""
        self._loop = asyncio.get_running_loop()
        for device, state, at in await asyncio.to_thread(self._roster.online):
            self._presence.recall(device, state, at)
        self._sweeping = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """End; commands that wait come to nothing."""
        if self._sweeping:
            self._sweeping.cancel()
        with self._lock:
            waiting = list(self._pending.values())
        for future in waiting:
            if future.set_running_or_notify_cancel():
                future.set_exception(TimeoutError())
        await asyncio.to_thread(self._worker.shutdown, cancel_futures=True)

    def on_request(self, op: str, answer: Answer) -> None:
        """Have requests `op` of devices answered by `await answer(device, args)`; it may raise Refused."""
        self._answers[op] = answer

    def on_state(self, hear: Callable[[Mapping[str, Session]], None]) -> None:
        """Have `hear(sessions)` called, on the link's thread, when devices that are there have said their states,
        before that is answered."""
        self._hearers.append(hear)

    def on_equip(self, hear: Callable[[str], None]) -> None:
        """Have `hear(device)` called, on the link's thread, when a device has been given what it lacks: at each of its
        states, and when what it should be has changed."""
        self._listeners.append(hear)

    def on_reply(self, hear: Callable[[str, Json], None]) -> None:
        """Have `hear(device, reply)` called, on the bus's thread, with replies that no `command` waits for."""
        self._repliers.append(hear)

    def on_configuration(
        self, sent: Callable[[str, str, Session], None], refused: Callable[[str, str, str], None]
    ) -> None:
        """Have `sent(device, hash, session)` called, on the link's thread, when a configuration has gone to a device,
        and `refused(device, hash, reason)`, on the bus's, when one was refused or could not be kept."""
        self._senders.append(sent)
        self._refusers.append(refused)

    def send(self, device: str, ident: str, op: str, args: Json, expires: int) -> bool:
        """Send the command `ident`, void after `expires` (Unix ms); its reply is for `on_reply`. Whether it went."""
        body: Json = {"id": ident, "expires": expires, "op": op, "args": args}
        return self._bus.publish(topics.down(device, "command"), encode(body))

    async def command(self, device: str, op: str, args: Json, ttl_ms: int = TTL_MS) -> Json | None:
        """Send a command and return the device's reply; None where none came in time: the outcome is unknown."""
        session = self._presence.session(device)
        if session is None or not session.online:
            self.outcomes["absent"] += 1
            return None
        ident = secrets.token_hex(8)
        reply: Future[Json] = Future()
        with self._lock:
            self._pending[device, ident] = reply
        try:
            if not self._command(device, ident, op, args, ttl_ms):
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

    def changed(self, devices: Iterable[str]) -> None:
        """What these devices should be has changed: tell those that are there. From any thread."""
        for device in devices:
            self._forget(device)
            session = self._presence.session(device)
            if session is not None and session.online:
                self._work(self._equip, device, session)

    def configured(self, devices: Iterable[str]) -> None:
        """These devices are to be configured otherwise, and no more: tell those that are there. From any thread."""
        for device in devices:
            self._forget(device)
            session = self._presence.session(device)
            if session is not None and session.online:
                self._work(self._configure, device, session)

    def dismiss(self, devices: Iterable[str]) -> None:
        """These devices are trusted no more: whoever is there under their name is gone. From any thread."""
        for device in devices:
            session = self._presence.dismiss(device)
            if session is not None:
                log.info("device %s is trusted no more", device)
                self._say(device, session)

    def _say(self, device: str, session: Session) -> None:
        """A device has said something, or is gone: have it seen to in the next turn."""
        with self._lock:
            first = not self._said
            self._said[device] = session
        if first:
            try:
                self._worker.submit(self._turn)
            except RuntimeError:
                log.debug("the link has ended")

    def _work(self, fn: Callable[[str, Session], object], device: str, session: Session) -> None:
        def run() -> None:
            try:
                fn(device, session)
            except Exception:
                log.exception("the link failed on device %s", device)

        try:
            self._worker.submit(run)
        except RuntimeError:
            log.debug("the link has ended")

    # What devices say; on the bus's thread.

    def _state(self, device: str, body: Json) -> None:
        told = self._presence.take(device, body, now_ms())
        if told.bad:
            self._store.refusals.count(device, "bad_state", told.bad)
        elif told.stale:
            log.info("a late will of device %s is ignored", device)
            self._work(self._ask, device, told.session)
        else:
            if told.birth:
                log.info("device %s is here, firmware %s", device, told.session.state.get("fw"))
                self._forget(device)
            elif not told.session.online:
                log.info("device %s is gone", device)
            self._say(device, told.session)

    def _reply(self, device: str, body: Json) -> None:
        ident, outcome = body.get("id"), body.get("outcome")
        if not isinstance(ident, str) or outcome not in ("done", "refused", "failed"):
            self._store.refusals.count(device, "bad_reply")
            return
        with self._lock:
            future = self._pending.pop((device, ident), None)
        if future is not None:
            if future.set_running_or_notify_cancel():
                future.set_result(body)
        elif len(ident) > 16:  # a configuration's hash
            if outcome != "done":
                reason = str(body.get("reason") or outcome)[:200]
                log.warning("device %s does not take its configuration: %s", device, reason)
                for refused in self._refusers:
                    refused(device, ident, reason)
        else:
            for hear in self._repliers:
                hear(device, body)

    def _request(self, device: str, body: Json) -> None:
        ident, op, args = body.get("id"), body.get("op"), body.get("args")
        named = isinstance(ident, str) and ident.isascii() and len(ident) <= LONGEST_ID
        if not named or not isinstance(op, str) or not isinstance(args, dict):
            self._store.refusals.count(device, "bad_request")
            return
        if self._loop is None or self._loop.is_closed():
            return
        with self._lock:
            busy = self._answering[device] >= ANSWERING
            self._answering[device] += not busy
        if busy:
            self._store.refusals.count(device, "busy")
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

    # What is said to devices.

    def _turn(self) -> None:
        """See to what has been said since the last turn: after a power cut the whole fleet comes back at once."""
        with self._lock:
            said, self._said = self._said, {}
        here = {device: session for device, session in said.items() if session.online}
        try:
            for hear in self._hearers:
                hear(here)
            trusted = self._roster.trusted(here)
            last = self._store.last_of(trusted)
        except Exception:
            log.exception("the link failed on %d devices", len(here))
            return
        for device, session in said.items():
            try:
                if not session.online:
                    self._roster.seen(device, session)
                elif device in trusted:
                    self._welcome(device, session, *last.get(device, ("", 0)))
                else:
                    self._store.refusals.count(device, "unknown_device")
            except Exception:
                log.exception("the link failed on device %s", device)

    def _welcome(self, device: str, session: Session, logid: str, seq: int) -> None:
        """Answer a state: the time, how far its log is stored; then what it lacks."""
        ack: Json = {"log": logid, "seq": seq, "now": now_ms(), "rate": self._rate}
        self._bus.publish(topics.down(device, "ack"), encode(ack))
        self._answered[device] = session.sid
        self._equip(device, session)
        self._roster.seen(device, session)

    def _equip(self, device: str, session: Session) -> None:
        """Send a device what it lacks, where its birth was answered: before that it takes no commands."""
        if self._configure(device, session):
            for hear in self._listeners:
                hear(device)

    def _configure(self, device: str, _session: Session) -> bool:
        """Send a device its configuration where it has another; whether its birth was answered."""
        session = self._presence.session(device)
        if session is None or self._answered.get(device) != session.sid:
            return False
        desired = self._roster.desired(device)
        if (
            desired is not None
            and desired.hash not in (session.state.get("config"), session.state.get("rejected"))
            and self._due(device, desired.hash)
        ):
            body: Json = {"rev": desired.rev, "hash": desired.hash, "doc": desired.doc}
            if self._bus.publish(topics.down(device, "config"), encode(body)):
                for sent in self._senders:
                    sent(device, desired.hash, session)
            else:
                self._forget(device)
        return True

    def _due(self, device: str, hash_: str) -> bool:
        """Whether a configuration has to be sent; it has been, then."""
        now = time.monotonic()
        with self._lock:
            sent, at = self._sent.get(device, ("", 0.0))
            if sent == hash_ and now - at < AGAIN_S:
                return False
            self._sent[device] = (hash_, now)
        return True

    def _forget(self, device: str) -> None:
        with self._lock:
            self._sent.pop(device, None)

    def _ask(self, device: str, _session: Session) -> None:
        """Ask for a state: what the broker retains of the device is out of date."""
        self._command(device, secrets.token_hex(8), "birth", {}, TTL_MS)

    def _command(self, device: str, ident: str, op: str, args: Json, ttl_ms: int) -> bool:
        return self.send(device, ident, op, args, now_ms() + ttl_ms)

    def _respond(self, device: str, body: Json) -> None:
        try:
            data = encode(body)
        except BadMessage:
            log.warning("an answer to device %s is larger than a message", device)
            data = encode({"id": body["id"], "ok": 0, "reason": "too_large"})
        self._bus.publish(topics.down(device, "response"), data)

    async def _configuration(self, device: str, _args: Json) -> Json:
        assert self._loop is not None
        desired = await self._loop.run_in_executor(self._worker, self._roster.desired, device)
        if desired is None:
            raise Refused("unknown_device")
        return {"rev": desired.rev, "hash": desired.hash, "doc": desired.doc}

    async def _sweep(self) -> None:
        """Devices that the broker has forgotten and that do not come back are gone."""
        while True:
            await asyncio.sleep(SWEEP_S)
            if self._bus.connected:
                for device, session in self._presence.sweep():
                    log.info("device %s has not come back", device)
                    self._say(device, session)

"""The link: who is there, what devices say of themselves, and what they are sent for it.

A device is what it last said of itself. Its first state in a session is its birth; every state is answered with an ack,
which tells the time and how far its log is stored, and whatever differs from what it should be is sent after that.
Nothing is left in the broker for a device that is away.
"""

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from controller.fleet.link.commands import TTL_MS, Commands
from controller.fleet.link.fleet import Fleet
from controller.fleet.link.requests import Requests
from controller.fleet.presence import Presence, Session
from controller.ingest import Bus, Store
from controller.ingest.alarms import now_ms
from protocol import topics
from protocol.canonical import encode
from protocol.errors import Refused

log = logging.getLogger(__name__)

Json = dict[str, object]

SWEEP_S = 10.0
AGAIN_S = 30.0  # a configuration or a grant that was sent is not sent again sooner


class Link:
    """Sessions with all devices.

    Args:
        bus: to the broker.
        store: says how far a device's log is stored.
        roster: the fleet.
        rate: events a second that a device may send while it drains; 0 for no limit.
    """

    def __init__(self, bus: Bus, store: Store, roster: Fleet, rate: int) -> None:
        self.commands = Commands(bus)
        self.requests = Requests(bus, store.refusals)
        self._bus, self._store, self._roster, self._rate = bus, store, roster, rate
        self._presence = Presence()
        self._listeners: list[Callable[[str], None]] = []
        self._hearers: list[Callable[[Mapping[str, Session]], None]] = []
        self._repliers: list[Callable[[str, Json], None]] = []
        self._senders: list[Callable[[str, str, Session], None]] = []
        self._refusers: list[Callable[[str, str, str], None]] = []
        self._sent: dict[str, tuple[str, float]] = {}  # device -> hash of the configuration, when
        self._said: dict[str, Session] = {}  # what devices have said and the next turn is about, of each the newest
        self._answered: dict[str, str] = {}  # the session in which a device's state was answered; of the link's thread
        self._worker = ThreadPoolExecutor(1, "link")
        self._sweeping: asyncio.Task[None] | None = None
        self._lock = threading.Lock()
        self.requests.on("config", self._configuration)
        bus.on("state", self._state)
        bus.on("reply", self._reply)
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
        self.requests.start()
        for device, state, at in await asyncio.to_thread(self._roster.online):
            self._presence.recall(device, state, at)
        self._sweeping = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """End; commands that wait come to nothing."""
        if self._sweeping:
            self._sweeping.cancel()
        self.commands.stop()
        await asyncio.to_thread(self._worker.shutdown, cancel_futures=True)

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
        return self.commands.send(device, ident, op, args, expires)

    async def command(self, device: str, op: str, args: Json, ttl_ms: int = TTL_MS) -> Json | None:
        """Send a command and return the device's reply; None where none came in time: the outcome is unknown."""
        session = self._presence.session(device)
        if session is None or not session.online:
            self.commands.outcomes["absent"] += 1
            return None
        return await self.commands.ask(device, op, args, ttl_ms)

    def changed(self, devices: Iterable[str]) -> None:
        """What these devices should be has changed: tell those that are there. From any thread."""
        self._tell(devices, self._equip)

    def configured(self, devices: Iterable[str]) -> None:
        """These devices are to be configured otherwise, and no more: tell those that are there. From any thread."""
        self._tell(devices, self._configure)

    def dismiss(self, devices: Iterable[str]) -> None:
        """These devices are trusted no more: whoever is there under their name is gone. From any thread."""
        for device in devices:
            session = self._presence.dismiss(device)
            if session is not None:
                log.info("device %s is trusted no more", device)
                self._say(device, session)

    def _tell(self, devices: Iterable[str], tell: Callable[[str, Session], object]) -> None:
        for device in devices:
            self._forget(device)
            session = self._presence.session(device)
            if session is not None and session.online:
                self._submit(partial(self._guarded, tell, device, session))

    def _say(self, device: str, session: Session) -> None:
        """A device has said something, or is gone: have it seen to in the next turn."""
        with self._lock:
            first = not self._said
            self._said[device] = session
        if first:
            self._submit(self._turn)

    def _submit(self, work: Callable[[], None]) -> None:
        try:
            self._worker.submit(work)
        except RuntimeError:
            log.debug("the link has ended")

    def _guarded(self, work: Callable[[str, Session], object], device: str, session: Session) -> None:
        """Do what is about one device; where it fails the others have nothing to do with it."""
        try:
            work(device, session)
        except Exception:
            log.exception("the link failed on device %s", device)

    # What devices say; on the bus's thread.

    def _state(self, device: str, body: Json) -> None:
        told = self._presence.take(device, body, now_ms())
        if told.bad:
            self._store.refusals.count(device, "bad_state", told.bad)
        elif told.stale:
            log.info("a late will of device %s is ignored", device)
            self._submit(partial(self._guarded, self._ask, device, told.session))
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
        if self.commands.replied(device, body):
            return
        if len(ident) > 16:  # a configuration's hash
            if outcome != "done":
                reason = str(body.get("reason") or outcome)[:200]
                log.warning("device %s does not take its configuration: %s", device, reason)
                for refused in self._refusers:
                    refused(device, ident, reason)
        else:
            for hear in self._repliers:
                hear(device, body)

    # What is said to devices.

    def _turn(self) -> None:
        """See to what has been said since the last turn: after a power cut the whole fleet comes back at once."""
        with self._lock:
            said, self._said = self._said, {}
        here = {device: session for device, session in said.items() if session.online}
        for device in said.keys() - here.keys():
            self._guarded(self._roster.seen, device, said[device])
        try:
            for hear in self._hearers:
                hear(here)
            trusted = self._roster.trusted(here)
            last = self._store.last_of(trusted)
        except Exception:
            log.exception("the link failed on %d devices", len(here))
            return
        for device, session in here.items():
            if device in trusted:
                self._guarded(partial(self._welcome, *last.get(device, ("", 0))), device, session)
            else:
                self._store.refusals.count(device, "unknown_device")

    def _welcome(self, logid: str, seq: int, device: str, session: Session) -> None:
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
        self.send(device, secrets.token_hex(8), "birth", {}, now_ms() + TTL_MS)

    async def _configuration(self, device: str, _args: Json) -> Json:
        desired = await asyncio.get_running_loop().run_in_executor(self._worker, self._roster.desired, device)
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

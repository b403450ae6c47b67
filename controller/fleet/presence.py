"""Who is there: what devices last said of themselves, and in which session. Pure but for a lock and a clock."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

Json = dict[str, object]

RETURN_S = 90.0  # a device that was there comes back within this time after the broker has
HEX = frozenset("0123456789abcdef")
TEXTS = ("role", "fw", "config", "rejected", "reset", "code")
NUMBERS = ("boots", "uptime", "heap", "rssi", "clock", "backlog")


@dataclass(frozen=True)
class Session:
    """One device's session with the broker. `at`: Unix ms of the last word; `heard`: the same, monotonic seconds.

    `sid` is "" for one of before the controller's start, until the device has said something.
    """

    sid: str
    online: bool
    state: Json = field(repr=False)  # of the last word that was not a will
    at: int
    heard: float


class Told(NamedTuple):
    """What a state message means. `bad` says what is wrong with it; `stale`: a will of a session that is over."""

    session: Session
    birth: bool = False
    stale: bool = False
    bad: str = ""


NOBODY = Session("", False, {}, 0, 0.0)


class Presence:
    """The sessions of all devices.

    A will holds only for the session it was made in: one that comes late must not mark a device as gone that is back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        self._since = clock()  # when the broker was last connected anew: what was said before is in doubt

    @property
    def online(self) -> int:
        """How many devices are there."""
        with self._lock:
            return sum(session.online for session in self._sessions.values())

    def session(self, device: str) -> Session | None:
        """Return a device's session, None where it has not been heard of."""
        return self._sessions.get(device)

    def take(self, device: str, body: Json, at: int) -> Told:
        """Take in a state message that came at `at` (Unix ms)."""
        if bad := _bad(body):
            return Told(NOBODY, bad=bad)
        sid = str(body["sid"])
        with self._lock:
            known = self._sessions.get(device)
            if body["online"]:
                session = Session(sid, True, body, at, self._clock())
                birth = known is None or known.sid != sid or not known.online
                self._sessions[device] = session
                return Told(session, birth=birth)
            if known is not None and known.online and known.sid not in ("", sid):
                return Told(known, stale=True)
            state = known.state if known is not None else {}
            session = Session(sid, False, state, known.at if known is not None else at, self._clock())
            self._sessions[device] = session
            return Told(session)

    def dismiss(self, device: str) -> Session | None:
        """A device is trusted no more; return its session, now gone, None where it was not there."""
        with self._lock:
            known = self._sessions.get(device)
            if known is None or not known.online:
                return None
            session = self._sessions[device] = replace(known, online=False)
            return session

    def recall(self, device: str, state: Json, at: int) -> None:
        """A device was there when the controller ended; whether it still is will be seen."""
        with self._lock:
            self._sessions.setdefault(device, Session("", True, state, at, self._clock()))

    def doubt(self) -> None:
        """The broker is connected anew: those who are there will be heard of, or else are gone."""
        self._since = self._clock()

    def sweep(self) -> list[tuple[str, Session]]:
        """Return those who have not been heard of since the broker came back, now gone."""
        if self._clock() - self._since < RETURN_S:
            return []
        with self._lock:
            gone = {
                device: replace(session, online=False)
                for device, session in self._sessions.items()
                if session.online and session.heard < self._since
            }
            self._sessions.update(gone)
        return list(gone.items())


def _bad(body: Json) -> str:
    """Return what is wrong with a state, "" for nothing."""
    sid, online = body.get("sid"), body.get("online")
    if not isinstance(sid, str) or len(sid) != 16 or not HEX.issuperset(sid):
        return "sid"
    if type(online) is not int or online not in (0, 1):
        return "online"
    if online:
        for name in TEXTS:
            value = body.get(name)
            if not isinstance(value, str) or len(value) > 64:
                return name
        for name in NUMBERS:
            if type(body.get(name)) is not int:
                return name
        if bad := _bad_own(body):
            return bad
    return ""


def _bad_own(body: Json) -> str:
    """Return what is wrong with what firmware since connections and releases are sent says of its own."""
    generation = body.get("gen", 1)
    if type(generation) is not int or not 0 < generation < 1 << 31:
        return "gen"
    for name in ("conn", "bad_conn", "rel", "bad_rel"):
        value = body.get(name, "")
        if not isinstance(value, str) or len(value) > 64:
            return name
    return ""

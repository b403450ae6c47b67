"""What a device says of itself: in its state message, on its diagnosis slip and pages, and as one code."""

import gc

from firmware import VERSION
from protocol import codes


class Report:
    """Looks at the parts of a node when it is asked."""

    def __init__(
        self, identity, settings, journal, clock, wlan, link, role, reset: str, crash: str, connection, updates
    ):
        """`reset`: why the device booted; `crash`: the traceback that was kept, "" for none."""
        self._identity = identity
        self._settings = settings
        self._journal = journal
        self._clock = clock
        self._wlan = wlan
        self._link = link
        self._role = role
        self._reset = reset
        self._crash = crash
        self._connection = connection
        self._updates = updates

    def code(self) -> str:
        """The most urgent code, "" for none."""
        if not self._wlan.up:
            return codes.NO_WIFI
        roll = getattr(self._role, "fault", "")
        if roll:
            return roll
        if self._journal.near:
            return codes.JOURNAL_NEAR
        if not self._settings.doc:
            return codes.NO_CONFIG
        if self._link.code:
            return self._link.code
        return codes.BAD_CONFIG if self._settings.rejected else ""

    def state(self) -> dict:
        """The fields of `up/state` but `sid` and `online`."""
        return {
            "role": self._identity.role,
            "fw": VERSION,
            "config": self._settings.config,
            "rejected": self._settings.rejected,
            "boots": self._journal.boot,
            "reset": self._reset,
            "uptime": self._clock.up() // 1000,
            "heap": gc.mem_free(),
            "rssi": self._wlan.rssi,
            "clock": self._clock.q,
            "backlog": self._journal.backlog,
            "code": self.code(),
            "gen": self._connection.gen,
            "conn": self._connection.conn,
            "bad_conn": self._connection.bad_conn,
            "rel": self._updates.rel,
            "bad_rel": self._updates.bad,
        }

    def status(self) -> dict:
        """What the diagnosis slip and pages show."""
        status = self.state()
        identity = self._identity
        status["device"], status["site"], status["position"] = identity.device, identity.site, identity.position
        status["network"] = (self._wlan.name or "LAN") if self._wlan.up else ""
        status["broker"] = self._link.up
        status["crash"] = self._crash
        return status

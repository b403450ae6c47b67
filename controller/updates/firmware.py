"""Which firmware is still served: that of the controller's own minor version and of the one before.

Older firmware is refused nothing: its hall goes on. But nobody tests it any more, so there is an alarm.
"""

import re
import threading
from collections.abc import Mapping

from sqlmodel import Session as Db

from controller.db import Database
from controller.fleet.link import Link
from controller.fleet.presence import Session
from controller.fleet.roster import Roster
from controller.ingest.alarms import Alarms, now_ms
from controller.ingest.sql import Raw

ALARM = "old_firmware"
BEFORE = 1  # minor versions before the controller's own
NUMBERS = re.compile(r"(\d{1,6})\.(\d{1,6})\.", re.ASCII)


def served(fw: str, own: str) -> bool:
    """Whether firmware of version `fw` is served by a controller of version `own`. What is no version is not judged.

    With a new major version that of the one before is served as long as nothing but x.0 has come.
    """
    device, controller = NUMBERS.match(fw), NUMBERS.match(own)
    if device is None or controller is None:
        return True
    (major, minor), (ours, current) = map(int, device.groups()), map(int, controller.groups())
    if major == ours:
        return minor >= current - BEFORE
    return major > ours or (major == ours - 1 and current < BEFORE)


class Firmware:
    """Keeps the alarms on devices whose firmware is too old. `own`: the controller's version."""

    def __init__(self, db: Database, link: Link, roster: Roster, own: str) -> None:
        self._db, self._roster, self._own = db, roster, own
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()
        link.on_state(self.heard)

    def heard(self, sessions: Mapping[str, Session]) -> None:
        """Devices have said what they run. On the link's thread."""
        for device, session in sessions.items():
            self._heard(device, session)

    def _heard(self, device: str, session: Session) -> None:
        fw = str(session.state.get("fw", ""))
        place = self._roster.place(device)
        with self._lock:
            if place is None or self._known.get(device) == fw:
                return
            self._known[device] = fw
        old = not served(fw, self._own)

        def fn(db: Db) -> None:
            if old:
                detail = f"firmware {fw} is older than what controller {self._own} is made for: update it"
                Alarms.raise_in(db, place.site, device, ALARM, detail, now_ms())
            else:
                statement = "UPDATE alarm SET until = ? WHERE device = ? AND kind = ? AND until = 0"
                Raw(db).run(statement, now_ms(), device, ALARM)

        self._db.submit(fn)

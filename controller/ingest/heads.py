"""Where each log and each site stands: what has been stored last.

On SQLite the heads are kept in memory: only this process writes, and what another one does to the file shows in PRAGMA
data_version. On PostgreSQL they are read anew in each transaction and stay locked to its end.
"""

import secrets

from controller.ingest.sql import Raw, Value

REMEMBERED = 50_000


class LogHead:
    """How far one log of a device is stored, and what is known of the time of its newest boot."""

    __slots__ = ("boot", "device", "epoch", "foreign", "log", "quality", "seq")

    def __init__(self, device: str, log: str) -> None:
        self.device, self.log = device, log
        self.seq = 0
        self.foreign = 0  # 1: another device had this log first
        self.boot = 0
        self.epoch = 0  # when `boot` began, Unix ms
        self.quality = -1  # of the epoch: -1 unknown, else as in EventBoot


class SiteHead:
    """The last `pos` of a site, and the controller's own log there."""

    __slots__ = ("log", "pos", "seq", "site")

    def __init__(self, site: str) -> None:
        self.site = site
        self.pos = 0
        self.log = secrets.token_hex(8)
        self.seq = 0


class Heads:
    """The heads of all logs and sites, read on demand and written back once a transaction."""

    def __init__(self) -> None:
        self._logs: dict[tuple[str, str], LogHead] = {}
        self._owners: dict[str, str] = {}  # device of a log that is new in this transaction
        self._sites: dict[str, SiteHead] = {}
        self._new_logs: set[LogHead] = set()
        self._new_sites: set[SiteHead] = set()
        self._new_boots: set[LogHead] = set()
        self._version = -1

    def begin(self, raw: Raw) -> bool:
        """Begin a transaction; return whether another process may have changed something since the last one."""
        version = raw.all("PRAGMA data_version")[0][0] if raw.sqlite else -1
        changed = not raw.sqlite or version != self._version
        if changed or len(self._logs) > REMEMBERED:
            self.forget()
        self._version = version
        return changed

    def forget(self) -> None:
        """Drop everything: a transaction was undone."""
        for kept in (self._logs, self._owners, self._sites, self._new_logs, self._new_sites, self._new_boots):
            kept.clear()

    def site(self, raw: Raw, site: str) -> SiteHead:
        """Return where a site stands, to be changed by the caller; its row is locked."""
        head = self._sites.get(site)
        if head is None:
            head = self._sites[site] = SiteHead(site)
            if not raw.sqlite:
                raw.insert("event_site", ("site", "pos", "log", "seq"), [site, 0, head.log, 0])
            found = raw.one(f"SELECT pos, log, seq FROM event_site WHERE site = ?{_lock(raw)}", site)  # noqa: S608
            if found:
                head.pos, head.log, head.seq = found
        self._new_sites.add(head)
        return head

    def log(self, raw: Raw, device: str, log: str) -> LogHead:
        """Return where a device's log stands, to be changed by the caller; its row, if any, is locked."""
        head = self._logs.get((device, log))
        if head is None:
            head = self._logs[device, log] = LogHead(device, log)
            found = raw.one(
                f"SELECT seq, boot, foreign_log FROM event_log WHERE device = ? AND log = ?{_lock(raw)}",  # noqa: S608
                device,
                log,
            )
            if found:
                head.seq, boot, head.foreign = found
                self.boot(raw, head, boot)
            elif self._owners.setdefault(log, device) != device or raw.one(
                "SELECT 1 FROM event_log WHERE log = ? AND foreign_log = 0", log
            ):
                head.foreign = 1
        self._new_logs.add(head)
        return head

    def boot(self, raw: Raw, head: LogHead, boot: int) -> None:
        """Turn a log's head to another boot, with what is known of its time."""
        head.boot, head.epoch, head.quality = boot, 0, -1
        found = raw.one(
            "SELECT epoch, q FROM event_boot WHERE device = ? AND log = ? AND boot = ?", head.device, head.log, boot
        )
        if found:
            head.epoch, head.quality = found

    def correct(self, head: LogHead, epoch: int, quality: int) -> None:
        """Set when the head's boot began."""
        head.epoch, head.quality = epoch, quality
        self._new_boots.add(head)

    def save(self, raw: Raw, at: int) -> None:
        """Write back what has changed."""
        flat: list[Value] = []
        for site in self._new_sites:
            flat += (site.site, site.pos, site.log, site.seq)
        raw.insert("event_site", ("site", "pos", "log", "seq"), flat, update=("site",))
        flat = []
        for log in self._new_logs:
            flat += (log.device, log.log, log.seq, log.boot, log.foreign, at)
        raw.insert("event_log", ("device", "log", "seq", "boot", "foreign_log", "at"), flat, update=("device", "log"))
        flat = []
        for log in self._new_boots:
            flat += (log.device, log.log, log.boot, log.epoch, log.quality)
        raw.insert("event_boot", ("device", "log", "boot", "epoch", "q"), flat, update=("device", "log", "boot"))
        for written in (self._owners, self._new_sites, self._new_logs, self._new_boots):
            written.clear()


def _lock(raw: Raw) -> str:
    return "" if raw.sqlite else " FOR UPDATE"

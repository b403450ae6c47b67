"""Tables of ingest: the events, how far each log and each site has come, and what could not be used.

All times are Unix milliseconds. The tables an event's way goes through have the site first in their key, so
that they can be distributed by site.
"""

import json

from sqlalchemy import BigInteger, Dialect, Index, Text, TypeDecorator, UniqueConstraint, text
from sqlmodel import Field, SQLModel

CONTROLLER = "controller"  # the device and position of events that the controller itself originates


class JsonText(TypeDecorator[dict[str, object]]):
    """A JSON object kept as its text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, object] | None, dialect: Dialect) -> str | None:
        """Return the canonical text of `value`."""
        return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> dict[str, object] | None:
        """Return the object that the text `value` stands for."""
        return None if value is None else dict(json.loads(value))


class Event(SQLModel, table=True):
    """One durable event. Its identity is (device, log, seq); `pos` is its place in the order of its site."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("site", "device", "log", "seq", name="event_identity"),
        {"sqlite_with_rowid": False},
    )

    site: str = Field(primary_key=True)
    pos: int = Field(primary_key=True, sa_type=BigInteger)
    position: str
    device: str
    log: str
    boot: int = Field(sa_type=BigInteger)
    seq: int = Field(sa_type=BigInteger)
    t: int = Field(sa_type=BigInteger)  # as the device wrote it, never edited
    q: int
    up: int = Field(sa_type=BigInteger)
    at: int = Field(sa_type=BigInteger)  # when it was stored
    time: int = Field(sa_type=BigInteger)  # when it happened, by the correction of its boot known when it was stored
    kind: str
    data: dict[str, object] = Field(sa_type=JsonText)


class EventLog(SQLModel, table=True):
    """How far a device's log is stored: every event up to `seq` is, or is known to be lost."""

    __tablename__ = "event_log"
    __table_args__ = (Index("event_log_log", "log"),)

    device: str = Field(primary_key=True)
    log: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    boot: int = Field(sa_type=BigInteger)
    foreign_log: int = 0  # 1: another device had this log first; its events are dead letters
    at: int = Field(sa_type=BigInteger)  # of the last batch


class EventBoot(SQLModel, table=True):
    """The correction of one boot of a device: the moment at which its `up` was 0."""

    __tablename__ = "event_boot"

    device: str = Field(primary_key=True)
    log: str = Field(primary_key=True)
    boot: int = Field(primary_key=True, sa_type=BigInteger)
    epoch: int = Field(sa_type=BigInteger)
    q: int  # 0: guessed from arrivals, 1: from a live state's uptime, 3 or 4: from the device's trusted clock


class EventSite(SQLModel, table=True):
    """Where a site stands: the last `pos` given, and the controller's own log for it."""

    __tablename__ = "event_site"

    site: str = Field(primary_key=True)
    pos: int = Field(sa_type=BigInteger)
    log: str
    seq: int = Field(sa_type=BigInteger)  # the last of the controller's own events there


class EventKind(SQLModel, table=True):
    """A kind that was stored when nothing projected it; whoever comes to project it must rebuild."""

    __tablename__ = "event_kind"

    kind: str = Field(primary_key=True)


class DeadLetter(SQLModel, table=True):
    """A message or an event that could not be used, kept with the reason."""

    __tablename__ = "dead_letter"
    __table_args__ = (UniqueConstraint("device", "log", "seq", "reason", name="dead_letter_identity"),)

    id: int | None = Field(default=None, primary_key=True)
    at: int = Field(sa_type=BigInteger)
    device: str
    reason: str
    detail: str
    log: str  # where there is none to be read: the start of the body's SHA-256
    seq: int = Field(sa_type=BigInteger)
    body: str


class Alarm(SQLModel, table=True):
    """Something that a person should look at; open while `until` is 0."""

    __tablename__ = "alarm"
    __table_args__ = (
        Index(
            "alarm_open",
            "site",
            "device",
            "kind",
            unique=True,
            sqlite_where=text("until = 0"),
            postgresql_where=text("until = 0"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    site: str  # "" where it is the controller's own
    device: str
    kind: str
    detail: str
    since: int = Field(sa_type=BigInteger)
    until: int = Field(default=0, sa_type=BigInteger)

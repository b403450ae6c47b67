"""Tables of incidents. Times are Unix milliseconds.

`incident_condition` is a projection and is made again by a rebuild. The others are what was seen and done as it
happened, which no event holds: a rebuild leaves them alone.
"""

from sqlalchemy import JSON, BigInteger, Index, text
from sqlmodel import Field, SQLModel

WAITING, SENT, FAILED = "waiting", "sent", "failed"


class Incident(SQLModel, table=True):
    """Something that is wrong; open while `until` is 0. `device` is "" where it is the whole hall."""

    __tablename__ = "incident"
    __table_args__ = (
        Index(
            "incident_open",
            "site",
            "device",
            "kind",
            unique=True,
            sqlite_where=text("until = 0"),
            postgresql_where=text("until = 0"),
        ),
        Index("incident_site", "site", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    site: str
    device: str
    position: str
    kind: str
    detail: str
    cause: str = ""  # of a hall that was out of reach: power, uplink, "" for unknown
    since: int = Field(sa_type=BigInteger)
    until: int = Field(default=0, sa_type=BigInteger)
    acknowledged: int = Field(default=0, sa_type=BigInteger)
    by: str = ""  # who has acknowledged it


class Entry(SQLModel, table=True):
    """One line of an incident's history: opened, acknowledged, comment, closed. `who` is "" for the controller."""

    __tablename__ = "incident_entry"

    id: int | None = Field(default=None, primary_key=True)
    incident: int = Field(index=True)
    at: int = Field(sa_type=BigInteger)
    who: str
    what: str
    text: str


class Watched(SQLModel, table=True):
    """`controller.incidents.judging.watch.Watch` of a device, or of a hall where `device` is ""."""

    __tablename__ = "incident_watch"

    site: str = Field(primary_key=True)
    device: str = Field(primary_key=True)
    there: bool
    changed: int = Field(sa_type=BigInteger)
    away: int = Field(sa_type=BigInteger)
    boots: int = Field(sa_type=BigInteger)
    crashes: list[list[int]] = Field(sa_type=JSON)


class Availability(SQLModel, table=True):
    """How long (ms) a hall was seen open on a local day, and for how much of that a device was there.

    What happened while the controller or its broker was away is in neither.
    """

    __tablename__ = "incident_availability"

    site: str = Field(primary_key=True)
    day: str = Field(primary_key=True)  # "2026-11-24"
    open: int = Field(sa_type=BigInteger)
    online: int = Field(sa_type=BigInteger)


class Condition(SQLModel, table=True):
    """What a device's events have told at a site. A projection. `crashes`: [boots, when], the latest last."""

    __tablename__ = "incident_condition"

    site: str = Field(primary_key=True)
    device: str = Field(primary_key=True)
    paper: str  # ok, low, out, "" for unknown
    fault: str  # codes with spaces between
    full: int = Field(sa_type=BigInteger)  # when its journal was last full
    crashes: list[list[int]] = Field(sa_type=JSON)


class Notice(SQLModel, table=True):
    """One message about an incident by one way: of its opening or its closing; waiting, sent or failed."""

    __tablename__ = "incident_notice"
    __table_args__ = (
        Index("incident_notice_due", "way", "state", "due"),
        Index("incident_notice_one", "incident", "what", "way", unique=True),
    )

    id: int | None = Field(default=None, primary_key=True)
    incident: int
    what: str  # opened, closed
    way: str  # mail, webhook
    state: str = WAITING
    tries: int = 0
    at: int = Field(sa_type=BigInteger)  # when it was made
    due: int = Field(sa_type=BigInteger)
    why: str = ""  # of the last failure

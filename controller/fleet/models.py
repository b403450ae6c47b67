"""Tables of the fleet: sites, positions, devices, and who leads where."""

from sqlalchemy import JSON, BigInteger, Index, text
from sqlmodel import Field, SQLModel

Json = dict[str, object]


class Site(SQLModel, table=True):
    """One hall. `tz`: minutes east of UTC; `hours`: weekday "0".."6" (Monday first) to periods ["07:00", "14:00"];
    `holidays`: days ("2026-12-25") that are not like their weekday, to their periods. `district`: the sub-district that
    it is in, "" for none. `lat`, `lon`: where it is, degrees, None for unknown.

    `lang`, `share`, `paper`, `services`, `counters` and `tunables` are what the layers of its configuration amount to.
    """

    __tablename__ = "fleet_site"

    id: str = Field(primary_key=True)
    name: str
    kind: str
    district: str = Field(default="", index=True)
    lat: float | None = None
    lon: float | None = None
    tz: int
    lang: str
    uplink: str
    share: int
    paper: int
    hall_url: str
    services: list[Json] = Field(sa_type=JSON)
    counters: list[Json] = Field(sa_type=JSON)
    hours: Json = Field(sa_type=JSON)
    holidays: Json = Field(default={}, sa_type=JSON)
    tunables: Json = Field(default={}, sa_type=JSON)
    rev: int = Field(default=1, sa_type=BigInteger)  # counts changes of anything that a configuration is made of


class Position(SQLModel, table=True):
    """A place for a device in a hall ("kiosk-1"). `low`..`high`: its band of numbers, 0 where it never leads.

    `own`: its layer of the configuration; `desired`: the hash of its document, and `since` when it became that (Unix
    ms).
    """

    __tablename__ = "fleet_position"

    site: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    role: str
    name: str
    counter: str
    leads: bool
    low: int
    high: int
    own: Json = Field(default={}, sa_type=JSON)
    desired: str = ""
    since: int = Field(default=0, sa_type=BigInteger)


class Device(SQLModel, table=True):
    """A piece of hardware that has been seen. Without a place it is a spare; without a secret it is out of use.

    `sealed`: the broker secret of its generation, encrypted. `next`: the generation to which it is being changed, 0 for
    none. `last`: the highest that was ever given. `connection`: that which its identity came with. What stands after
    `state` is what that says, so that it can be searched: `release` is the firmware's version as a rising number.
    """

    __tablename__ = "fleet_device"
    __table_args__ = (
        Index(
            "fleet_device_place",
            "site",
            "position",
            unique=True,
            sqlite_where=text("position <> ''"),
            postgresql_where=text("position <> ''"),
        ),
    )

    id: str = Field(primary_key=True)
    site: str = Field(default="", index=True)
    position: str = ""
    role: str
    generation: int
    sealed: str
    next: int = 0
    next_sealed: str = ""
    last: int = 0
    connection: str = ""
    claimed: int = Field(sa_type=BigInteger)  # when it was first seen with its last claim
    online: bool = False
    seen: int = Field(default=0, sa_type=BigInteger)  # Unix ms of its last word
    state: Json = Field(default={}, sa_type=JSON)
    release: int | None = None
    heap: int | None = Field(default=None, sa_type=BigInteger)
    rssi: int | None = Field(default=None, sa_type=BigInteger)
    backlog: int | None = Field(default=None, sa_type=BigInteger)
    boots: int | None = Field(default=None, sa_type=BigInteger)
    uptime: int | None = Field(default=None, sa_type=BigInteger)
    code: str = ""


class Grant(SQLModel, table=True):
    """Who leads a hall's queue: a position, or "controller". `late`: `pos` of the newest event it does not know of."""

    __tablename__ = "fleet_grant"

    site: str = Field(primary_key=True)
    term: int = Field(sa_type=BigInteger)
    leader: str
    late: int = Field(default=0, sa_type=BigInteger)
    burn: int = 0  # numbers that the one before may have given without our knowing


def status(device: Device, claimed: bool) -> str:
    """Return how a device stands: in use, a spare (trusted, stands nowhere), claimed (not seen yet), or out of use."""
    if device.sealed:
        return "in_use" if device.position else "spare"
    return "claimed" if claimed else "out_of_use"

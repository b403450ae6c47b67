"""Tables of updates: releases, rollouts and their devices, what devices have told of updates. Times are Unix ms."""

from sqlalchemy import JSON, BigInteger, Index, LargeBinary
from sqlmodel import Field, SQLModel

Json = dict[str, object]


class Release(SQLModel, table=True):
    """A release as its manifest has it, with the bundle that devices fetch as the blob `sha256`."""

    __tablename__ = "update_release"
    __table_args__ = (Index("update_release_blob", "sha256", unique=True),)

    rel: str = Field(primary_key=True)
    fw: str
    seq: int = Field(sa_type=BigInteger, unique=True)
    abi: int
    least: str
    roles: str  # with spaces between
    back: int = Field(sa_type=BigInteger)
    files: list[list[str | int]] = Field(sa_type=JSON)
    sha256: str
    size: int
    bundle: bytes = Field(sa_type=LargeBinary)
    who: str
    at: int = Field(sa_type=BigInteger)


class Rollout(SQLModel, table=True):
    """One rollout. `plan`: how it is done; `moment`: up to when its clocks have been counted."""

    __tablename__ = "update_rollout"

    id: int | None = Field(default=None, primary_key=True)
    rel: str
    fw: str
    sha256: str
    size: int
    plan: Json = Field(sa_type=JSON)
    note: str
    state: str
    why: str = ""
    moment: int = Field(sa_type=BigInteger)
    who: str
    at: int = Field(sa_type=BigInteger)
    ended: int = Field(default=0, sa_type=BigInteger)


class RolloutUnit(SQLModel, table=True):
    """One device of a rollout, as `controller.updates.rollout.units.Unit` has it."""

    __tablename__ = "update_unit"
    __table_args__ = (Index("update_unit_device", "device"),)

    rollout: int = Field(primary_key=True)
    device: str = Field(primary_key=True)
    site: str
    position: str
    role: str
    ring: int
    state: str
    why: str
    tries: int
    ordered: int = Field(sa_type=BigInteger)
    spent: int = Field(sa_type=BigInteger)
    absent: int = Field(sa_type=BigInteger)
    failed: int = Field(sa_type=BigInteger)
    spoilt: int
    forgiven: int
    bytes: int = Field(sa_type=BigInteger)


class Traffic(SQLModel, table=True):
    """How many bytes of bundles a site was ordered to fetch on its last day with any. `day`: since 1970, local."""

    __tablename__ = "update_traffic"

    site: str = Field(primary_key=True)
    day: int
    bytes: int = Field(sa_type=BigInteger)


class Told(SQLModel, table=True):
    """What a device has told of one release: when each kind of event was last stored, 0 for never. A projection."""

    __tablename__ = "update_told"

    device: str = Field(primary_key=True)
    rel: str = Field(primary_key=True)
    taken: int = Field(default=0, sa_type=BigInteger)
    ready: int = Field(default=0, sa_type=BigInteger)
    done: int = Field(default=0, sa_type=BigInteger)
    failed: int = Field(default=0, sa_type=BigInteger)
    why: str = ""

"""Tables of configurations: layers and their history; what devices were sent, and what they refused.

Times are Unix milliseconds.
"""

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel

Json = dict[str, object]


class Layer(SQLModel, table=True):
    """A layer as it is. `key`: "fleet", "kind/village", "site/genteng", "position/genteng/kiosk-1"."""

    __tablename__ = "fleet_layer"

    key: str = Field(primary_key=True)
    site: str = Field(default="", index=True)  # "" for those above the sites
    rev: int = Field(sa_type=BigInteger)  # of its newest revision, from 1
    patch: Json = Field(sa_type=JSON)
    who: str
    at: int = Field(sa_type=BigInteger)


class Revision(SQLModel, table=True):
    """A layer as it was made once."""

    __tablename__ = "fleet_layer_revision"

    key: str = Field(primary_key=True)
    rev: int = Field(primary_key=True, sa_type=BigInteger)
    site: str = Field(default="", index=True)
    patch: Json = Field(sa_type=JSON)
    who: str
    at: int = Field(sa_type=BigInteger)
    note: str


class Delivery(SQLModel, table=True):
    """The configuration that a device was last sent. `applied`: when it first said that it has it, 0 for not yet;
    `why`: with what it refused it, "" for not."""

    __tablename__ = "fleet_delivery"

    device: str = Field(primary_key=True)
    hash: str
    sent: int = Field(sa_type=BigInteger)  # first, in the device's session
    applied: int = Field(default=0, sa_type=BigInteger)
    why: str = ""


class Rejection(SQLModel, table=True):
    """The last configuration that a device has told by an event that it gave up."""

    __tablename__ = "fleet_rejection"

    site: str = Field(primary_key=True)
    device: str = Field(primary_key=True)
    hash: str
    why: str
    at: int = Field(sa_type=BigInteger)

"""Tables of the inventory. Times are Unix ms."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, String
from sqlmodel import Field, SQLModel


class DeviceTag(SQLModel, table=True):
    """A word that people have put on a device, whatever it stands for to them."""

    __tablename__ = "fleet_tag"

    device: str = Field(primary_key=True)
    tag: str = Field(primary_key=True, index=True)


class View(SQLModel, table=True):
    """A list of devices as somebody keeps it. It goes with the account of its owner; `shared`: others see it too."""

    __tablename__ = "fleet_view"
    __table_args__ = (Index("fleet_view_name", "owner", "name", unique=True),)

    id: str = Field(primary_key=True)
    owner: str = Field(sa_column=Column(String, ForeignKey("account_user.name", ondelete="CASCADE"), nullable=False))
    name: str
    filter: str
    sort: str
    columns: list[str] = Field(sa_type=JSON)
    shared: bool


class Preview(SQLModel, table=True):
    """A change to many devices that was shown and not made yet: `devices` are those that it is for."""

    __tablename__ = "fleet_preview"

    id: str = Field(primary_key=True)
    who: str
    action: dict[str, object] = Field(sa_type=JSON)
    devices: list[str] = Field(sa_type=JSON)
    at: int = Field(sa_type=BigInteger)
    expires: int = Field(sa_type=BigInteger)


class Sample(SQLModel, table=True):
    """The worst that a device has said of itself within ten minutes from `at`: `heap` bytes, `rssi` dBm, `backlog`
    events; None where it has said nothing of it."""

    __tablename__ = "fleet_sample"
    __table_args__ = {"sqlite_with_rowid": False}

    device: str = Field(primary_key=True)
    at: int = Field(primary_key=True, sa_type=BigInteger)
    heap: int | None = Field(default=None, sa_type=BigInteger)
    rssi: int | None = Field(default=None, sa_type=BigInteger)
    backlog: int | None = Field(default=None, sa_type=BigInteger)

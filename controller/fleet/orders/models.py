"""Tables of orders. Times are Unix ms."""

from sqlalchemy import JSON, BigInteger, Index, Text
from sqlmodel import Field, SQLModel

Json = dict[str, object]


class Command(SQLModel, table=True):
    """A command that somebody gave to a device. `id` goes with it; `key` is its maker's, so that asking twice is once.

    `state` is pending, sent, done, refused or failed; what its time makes of it is `book.state_of`'s to say. `parts`:
    pieces of an answer that has not come whole.
    """

    __tablename__ = "fleet_command"
    __table_args__ = (
        Index("fleet_command_device", "device", "at"),
        Index("fleet_command_key", "device", "who", "key", unique=True),
    )

    id: str = Field(primary_key=True)
    device: str
    op: str
    args: Json = Field(sa_type=JSON)
    who: str
    key: str
    at: int = Field(sa_type=BigInteger)
    expires: int = Field(sa_type=BigInteger)
    sent: int = Field(default=0, sa_type=BigInteger)
    ended: int = Field(default=0, sa_type=BigInteger)
    state: str = "pending"
    reason: str = ""
    parts: Json = Field(default={}, sa_type=JSON)


class DeviceLog(SQLModel, table=True):
    """What a device has sent of its last console lines, and of its last crash."""

    __tablename__ = "fleet_log"

    command: str = Field(primary_key=True)
    device: str = Field(index=True)
    at: int = Field(sa_type=BigInteger)
    log: str = Field(sa_type=Text)
    crash: str = Field(sa_type=Text)

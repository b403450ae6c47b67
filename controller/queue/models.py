"""Tables of the queue's projection: tickets, their periods, and where each hall's state machine stands.

Times are Unix milliseconds. A ticket is known by its site and the `pos` of the event that issued it.
"""

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field, SQLModel


class Ticket(SQLModel, table=True):
    """One ticket. `serial`: its day; `at`: its place in the order; 0 or "" where something has not happened."""

    __tablename__ = "queue_ticket"
    __table_args__ = (Index("queue_ticket_day", "site", "serial"), {"sqlite_with_rowid": False})

    site: str = Field(primary_key=True)
    pos: int = Field(primary_key=True, sa_type=BigInteger)
    serial: int = Field(sa_type=BigInteger)
    no: int
    service: str
    priority: str
    state: str
    counter: str
    at: int = Field(sa_type=BigInteger)
    doubt: int  # 1: nobody knows whether its paper came out
    score: int = Field(sa_type=BigInteger)  # 1 to 4, 0 for none; any number a device makes up
    issued: int = Field(sa_type=BigInteger)
    called: int = Field(sa_type=BigInteger)  # first
    served: int = Field(sa_type=BigInteger)  # first
    ended: int = Field(sa_type=BigInteger)
    since: int = Field(sa_type=BigInteger)  # when its present period began
    periods: int  # that are over


class Period(SQLModel, table=True):
    """A stretch of a ticket in one state, for one service, at one counter, that is over."""

    __tablename__ = "queue_period"
    __table_args__ = {"sqlite_with_rowid": False}

    site: str = Field(primary_key=True)
    pos: int = Field(primary_key=True, sa_type=BigInteger)
    n: int = Field(primary_key=True)
    state: str
    service: str
    counter: str
    since: int = Field(sa_type=BigInteger)
    until: int = Field(sa_type=BigInteger)


class QueueState(SQLModel, table=True):
    """A snapshot of a hall's state machine after the event `pos`; later events are applied on top when it is loaded."""

    __tablename__ = "queue_state"

    site: str = Field(primary_key=True)
    pos: int = Field(sa_type=BigInteger)
    state: str = Field(sa_type=Text)

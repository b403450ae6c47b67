"""Tables of trust: claims that wait for their device, tokens for claims, the Wi-Fi of halls. Times are Unix ms."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Claim(SQLModel, table=True):
    """A reservation: the next generation of a device's secret, of no effect until the device is seen with it.

    `site` and `position` are "" for a spare. `connection`: that which the identity came with (see `connections`).
    """

    __tablename__ = "fleet_claim"

    device: str = Field(primary_key=True)
    generation: int
    sealed: str
    site: str
    position: str
    role: str
    connection: str
    token: str  # id of the claim token by which it was made, "" for none
    who: str
    at: int = Field(sa_type=BigInteger)
    expires: int = Field(sa_type=BigInteger)


class ClaimToken(SQLModel, table=True):
    """Leave for one claim. `id` is the SHA-256 of the token; `device` the one that was claimed with it, "" before.

    `site`, `position` and `role` are what it is bound to, "" where it is not: then to the sites of `who`, its maker.
    """

    __tablename__ = "fleet_claim_token"

    id: str = Field(primary_key=True)
    site: str
    position: str
    role: str
    who: str
    device: str
    expires: int = Field(sa_type=BigInteger)


class Wifi(SQLModel, table=True):
    """A hall's Wi-Fi networks: [[name, password], ...] as JSON, encrypted."""

    __tablename__ = "fleet_wifi"

    site: str = Field(primary_key=True)
    sealed: str

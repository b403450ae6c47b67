"""Tables of accounts. Times are Unix milliseconds; passwords, sessions and tokens are kept as hashes only."""

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel


class User(SQLModel, table=True):
    """A person who may sign in. `sites`: the scope to which they are bound (see `scope`); "" for everywhere."""

    __tablename__ = "account_user"

    name: str = Field(primary_key=True)
    role: str
    password: str  # argon2
    sites: str = ""
    created: int = Field(sa_type=BigInteger)


class SignIn(SQLModel, table=True):
    """A session of a browser. `id` is the SHA-256 of what the cookie holds."""

    __tablename__ = "account_session"

    id: str = Field(primary_key=True)
    user: str = Field(index=True)
    csrf: str
    agent: str  # what the browser calls itself
    created: int = Field(sa_type=BigInteger)
    seen: int = Field(sa_type=BigInteger)


class Factor(SQLModel, table=True):
    """An account's second factor. `sealed`: its secret; `step`: the last that was used; `codes`: hashes (JSON)."""

    __tablename__ = "account_factor"

    user: str = Field(primary_key=True)
    sealed: str
    on: bool
    step: int = Field(sa_type=BigInteger)
    codes: str


class ApiToken(SQLModel, table=True):
    """A token of a program. `id` is the SHA-256 of the token."""

    __tablename__ = "account_token"

    id: str = Field(primary_key=True)
    name: str
    user: str = Field(index=True)
    role: str
    sites: str = ""
    created: int = Field(sa_type=BigInteger)


class AuditEntry(SQLModel, table=True):
    """One change: who, what, on which thing, before and after as JSON texts without secrets. Only ever added."""

    __tablename__ = "account_audit"
    __table_args__ = (Index("account_audit_target", "target"),)

    id: int | None = Field(default=None, primary_key=True)
    at: int = Field(sa_type=BigInteger)
    who: str
    what: str
    target: str
    before: str = ""
    after: str = ""

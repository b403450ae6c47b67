"""Bodies of the HTTP API of accounts."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from controller.accounts import scope, service

Name = Annotated[str, Field(min_length=1, max_length=64)]
Secret = Annotated[str, Field(min_length=1, max_length=256, json_schema_extra={"format": "password"})]
Role = Annotated[str, Field(pattern=r"^(viewer|clerk|technician|admin)$")]
# Of sites, and "district:" with that of a sub-district.
Sites = Annotated[list[Annotated[str, Field(pattern=rf"^{scope.PATTERN}$")]], Field(max_length=300)]


class Strict(BaseModel):
    """A body that has nothing but what is named."""

    model_config = ConfigDict(extra="forbid")


Code = Annotated[str, Field(min_length=6, max_length=32)]


class Credentials(Strict):
    """A name and its password; `code`: of the second factor, where the account has one."""

    name: Name
    password: Secret
    code: Annotated[str, Field(max_length=32)] = ""


class Password(Strict):
    """The password once more."""

    password: Secret


class CodeGiven(Strict):
    """Six digits of the authenticator app, or a recovery code."""

    code: Code


class FactorMade(BaseModel):
    """A secret for an authenticator app, the address that it reads, and that as a QR code (SVG); shown only here."""

    secret: str
    uri: str
    qr: str


class FactorPublic(BaseModel):
    """Whether a code is asked for at the sign-in, and how many recovery codes are left."""

    on: bool
    codes: int


class RecoveryCodes(BaseModel):
    """Each is good for one sign-in without the phone; shown only here."""

    codes: list[str]


class SessionListed(BaseModel):
    """A session of yours. `agent`: what its browser calls itself; times are Unix ms; `here`: it is this one."""

    id: str
    agent: str
    created: int
    seen: int
    here: bool


class SessionPublic(BaseModel):
    """Who is signed in; `csrf` goes into the header X-CSRF of every write. `sites`: where they may
    act, sites and `district:` with a sub-district; none for everywhere."""

    name: str
    role: str
    csrf: str
    sites: list[str]


class UserCreate(Strict):
    """An account to be made. `sites`: what it is bound to, ids of sites and `district:` with that of a sub-district;
    none for everywhere."""

    name: Annotated[str, Field(pattern=rf"^{service.PRINTED}{{1,64}}$")]
    role: Role
    password: Annotated[
        str, Field(min_length=service.SHORTEST, max_length=256, json_schema_extra={"format": "password"})
    ]
    sites: Sites = []


class UserPublic(BaseModel):
    """An account as others see it."""

    name: str
    role: str
    sites: list[str]


class TokenCreate(Strict):
    """A token to be made for a program; it can never do more than its maker."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    role: Role
    sites: Sites = []


class TokenMade(BaseModel):
    """A token; shown only here."""

    name: str
    role: str
    token: str


class TokenPublic(BaseModel):
    """A token as lists show it: who made it, and what it may do at most."""

    user: str
    name: str
    role: str
    sites: list[str]
    created: int


class AuditPublic(BaseModel):
    """One change."""

    id: int
    at: int
    who: str
    what: str
    target: str
    before: str
    after: str

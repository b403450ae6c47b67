"""Bodies of the HTTP API of trust: claims, their tokens, swaps, and the Wi-Fi of halls."""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from controller.fleet.schemas import Mac, Strict
from controller.fleet.trust.claims import Asked

NETWORKS = 4  # of a hall: what fits into a message beside two CAs and the hotspot

IdOrNone = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{0,32}$")]
Role = Annotated[str, StringConstraints(pattern=r"^(kiosk|display|counter|sensor)$")]


class Place(Strict):
    """What is claimed: a position of a site, or, with neither, a spare of a role."""

    site: IdOrNone = ""
    position: IdOrNone = ""
    role: Role | None = None

    @model_validator(mode="after")
    def _of_a_site(self) -> Self:
        if self.position and not self.site:
            raise ValueError("a position is one of a site")
        return self

    def asked(self, device: str = "") -> Asked:
        """Return it as the claim of a device."""
        return Asked(device, self.site, self.position, self.role or "")


class ClaimCreate(Place):
    """A device that is to stand at a position, or to be a spare."""

    device: Mac


class ClaimSeen(BaseModel):
    """What whoever flashes a device asks: is it `online`, with which `generation` of its secret (0: never seen), which
    one is `pending` (0: none), and when was its last word (`seen`, Unix ms)."""

    device: str
    online: bool
    generation: int
    pending: int
    seen: int


class ClaimTokenCreate(Place):
    """A token for one claim, by what it is bound to, and for how many minutes."""

    minutes: Annotated[int, Field(ge=1, le=10_080)] = 60


class ClaimTokenMade(BaseModel):
    """A claim token; shown only here. `expires`: Unix ms. `link` opens a page that says what to do with it."""

    token: str
    expires: int
    link: str


class BrokerPublic(BaseModel):
    """Where a device reaches the broker."""

    host: str
    port: int
    tls: bool


class IdentityPublic(BaseModel):
    """A device's identity (contract, section 9). The secret is shown only here.

    `release_key`: the modulus of the key that signs releases, in hex, "" for none.
    `expires`: until when (Unix ms) the device has to be seen with it.
    """

    device: str
    role: str
    username: str
    secret: str
    generation: int
    brokers: list[BrokerPublic]
    ca: str | None
    site: str
    position: str
    networks: list[tuple[str, str]]
    lang: str
    release_key: str
    expires: int


class SwapCreate(Strict):
    """The device that is to go, and the spare that takes its place."""

    old: Mac
    new: Mac


class SwapPublic(BaseModel):
    """A swap that was made: the spare stands at the position."""

    site: str
    position: str
    role: str
    old: str
    new: str


def _ssid(name: str) -> str:
    if not 1 <= len(name.encode()) <= 32 or not name.isprintable():
        raise ValueError("has 1 to 32 bytes")
    return name


def _passphrase(password: str) -> str:
    if password and not (8 <= len(password.encode()) <= 63 and password.isprintable()):
        raise ValueError("has 8 to 63 characters, or none for an open network")
    return password


class Network(Strict):
    """A Wi-Fi network. Without `password` the one that is known of this name stays; "" is an open network."""

    ssid: Annotated[str, AfterValidator(_ssid)]
    password: Annotated[str, AfterValidator(_passphrase), Field(json_schema_extra={"format": "password"})] | None = None


class NetworkPublic(BaseModel):
    """A Wi-Fi network as it is shown: never with its password."""

    ssid: str
    locked: bool


Networks = Annotated[list[Network], Field(max_length=NETWORKS)]

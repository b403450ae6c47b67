"""Bodies of the fleet's HTTP API, with limits that keep a configuration within what a device can hold."""

from collections.abc import Sequence
from typing import Annotated, Self

from fastapi import Path, Query
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)

from controller.accounts.service import PRINTED
from controller.fleet.hours.schemas import Holidays, Hours

SitePath = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,32}$")]
DevicePath = SitePath
IdQuery = Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,32}$")]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
Mac = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]


def _no_yes(value: object) -> object:
    if isinstance(value, bool | str):
        raise ValueError("is no number")
    return value


NUMBER = BeforeValidator(_no_yes)  # 7 and 7.0, as JSON has it; not "7", not true
Number = Annotated[int, Field(ge=1, le=9999), NUMBER]
Latitude = Annotated[float, Field(ge=-90, le=90), NUMBER]  # degrees
Longitude = Annotated[float, Field(ge=-180, le=180), NUMBER]
District = Annotated[str, StringConstraints(pattern=r"^([a-z0-9-]{1,32})?$")]


WORDS = rf"{PRINTED}+( {PRINTED}+)*"  # with single spaces between
Name = Annotated[str, StringConstraints(pattern=rf"^{WORDS}$", max_length=48)]
Text = Annotated[str, StringConstraints(pattern=rf"^({WORDS})?$", max_length=96)]


class Strict(BaseModel):
    """A body that has nothing but what is named."""

    model_config = ConfigDict(extra="forbid")


class Service(Strict):
    """A service of a hall: `letter` goes before its numbers, `need` is what to bring, `mins` how long it takes."""

    id: Id
    letter: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,2}$")]
    name: Name
    need: Text = ""
    mins: Annotated[int, Field(ge=0, le=600), NUMBER] = 10


class Counter(Strict):
    """A counter; `services` that it serves, none for all."""

    id: Id
    name: Name
    services: Annotated[list[Id], Field(max_length=8)] = []


def consistent(services: Sequence[Service], counters: Sequence[Counter]) -> None:
    """Raise ValueError where services and counters of a hall contradict each other; without services nothing is known
    of what counters may serve."""
    for what, values in (
        ("services share an id", [one.id for one in services]),
        ("services share a letter", [one.letter for one in services]),
        ("counters share an id", [one.id for one in counters]),
    ):
        if len(set(values)) < len(values):
            raise ValueError(what)
    known = {one.id for one in services}
    for counter in counters:
        if known and not known.issuperset(counter.services):
            raise ValueError(f"counter {counter.id} serves what the site does not offer")


class SiteBase(Strict):
    """A hall. `district`: the sub-district that it is in; `lat`, `lon`: where it is, degrees."""

    name: Name
    kind: Annotated[str, StringConstraints(pattern=r"^(village|urban|subdistrict|health|office)$")] = "village"
    district: District = ""
    lat: Latitude | None = None
    lon: Longitude | None = None
    tz: Annotated[int, Field(ge=-720, le=840), NUMBER] = 420
    lang: Annotated[str, StringConstraints(pattern=r"^(id|en)$")] = "id"
    uplink: Annotated[str, StringConstraints(pattern=r"^(fibre|wireless|)$")] = ""
    services: Annotated[list[Service], Field(min_length=1, max_length=8)]
    counters: Annotated[list[Counter], Field(max_length=16)] = []
    share: Annotated[int, Field(ge=2, le=100), NUMBER] = 3
    paper: Annotated[int, Field(ge=0, le=1), NUMBER] = 1
    hours: Hours = {}
    holidays: Holidays = {}
    hall_url: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s<>\"']{1,180})?$")] = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        consistent(self.services, self.counters)
        return self


class SiteCreate(SiteBase):
    """A hall to be made. What it does not say of `lang`, `share`, `paper`, `services` and `counters` comes from the
    layers above it (/configuration)."""

    id: Id
    services: Annotated[list[Service], Field(min_length=1, max_length=8)] = []


class SitePublic(SiteBase):
    """A hall as it is."""

    id: Id
    rev: int


class SiteUpdate(Strict):
    """What to change of a hall; what is not named stays. `null` for `lang`, `share`, `paper`, `services` or `counters`:
    what the layers above the site say (/configuration)."""

    name: Name | None = None
    kind: Annotated[str, StringConstraints(pattern=r"^(village|urban|subdistrict|health|office)$")] | None = None
    district: District | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    tz: Annotated[int, Field(ge=-720, le=840), NUMBER] | None = None
    lang: Annotated[str, StringConstraints(pattern=r"^(id|en)$")] | None = None
    uplink: Annotated[str, StringConstraints(pattern=r"^(fibre|wireless|)$")] | None = None
    services: Annotated[list[Service], Field(min_length=1, max_length=8)] | None = None
    counters: Annotated[list[Counter], Field(max_length=16)] | None = None
    share: Annotated[int, Field(ge=2, le=100), NUMBER] | None = None
    paper: Annotated[int, Field(ge=0, le=1), NUMBER] | None = None
    hours: Hours | None = None
    holidays: Holidays | None = None
    hall_url: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s<>\"']{1,180})?$")] | None = None


class PositionCreate(Strict):
    """A place for a device."""

    site: Id
    id: Id
    role: Annotated[str, StringConstraints(pattern=r"^(kiosk|display|counter|sensor)$")]
    name: Name
    counter: Annotated[str, StringConstraints(pattern=r"^([a-z0-9-]{1,32})?$")] = ""
    leads: StrictBool = False
    band: tuple[Number, Number] | None = None

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.band and self.band[0] > self.band[1]:
            raise ValueError("a band goes from low to high")
        if self.band and not self.leads:
            raise ValueError("only a position that leads has a band")
        return self


class PositionPublic(BaseModel):
    """A place for a device, as it is."""

    site: str
    id: str
    role: str
    name: str
    counter: str
    leads: bool
    band: tuple[int, int] | None


class ClaimPublic(BaseModel):
    """A claim that waits for its device. Times are Unix ms."""

    device: str
    generation: int
    site: str
    position: str
    role: str
    who: str
    at: int
    expires: int


class DevicePublic(BaseModel):
    """A device as it is.

    `status`: in_use, spare (trusted, stands nowhere), out_of_use, claimed (not seen yet). `generation`: of the secret
    in use; `next`: of the one to which it is being changed, 0 for none. `pending`: a claim that waits for it.
    `desired`: the hash of what it should be configured to. `state`: its last word.
    """

    id: str
    site: str
    position: str
    role: str
    status: str
    generation: int
    next: int
    pending: ClaimPublic | None
    online: bool
    fw: str
    config: str
    desired: str
    seen: int
    state: dict[str, object]
    tags: list[str]


class EventPublic(BaseModel):
    """One stored event."""

    site: str
    pos: int
    position: str
    device: str
    log: str
    seq: int
    boot: int
    t: int
    q: int
    up: int
    at: int
    kind: str
    data: dict[str, object]


class EventsPublic(BaseModel):
    """A page of events; `next` is the `after` of the next one."""

    events: list[EventPublic]
    next: int


class AlarmPublic(BaseModel):
    """Something that a person should look at."""

    id: int
    site: str
    device: str
    kind: str
    detail: str
    since: int

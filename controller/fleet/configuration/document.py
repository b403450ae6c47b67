"""The configuration document as a device checks it (contract, section 3; firmware/core/flash/document.py).

Both say yes or no to the same documents. What people may write is narrower still: see `schemas`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StrictInt, StrictStr, ValidationError, model_validator

from protocol.canonical import encode
from protocol.errors import BadMessage

LONGEST = 3072  # bytes
TUNABLES = ("brightness", "volume", "shown")  # of displays; what no layer names is as the parts were made

Json = dict[str, object]


class _Site(BaseModel):
    id: StrictStr
    name: StrictStr
    tz: Annotated[StrictInt, Field(ge=-720, le=840)]


class _Position(BaseModel):
    id: StrictStr
    role: StrictStr
    counter: StrictStr


class _Service(BaseModel):
    id: StrictStr
    letter: StrictStr
    name: StrictStr
    need: StrictStr = ""
    mins: Annotated[StrictInt, Field(ge=0, le=1440)] = 0


class _Counter(BaseModel):
    id: StrictStr
    name: StrictStr
    services: Annotated[list[StrictStr], Field(max_length=8)]


Number = Annotated[StrictInt, Field(ge=1, le=9999)]


class Document(BaseModel):
    """A configuration. What it does not know it lets pass, as a device does: later versions only add."""

    v: Annotated[StrictInt, Field(ge=1, le=1)]
    site: _Site
    position: _Position
    lang: Literal["id", "en"]
    bands: dict[str, tuple[Number, Number]]
    share: Annotated[StrictInt, Field(ge=1, le=100)]
    services: Annotated[list[_Service], Field(min_length=1, max_length=8)]
    counters: Annotated[list[_Counter], Field(max_length=16)]
    paper: Annotated[StrictInt, Field(ge=0, le=1)] = 1
    brightness: Annotated[StrictInt, Field(ge=0, le=7)] = 7
    volume: Annotated[StrictInt, Field(ge=0, le=30)] = 26  # of 30: as the speaker is made
    shown: Annotated[StrictInt, Field(ge=1, le=30)] = 4  # seconds

    @model_validator(mode="after")
    def _rising(self) -> "Document":
        if any(low > high for low, high in self.bands.values()):
            raise ValueError("a band goes from low to high")
        return self


def wrong_with(doc: object) -> str:
    """Return why a device could not live with a document, "" where it can."""
    try:
        encode(doc, LONGEST)
    except BadMessage as error:
        return f"the configuration is {error}"
    try:
        Document.model_validate(doc)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg'].removeprefix('Value error, ')}"
    return ""

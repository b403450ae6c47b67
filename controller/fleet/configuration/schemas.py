"""Bodies of the configuration's HTTP API. A patch is a JSON merge patch: what it does not name comes from below."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator
from typing_extensions import TypedDict

from controller.accounts.service import PRINTED
from controller.fleet.configuration.layers import MISSING, Difference
from controller.fleet.schemas import NUMBER, Counter, Service, Strict, consistent

Json = dict[str, object]
CLOSED = ConfigDict(extra="forbid")
Lang = Literal["id", "en"]
Share = Annotated[int, Field(ge=2, le=100), NUMBER]
Paper = Annotated[int, Field(ge=0, le=1), NUMBER]
Brightness = Annotated[int, Field(ge=0, le=7), NUMBER]
Volume = Annotated[int, Field(ge=0, le=30), NUMBER]
Shown = Annotated[int, Field(ge=1, le=30), NUMBER]  # seconds
Services = Annotated[list[Service], Field(min_length=1, max_length=8)]
Counters = Annotated[list[Counter], Field(max_length=16)]
Note = Annotated[str, StringConstraints(pattern=rf"^({PRINTED}| )*$", max_length=200)]


class Values(Strict):
    """What may be configured, whole: the layers of a site come to this."""

    lang: Lang
    share: Share
    paper: Paper
    services: Services
    counters: Counters
    brightness: Brightness | None = None
    volume: Volume | None = None
    shown: Shown | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Values":
        consistent(self.services, self.counters)
        return self


class Patch(TypedDict, total=False):
    """A layer of a fleet, a kind of site or a site. `null`: as the parts are made, whatever layers below say."""

    __pydantic_config__ = CLOSED  # type: ignore[misc]  # where pydantic looks for it

    lang: Lang
    share: Share
    paper: Paper
    services: Services
    counters: Counters
    brightness: Brightness | None
    volume: Volume | None
    shown: Shown | None


class PositionPatch(TypedDict, total=False):
    """A layer of a position: what is the whole hall's (services, counters, share) is not its to change."""

    __pydantic_config__ = CLOSED  # type: ignore[misc]

    lang: Lang
    paper: Paper
    brightness: Brightness | None
    volume: Volume | None
    shown: Shown | None


PATCH: TypeAdapter[Patch] = TypeAdapter(Patch)
POSITION_PATCH: TypeAdapter[PositionPatch] = TypeAdapter(PositionPatch)


def wrong_values(values: Json) -> str:
    """Return what is wrong with what layers come to at a site, "" for nothing."""
    try:
        Values.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {first['msg']}" if where else first["msg"].removeprefix("Value error, ")
    return ""


class PatchBody(Strict):
    """A layer to be, and why."""

    patch: Patch
    note: Note = ""


class PositionPatchBody(Strict):
    """A position's layer to be, and why."""

    patch: PositionPatch
    note: Note = ""


class RestoreBody(Strict):
    """The revision whose patch is to be in force again, and why."""

    rev: Annotated[int, Field(ge=1, lt=1 << 53), NUMBER]
    note: Note = ""


class LayerPublic(Strict):
    """A layer as it is. `rev` 0: nobody has ever made it. `at`: Unix ms."""

    layer: str
    rev: int
    patch: Json
    who: str
    at: int


class RevisionPublic(LayerPublic):
    """A layer as it was made once."""

    note: str


class HistoryPublic(Strict):
    """Revisions of a layer, the newest first; `next`: the `before` of the next page, 0 for none."""

    revisions: list[RevisionPublic]
    next: int


class DifferencePublic(Strict):
    """A value that is another, by its JSON pointer; `null` where there was or is none."""

    path: str
    op: Literal["add", "remove", "replace"]
    before: object
    after: object

    @property
    def ends(self) -> tuple[object, object]:
        """What was and what is: MISSING where none was or is, None where that is what a layer says."""
        return MISSING if self.op == "add" else self.before, MISSING if self.op == "remove" else self.after

    @classmethod
    def of(cls, one: Difference) -> "DifferencePublic":
        """Return a difference as it is shown."""
        op: Literal["add", "remove", "replace"] = (
            "add" if one.before is MISSING else "remove" if one.after is MISSING else "replace"
        )
        before, after = (None if value is MISSING else value for value in one[1:])
        return cls(path=one.path, op=op, before=before, after=after)


class RefusedPublic(Strict):
    """A position whose configuration would be broken, and how; without one the site itself."""

    site: str
    position: str
    why: str


class AffectedPublic(Strict):
    """A position whose configuration would be another."""

    site: str
    position: str
    device: str
    online: bool


class ChangePublic(Strict):
    """One change, the same at `positions` places; the documents are those of the first of them."""

    differences: list[DifferencePublic]
    positions: int
    site: str
    position: str
    before: Json
    after: Json


class PreviewPublic(Strict):
    """What saving a layer would do. The lists are cut: the numbers are whole."""

    layer: str
    rev: int
    differences: list[DifferencePublic]
    sites: int
    positions: int
    devices: int
    online: int
    affected: list[AffectedPublic]
    changes: list[ChangePublic]
    refused: list[RefusedPublic]


State = Literal["pending", "delivered", "applied", "rejected", "overdue"]


class StandingPublic(Strict):
    """How a device stands to its configuration. Times are Unix ms; `deadline` 0: none. `drift`: it is there, overdue,
    and has another."""

    device: str
    site: str
    position: str
    online: bool
    state: State
    since: int
    deadline: int
    why: str
    drift: bool
    hash: str
    reported: str


class DeviceConfigurationPublic(StandingPublic):
    """A device's configuration: `origins` names for each value, by its JSON pointer, the layer that it comes from;
    "place" for what its site and position are."""

    rev: int
    document: Json
    origins: dict[str, str]


class StatesPublic(Strict):
    """How devices stand to their configurations: how many, and which; `next`: the `after` of the next page, or ""."""

    counts: dict[State, int]
    drift: int
    devices: list[StandingPublic]
    next: str

"""Bodies of the HTTP API of the inventory."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StrictBool, StringConstraints, model_validator

from controller.fleet.orders.schemas import CommandCreate
from controller.fleet.schemas import WORDS, Id, Strict
from controller.fleet.search import parse

MOST = 2500  # devices that one change may be for

Tag = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
Filter = Annotated[str, StringConstraints(max_length=parse.LONGEST)]
Sort = Annotated[str, StringConstraints(pattern=r"^[a-z,-]{0,100}$")]


class Tags(Strict):
    """The tags of a device."""

    tags: Annotated[list[Tag], Field(max_length=16)]


class TagUsed(BaseModel):
    """A tag, and how many of the devices that you may see have it."""

    tag: str
    devices: int


class ViewBase(Strict):
    """A list of devices. `columns`: names of those that a page shows; `shared`: others see it, filter and all."""

    name: Annotated[str, StringConstraints(pattern=rf"^{WORDS}$", max_length=48)]
    filter: Filter = ""
    sort: Sort = ""
    columns: list[Id] = Field([], max_length=30)
    shared: StrictBool = False


class ViewPublic(ViewBase):
    """A view as it is kept."""

    id: str
    owner: str


class SamplePublic(BaseModel):
    """The worst of ten minutes from `at` (Unix ms): `heap` bytes, `rssi` dBm, `backlog` events; null: nothing said."""

    at: int
    heap: int | None
    rssi: int | None
    backlog: int | None


class CommandAction(CommandCreate):
    """Give each device a command."""

    kind: Literal["command"]


class TagsAction(Strict):
    """Put tags on each device, take tags off it, or both."""

    kind: Literal["tags"]
    add: list[Tag] = Field([], max_length=16)
    remove: list[Tag] = Field([], max_length=16)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.add and not self.remove:
            raise ValueError("names no tag to add or to remove")
        if set(self.add) & set(self.remove):
            raise ValueError("a tag is to be added and removed")
        return self


Action = Annotated[CommandAction | TagsAction, Field(discriminator="kind")]


class PreviewCreate(Strict):
    """A change to many devices: to those named, or to all that fit a filter at this moment."""

    action: Action
    devices: Annotated[list[Id], Field(min_length=1, max_length=MOST)] | None = None
    filter: Filter | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.devices is None) == (self.filter is None):
            raise ValueError("name devices or give a filter, and not both")
        return self


class Target(BaseModel):
    """What a change will do to one device. `outcome`: does (now), waits (it is away: when it comes back in time), same
    (it is so already), refused (`reason` says why)."""

    device: str
    site: str = ""
    position: str = ""
    outcome: Literal["does", "waits", "same", "refused"]
    reason: str = ""


class PreviewPublic(BaseModel):
    """What a change will do. It is made by its `id` until `expires` (Unix ms), for these devices and no others."""

    id: str
    expires: int
    counts: dict[str, int]
    targets: list[Target]


class BulkCreate(Strict):
    """A change to many devices that was shown."""

    preview: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class BulkOf(BaseModel):
    """What became of one device. `id` is that of its command; `done`: whether the change is made, or on its way."""

    device: str
    done: bool
    id: str = ""
    reason: str = ""

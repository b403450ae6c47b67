"""Bodies of the HTTP API of orders."""

from typing import Annotated, Literal, Self

from fastapi import Path
from pydantic import BaseModel, Field, StringConstraints, model_validator

from controller.fleet.schemas import NUMBER, Id, Strict

A_WEEK_S = 604_800
MOST = 500  # devices that one request may name

CommandPath = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,40}$")]
Op = Literal[
    "identify",
    "reboot",
    "test_print",
    "test_display",
    "test_speaker",
    "log_level",
    "send_logs",
    "clear_wifi",
    "factory_reset",
]


class Args(Strict):
    """What an op needs besides its name: `level` of log_level (0 nothing to 3 all), `force` of factory_reset."""

    level: Annotated[int, Field(ge=0, le=3), NUMBER] | None = None
    force: Annotated[int, Field(ge=0, le=1), NUMBER] | None = None


class CommandCreate(Strict):
    """A command for a device, void after `expires_s` seconds."""

    op: Op
    args: Args = Args()
    expires_s: Annotated[int, Field(ge=5, le=A_WEEK_S), NUMBER] = 300

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if (self.args.level is not None) != (self.op == "log_level"):
            raise ValueError("level is for log_level, which needs it")
        if self.args.force is not None and self.op != "factory_reset":
            raise ValueError("force is for factory_reset")
        return self


class CommandsCreate(CommandCreate):
    """The same command for several devices."""

    devices: Annotated[list[Id], Field(min_length=1, max_length=MOST)]


class CommandMade(BaseModel):
    """A command that was taken in."""

    id: str
    state: str


class CommandOf(BaseModel):
    """What became of one device of several: without `id` it was given no command, and `reason` says why."""

    device: str
    id: str = ""
    state: str = ""
    reason: str = ""


class CommandPublic(BaseModel):
    """A command as it stands.

    `state`: pending (the device has not been there), sent, done, refused, failed, expired (it never went), unknown (it
    went and no answer came in time). `reason`: the device's. `sent`, `ended`: 0 for not yet. Times are Unix ms.
    """

    id: str
    device: str
    op: str
    args: dict[str, object]
    who: str
    at: int
    expires: int
    sent: int
    ended: int
    state: str
    reason: str


class DeviceLogPublic(BaseModel):
    """The last console lines of a device, and its last crash ("" for none), as a command asked for them."""

    command: str
    at: int
    log: str
    crash: str

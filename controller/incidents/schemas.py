"""Bodies of the incidents' HTTP API. Moments are Unix ms."""

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from controller.fleet.schemas import WORDS, Strict

Words = Annotated[str, StringConstraints(pattern=rf"^{WORDS}$", max_length=500)]


class CommentCreate(Strict):
    """What somebody has to say of an incident. Nothing of citizens belongs here."""

    text: Words


class Acknowledgement(Strict):
    """That somebody looks after an incident; `text` may say how."""

    text: Words | None = None


class EntryPublic(BaseModel):
    """One line of an incident's history. `what`: opened, acknowledged, comment, closed; `who` is "" for the
    controller."""

    id: int
    at: int
    who: str
    what: str
    text: str


class IncidentPublic(BaseModel):
    """Something that is wrong; open while `until` is 0. `device` is "" where it is the whole hall.

    `urgent`: people cannot be served, or soon will not be. `detail`: a device's code. `cause`: power or uplink, where a
    hall was out of reach and that can be told. `text`: what it is and what to do, in the language of the request.
    `acknowledged` is 0 while nobody, else `by`, looks after it.
    """

    id: int
    site: str
    device: str
    position: str
    kind: str
    urgent: bool
    text: str
    detail: str
    cause: str
    since: int
    until: int
    acknowledged: int
    by: str


class IncidentWhole(IncidentPublic):
    """An incident with its history."""

    history: list[EntryPublic]


class IncidentsPublic(BaseModel):
    """A page of incidents; `next` is the `after` of the next one."""

    incidents: list[IncidentPublic]
    next: int


class DeviceHealth(BaseModel):
    """A device as it was last known. `since`: when it came or went; `seen`: of its last word; `clock`, `heap` (bytes),
    `rssi` (dBm), `backlog` (events), `reset`, `code` as in a state; `paper`: ok, low, out, "" for unknown; `fault`: its
    codes; `crashes`: boots after a crash within the last hour."""

    device: str
    position: str
    online: bool
    since: int
    seen: int
    clock: int
    heap: int
    reset: str
    rssi: int
    backlog: int
    code: str
    paper: str
    fault: str
    crashes: int
    uplink: str


class DayAvailability(BaseModel):
    """For how long (s) a hall was seen open on a local day, and for how much of that a device was there."""

    day: str
    open: int
    online: int


class SiteHealth(BaseModel):
    """How a hall does. `online`: a device is there; `since`: since when it is (not)."""

    site: str
    uplink: str
    open: bool
    online: bool
    since: int
    devices: list[DeviceHealth]
    incidents: list[IncidentPublic]
    availability: list[DayAvailability]

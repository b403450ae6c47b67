"""HTTP of commands to devices: identify, tests, logs, restarts, and what became of them."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Header
from sqlmodel import Session

from controller.accounts.deps import Technician
from controller.accounts.service import Who
from controller.fleet.orders import book
from controller.fleet.orders.book import Asked
from controller.fleet.orders.models import Command
from controller.fleet.orders.schemas import (
    CommandCreate,
    CommandMade,
    CommandOf,
    CommandPath,
    CommandPublic,
    CommandsCreate,
    DeviceLogPublic,
)
from controller.fleet.schemas import DevicePath
from controller.fleet.service import FleetError
from controller.ingest.alarms import now_ms
from controller.parts import PartsDep
from controller.web.problems import Problem

router = APIRouter()

Key = Annotated[str | None, Header(alias="Idempotency-Key", pattern=r"^[A-Za-z0-9._:-]{1,40}$")]


@router.post("/devices/commands", status_code=202)
def command_all(body: CommandsCreate, who: Technician, parts: PartsDep, key: Key = None) -> list[CommandOf]:
    """Give several devices the same command. Each is looked at by itself: what one cannot have, the others get."""
    asked = _asked(body, key)

    def fn(session: Session) -> list[CommandOf]:
        made = []
        for device in dict.fromkeys(body.devices):
            try:
                found = book.add_theirs(session, who, device, asked)
            except FleetError as error:
                made.append(CommandOf(device=device, reason=str(error)))
            else:
                made.append(CommandOf(device=device, id=found.id, state=book.state_of(found, now_ms())))
        return made

    made = parts.db.write(fn)
    parts.link.changed(one.device for one in made if one.id)
    return made


@router.post("/devices/{device}/commands", status_code=202)
def command(device: DevicePath, body: CommandCreate, who: Technician, parts: PartsDep, key: Key = None) -> CommandMade:
    """Give a device a command; it goes at once where the device is there, else at its next birth in time. The same key
    gives the same command, however often it is asked."""

    def fn(session: Session) -> CommandMade:
        found = book.add_theirs(session, who, device, _asked(body, key))
        return CommandMade(id=found.id, state=book.state_of(found, now_ms()))

    made = parts.db.write(fn)
    parts.link.changed([device])
    return made


@router.get("/devices/{device}/commands")
def commands(device: DevicePath, who: Technician, parts: PartsDep) -> list[CommandPublic]:
    """Return the commands of a device, the newest first."""
    with parts.db.read() as session:
        _must_be_theirs(session, who, device)
        return [_shown(one) for one in book.commands(session, device)]


@router.get("/devices/{device}/commands/{command}")
def one_command(device: DevicePath, command: CommandPath, who: Technician, parts: PartsDep) -> CommandPublic:
    """Return what became of a command."""
    with parts.db.read() as session:
        _must_be_theirs(session, who, device)
        found = session.get(Command, command)
        if found is None or found.device != device:
            raise Problem(404, "There is no such command")
        return _shown(found)


@router.get("/devices/{device}/logs")
def logs(device: DevicePath, who: Technician, parts: PartsDep) -> list[DeviceLogPublic]:
    """Return what a device has sent of its console by the command send_logs, the newest first."""
    with parts.db.read() as session:
        _must_be_theirs(session, who, device)
        return [DeviceLogPublic.model_validate(one.model_dump()) for one in book.logs(session, device)]


def _asked(body: CommandCreate, key: str | None) -> Asked:
    args: dict[str, object] = body.args.model_dump(exclude_none=True)
    return Asked(body.op, args, body.expires_s, key or secrets.token_hex(16))


def _shown(found: Command) -> CommandPublic:
    return CommandPublic.model_validate({**found.model_dump(), "state": book.state_of(found, now_ms())})


def _must_be_theirs(session: Session, who: Who, device: str) -> None:
    if not book.is_theirs(session, who, device):
        raise Problem(404, "There is no such device")

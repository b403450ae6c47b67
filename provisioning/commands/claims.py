"""`balai device claims` and `balai device cancel`: claims that wait for their device."""

import time
from typing import Annotated

import typer

from provisioning.claims import Claims, kept
from provisioning.commands.options import WORK, Address, Authority, Claimed, Plain, TokenFile, controller_at, ending
from provisioning.errors import UsageError
from provisioning.identity import DEVICE


@ending
def claims(work: Claimed = WORK) -> None:
    """Show the claims that this computer keeps until their device was seen. Their secrets are not shown."""
    for one in kept(work):
        hours = (time.time() - one.taken) / 3600
        typer.echo(f"{one.device}  {one.place}  {one.controller}  {hours:.1f} h old")


@ending
def cancel(
    device: Annotated[str, typer.Argument(help="the device's MAC, 12 hex digits")],
    controller: Address = "",
    token_file: TokenFile = None,
    ca: Authority = None,
    plain_http: Plain = False,
    work: Claimed = WORK,
) -> None:
    """Take back a claim that was not used, and forget it here."""
    device = mac(device)
    with controller_at(controller, token_file, ca, plain_http) as there:
        Claims(there, work).cancel(device)
    typer.echo(f"{device} has no claim any more")


def mac(text: str) -> str:
    """Return a MAC as a device's id. Raises UsageError."""
    found = text.lower().replace(":", "").replace("-", "")
    if not DEVICE.fullmatch(found):
        raise UsageError(f"{text} is no MAC: write its 12 hex digits")
    return found

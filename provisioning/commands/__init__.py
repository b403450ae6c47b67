"""`balai device`: what a technician does with boards."""

import typer

from provisioning.commands.claims import cancel, claims
from provisioning.commands.flash import flash
from provisioning.commands.image import image
from provisioning.commands.look import boards, ports
from provisioning.commands.trace import trace

app = typer.Typer(
    help="Boards: build an image, flash it, give it an identity.", no_args_is_help=True, add_completion=False
)
for command in (image, flash, boards, ports, claims, cancel, trace):
    app.command(command.__name__)(command)

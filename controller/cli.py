"""`balai`: one command for the controller, the technician's tools and the benches.

Sub-commands come from the entry-point group `balai.commands`; a package registers its own there. Each is loaded when it
is asked for, so that a technician's laptop needs only the technician's part.
"""

import sys
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated, Any

import typer
from typer import Context
from typer.core import TyperGroup

GROUP = "balai.commands"
EXTRAS = {"controller": "controller", "provisioning": "provisioning", "hil": "dev"}  # by the package of a command


def commands() -> dict[str, EntryPoint]:
    """Return the registered sub-commands by name."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)}


class Lazy(TyperGroup):
    """A group whose commands are loaded from entry points when they are needed."""

    def list_commands(self, ctx: Context) -> list[str]:  # type: ignore[override]
        """Return the names of all commands."""
        return list(commands())

    def get_command(self, ctx: Context, cmd_name: str) -> Any:  # type: ignore[override]
        """Return one command, or one that says which extra it needs; None where there is none of that name."""
        entry = commands().get(cmd_name)
        if entry is None:
            return None
        if cmd_name not in self.commands:
            self.commands[cmd_name] = load(entry)
        return self.commands[cmd_name]


def load(entry: EntryPoint) -> Any:
    """Return the command that an entry point names: a Typer, or a function of one.

    Where a library is missing the command is there, and says how to get it.
    """
    try:
        found = entry.load()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in EXTRAS:
            raise
        found = _missing(entry, error.name or "a library")
    if not isinstance(found, typer.Typer):
        one = typer.Typer(add_completion=False)
        one.command(entry.name)(found)
        found = one
    command = typer.main.get_command(found)
    command.name = entry.name
    return command


def _missing(entry: EntryPoint, library: str) -> Any:
    extra = EXTRAS.get(entry.module.partition(".")[0], "controller")

    def command(_rest: Annotated[list[str] | None, typer.Argument(hidden=True)] = None) -> None:
        typer.echo(f"balai: `{entry.name}` needs {library}: pip install 'balai[{extra}]'", err=True)
        raise typer.Exit(1)

    command.__doc__ = f"(needs the extra [{extra}])"
    one = typer.Typer(add_completion=False)
    one.command(entry.name, context_settings={"ignore_unknown_options": True})(command)
    return one


app = typer.Typer(cls=Lazy, name="balai", no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False)


@app.callback()
def root(
    _version: Annotated[bool, typer.Option("--version", is_eager=True, callback=lambda yes: _say(yes))] = False,
) -> None:
    """Queues, displays and keypads of public service halls, and the controller that runs them."""


def _say(yes: bool) -> None:
    if yes:
        typer.echo(f"balai {version('balai')}")
        raise typer.Exit


def main() -> None:
    """Run `balai`; what stops it is one line."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)

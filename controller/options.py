"""Settings as options of a command."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Concatenate, ParamSpec

import typer
from pydantic import SecretStr

from controller.settings import Settings
from controller.sources import CONFIG, Loaded, WrongSetting, load

P = ParamSpec("P")
HIDDEN = (
    "broker_password",
    "smtp_password",
    "webhook_secret",
)  # an option can be read by everybody in the list of processes


class Stop(Exception):
    """A command cannot go on; the text, one line, says why and what to do."""


def with_settings(*names: str) -> Callable[[Callable[Concatenate[Loaded, P], None]], Callable[P, None]]:
    """Give a command the options of the settings called `names` (of all, where none is named) and call it with what is
    in force. A wrong setting, or a Stop, ends it with one line and the exit code 2 or 1."""
    chosen = [name for name in (names or Settings.model_fields) if name not in HIDDEN]

    def decorate(command: Callable[Concatenate[Loaded, P], None]) -> Callable[P, None]:
        @wraps(command)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            given = {name: kwargs.pop(name) for name in chosen}
            config = kwargs.pop("config")
            assert config is None or isinstance(config, Path)
            try:
                command(load(given, config), *args, **kwargs)
            except WrongSetting as error:
                typer.echo(f"balai: {error}", err=True)
                raise typer.Exit(2) from None
            except Stop as error:
                typer.echo(f"balai: {error}", err=True)
                raise typer.Exit(1) from None

        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
        options = [_option(name) for name in chosen]
        config = inspect.Parameter(
            "config",
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[Path | None, typer.Option(help="TOML file of settings", envvar=CONFIG)],
        )
        own = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
        run.__signature__ = inspect.Signature([*own, config, *options])  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in (*own, config, *options)}
        return run

    return decorate


def _option(name: str) -> inspect.Parameter:
    field = Settings.model_fields[name]
    default = "" if field.default is None or isinstance(field.default, SecretStr) else field.default
    shown = str(default).lower() if isinstance(default, bool) else str(default) if default != () else ""
    option = typer.Option(
        help=(field.description or "") + (f" [{shown}]" if shown else ""), show_default=False, show_envvar=False
    )
    kind = bool if field.annotation is bool else str
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
    )

"""Where settings come from, and what to say when one is wrong."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, TomlConfigSettingsSource

from controller.settings import Settings

PREFIX = "BALAI_"
CONFIG = "BALAI_CONFIG"  # names the TOML file
OTHERS = (CONFIG, "BALAI_TOKEN")  # not settings: the second is a technician's, for `balai device`
CONFIG_FILE = Path("balai.toml")  # read from the working folder where none is named
MASK = "********"


class WrongSetting(Exception):
    """A setting cannot be used; the text, one line, names it and what is allowed."""


@dataclass(frozen=True)
class Loaded:
    """The settings in force, and where each came from."""

    settings: Settings
    origins: Mapping[str, str]

    def shown(self) -> list[tuple[str, str, str, str]]:
        """Return name, value (secrets masked), origin and meaning of every setting."""
        return [
            (name, shown(getattr(self.settings, name)), self.origins[name], field.description or "")
            for name, field in Settings.model_fields.items()
        ]


def load(options: Mapping[str, object] | None = None, config: Path | None = None) -> Loaded:
    """Read the settings from `options`, the environment, the TOML file `config`, and defaults, in this order.

    Raises WrongSetting where one is unknown or not allowed.
    """
    named = config or (Path(os.environ[CONFIG]) if os.environ.get(CONFIG) else None)
    if named is not None and not named.is_file():
        raise WrongSetting(f"setting config: {named} cannot be read; allowed: the path of a TOML file")
    file = named or CONFIG_FILE
    given = {name: value for name, value in (options or {}).items() if value not in (None, (), [])}
    environment = EnvSettingsSource(Settings)()
    try:
        written = TomlConfigSettingsSource(Settings, file)()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise WrongSetting(f"setting config: {file} is no TOML file: {error}") from None
    _refuse_unknown(written, file)
    origins = {
        name: f"option --{name.replace('_', '-')}"
        if name in given
        else f"environment {PREFIX}{name.upper()}"
        if name in environment
        else f"file {file}"
        if name in written
        else "default"
        for name in Settings.model_fields
    }

    class Sourced(Settings):
        """The settings with the sources of this call."""

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)

    try:
        return Loaded(Sourced(**given), origins)  # type: ignore[arg-type]
    except ValidationError as error:
        raise WrongSetting(_line(error, given, environment, written, origins)) from None


def shown(value: object) -> str:
    """Return a setting's value as people may see it."""
    if isinstance(value, SecretStr):
        return _without_password(value.get_secret_value())
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _without_password(secret: str) -> str:
    """Return an address without its password, and nothing of any other secret."""
    try:
        parts = urlsplit(secret)
        if not parts.scheme or not (parts.hostname or parts.scheme == "sqlite"):
            return MASK
        if parts.scheme in ("http", "https") and parts.path.strip("/"):
            parts = parts._replace(path=f"/{MASK}")  # whoever knows the path of a webhook may post to it
        if "@" not in parts.netloc:
            return parts._replace(query="").geturl()
        user = (parts.username or "") + (f":{MASK}" if parts.password else "")
        return parts._replace(netloc=f"{user}@{parts.netloc.rpartition('@')[2]}", query="").geturl()
    except ValueError:
        return MASK


def _refuse_unknown(written: Mapping[str, object], file: Path) -> None:
    known = list(Settings.model_fields)
    for name in written:
        if name not in known:
            raise WrongSetting(f"setting {name} (file {file}): there is none of that name{_near(name, known)}")
    for variable in os.environ:
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and variable not in OTHERS and name not in known:
            raise WrongSetting(f"setting {variable} (environment): there is none of that name{_near(name, known)}")


def _near(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"; did you mean {near[0]}?" if near else "; `balai settings` lists them all"


def _line(
    error: ValidationError,
    given: Mapping[str, object],
    environment: Mapping[str, object],
    written: Mapping[str, object],
    origins: Mapping[str, str],
) -> str:
    """Return one line about the first thing that is wrong."""
    first = error.errors(include_url=False, include_context=False)[0]
    why = first["msg"].removeprefix("Value error, ")
    name = str(first["loc"][0]) if first["loc"] else why.partition(":")[0]
    field = Settings.model_fields[name]
    value = {**written, **environment, **given}.get(name)
    secret = "Secret" in str(field.annotation)
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    if not first["loc"]:
        said = why.partition(": ")[2]
    else:
        said = "this value" if value is None or secret else repr(" ".join(str(value).split())[:80])
        said += " is not allowed" + (f" ({why})" if first["type"] == "value_error" else "")
    return f"setting {name} ({origins[name]}): {said}; allowed: {extra['allowed']}"

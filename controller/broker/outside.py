"""What a Mosquitto elsewhere starts from: its configuration, the accounts, its certificate by the fleet's CA."""

import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from controller.broker import configuration
from controller.broker.certificates import Authority
from controller.broker.configuration import CONNECTIONS, Listener
from controller.broker.security import CONTROLLER, KEEPER, Account, Program, document
from controller.folder import Folder, write_secret
from controller.settings import Settings

SETTINGS = "controller.env"  # what the controller has to be told of it
USERNAME = "balai"
PASSWORD = "BALAI_BROKER_PASSWORD="  # noqa: S105 - the name of a setting


class Place(NamedTuple):
    """Where the broker will be: its folder, where it listens ("" for every address), its plugin, the account it is."""

    folder: Path
    host: str
    port: int
    plugin: Path
    user: str


def write(settings: Settings, folder: Folder, accounts: Iterable[Account], out: Path, place: Place) -> None:
    """Write everything to the folder `out`. Written again it keeps our password, and the certificate while it lasts.

    Raises OSError.
    """
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    (out / "data").mkdir(mode=0o700, exist_ok=True)
    password = _password(settings, out / SETTINGS)
    authority = Authority(folder)
    authority.server(out / "server.crt", out / "server.key", settings.broker_names)
    program = Program(USERNAME, password, (CONTROLLER, KEEPER))
    listener = Listener(place.host, place.port, place.folder / "server.crt", place.folder / "server.key", CONNECTIONS)
    told = [
        f"BALAI_BROKER_URL=mqtts://{settings.broker_names[0]}:{place.port}",
        f"BALAI_BROKER_NAMES={','.join(settings.broker_names)}",
        f"BALAI_BROKER_USERNAME={USERNAME}",
        f"{PASSWORD}{password}",
        f"BALAI_BROKER_CA={(out / 'ca.crt').absolute()}",
    ]
    for name, content in (
        ("ca.crt", authority.pem),
        ("dynamic-security.json", json.dumps(document(accounts, [program]))),
        ("mosquitto.conf", configuration.outside(place.user, place.plugin, place.folder, listener)),
        (SETTINGS, "\n".join(told) + "\n"),
    ):
        write_secret(out / name, content.encode())


def _password(settings: Settings, kept: Path) -> str:
    if settings.broker_password is not None:
        return settings.broker_password.get_secret_value()
    if kept.exists():
        for line in kept.read_text().splitlines():
            if line.startswith(PASSWORD):
                return line.removeprefix(PASSWORD)
    return secrets.token_urlsafe(24)

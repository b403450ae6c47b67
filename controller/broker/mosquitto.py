"""A Mosquitto of our own: where it is, how it is set up, what it is started with."""

import json
import os
import pwd
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from controller import debian
from controller.broker.certificates import Authority, own_names
from controller.broker.security import CONTROLLER, KEEPER, Account, document
from controller.folder import Folder, write_secret
from controller.settings import ANYWHERE, Settings

# What waits for one slow client. Above it Mosquitto drops silently; devices keep what is not acknowledged and send it
# again.
QUEUED = 50_000
QUEUED_BYTES = 128 << 20
LARGEST = 65536  # bytes of a message; those over 4 KB are refused by ingest, where they are counted


@dataclass(frozen=True)
class Credentials:
    """Our own accounts at our own broker, made at random once."""

    controller: str = field(repr=False)
    keeper: str = field(repr=False)

    @classmethod
    def of(cls, folder: Folder) -> "Credentials":
        """Return those in the data folder, making them where there are none."""
        path = folder.broker / "credentials.json"
        if not path.exists():
            made = {CONTROLLER: secrets.token_urlsafe(24), KEEPER: secrets.token_urlsafe(24)}
            write_secret(path, json.dumps(made).encode())
        found = json.loads(path.read_bytes())
        return cls(found[CONTROLLER], found[KEEPER])


class Mosquitto:
    """Our own broker's files below the data folder, and its command."""

    def __init__(self, settings: Settings, folder: Folder) -> None:
        self._settings = settings
        self._folder = folder
        self.configuration = folder.broker / "mosquitto.conf"
        self.accounts = folder.broker / "dynamic-security.json"
        self.certificate = folder.broker / "server.crt"
        self.key = folder.broker / "server.key"

    def prepare(self) -> list[str]:
        """Write the configuration and, for TLS, the certificates; return the command that starts the broker.

        Raises debian.DebianError where there is no Mosquitto to be had.
        """
        program = debian.ensure("mosquitto")
        if self._settings.broker_tls:
            listens = [self._settings.broker_tls_host, self._settings.broker_host]
            names = [*self._settings.broker_names, *(host for host in listens if host not in ANYWHERE), *own_names()]
            Authority(self._folder).server(self.certificate, self.key, names)
        write_secret(self.configuration, self.text(debian.plugin(program)).encode())
        return [str(program), "-c", str(self.configuration.absolute())]

    def write_accounts(self, accounts: Iterable[Account]) -> None:
        """Write all accounts, before the broker starts: one by one over the wire would take a fleet half a minute."""
        own = Credentials.of(self._folder)
        write_secret(self.accounts, json.dumps(document(accounts, own.controller, own.keeper)).encode())

    def text(self, plugin: Path) -> str:
        """Return the configuration. Nothing is kept on disk: retained messages are published again by those who own
        them, and what devices have not heard to be committed they send again."""
        own = self._settings
        lines = [
            f"user {pwd.getpwuid(os.geteuid()).pw_name}",
            "per_listener_settings false",
            "allow_anonymous false",
            f"plugin {plugin.absolute()}",
            f"plugin_opt_config_file {self.accounts.absolute()}",
            "persistence false",
            "sys_interval 0",
            "set_tcp_nodelay true",
            f"max_queued_messages {QUEUED}",
            f"max_queued_bytes {QUEUED_BYTES}",
            f"message_size_limit {LARGEST}",
            "max_inflight_messages 0",
            "connection_messages true",
            "log_timestamp false",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            "log_type notice",
            f"listener {own.broker_port} {own.broker_host}",
        ]
        if own.broker_tls:
            lines += [
                f"listener {own.broker_tls_port} {own.broker_tls_host}",
                f"certfile {self.certificate.absolute()}",
                f"keyfile {self.key.absolute()}",
                "tls_version tlsv1.2",
            ]
        return "\n".join(lines) + "\n"

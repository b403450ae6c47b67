"""A Mosquitto of our own: where it is, how it is set up, what it is started with."""

import json
import os
import pwd
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from controller import debian
from controller.broker import configuration
from controller.broker.certificates import Authority, own_names
from controller.broker.configuration import Listener
from controller.broker.security import CONTROLLER, DEVICE, KEEPER, Account, Program, document
from controller.folder import Folder, write_secret
from controller.settings import ANYWHERE, Settings


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
        self.certify()
        user = pwd.getpwuid(os.geteuid()).pw_name
        text = configuration.own(
            user, debian.plugin(program).absolute(), self.accounts.absolute(), list(self._listeners())
        )
        write_secret(self.configuration, text.encode())
        return [str(program), "-c", str(self.configuration.absolute())]

    def certify(self) -> bool:
        """Have the right certificate in place; return whether a new one was made, which a running broker reads at
        SIGHUP."""
        own = self._settings
        if not own.broker_tls:
            return False
        listens = [own.broker_tls_host, own.broker_host]
        names = [*own.broker_names, *(host for host in listens if host not in ANYWHERE), *own_names()]
        return Authority(self._folder).server(self.certificate, self.key, names)

    @property
    def address(self) -> tuple[str, int]:
        """Where the broker that runs listens without TLS: the host and the port that it was given at its start."""
        lines = self.configuration.read_text().splitlines()
        port, _, host = next(line for line in lines if line.startswith("listener ")).split(" ", 1)[1].partition(" ")
        return host, int(port)

    def usernames(self) -> set[str]:
        """Return the devices' accounts in the file from which the broker starts; none where it cannot be read."""
        try:
            found = json.loads(self.accounts.read_bytes())["clients"]
            return {str(one["username"]) for one in found if DEVICE.fullmatch(str(one["username"]))}
        except (OSError, ValueError, KeyError, TypeError):
            return set()

    def write_accounts(self, accounts: Iterable[Account]) -> None:
        """Write all accounts, before the broker starts: one by one over the wire would take a fleet half a minute."""
        own = Credentials.of(self._folder)
        programs = [
            Program(CONTROLLER, own.controller, (CONTROLLER,)),
            Program(KEEPER, own.keeper, (KEEPER,)),
        ]
        write_secret(self.accounts, json.dumps(document(accounts, programs)).encode())

    def _listeners(self) -> Iterable[Listener]:
        own = self._settings
        yield Listener(own.broker_host, own.broker_port)
        if own.broker_tls:
            most = configuration.CONNECTIONS
            yield Listener(
                own.broker_tls_host, own.broker_tls_port, self.certificate.absolute(), self.key.absolute(), most
            )

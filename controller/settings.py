"""The controller's settings: what can be set, what is allowed, what it is when nobody sets it.

An option of the command line goes before the environment (`BALAI_*`), that before a TOML file, that before the
default. `controller.sources` reads them and says which came from where.
"""

import socket
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic.config import JsonDict
from pydantic_settings import BaseSettings, SettingsConfigDict

from controller.notification import Notification, Words
from controller.release_key import modulus_of

SHORTEST_PASSWORD = 8
WORN = frozenset(
    {"12345678", "123456789", "1234567890", "administrator", "changeme", "change-me", "mosquitto", "password"}
    | {"password123", "passw0rd", "postgres", "qwertyuiop", "rahasia123", "iloveyou", "letmein1", "adminadmin"}
)
ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - addresses to listen at, compared only


class BrokerAddress(NamedTuple):
    """Where devices reach the broker."""

    host: str
    port: int
    tls: bool


Port = Annotated[int, Field(ge=0, le=65535)]
PORT: JsonDict = {"allowed": "a number from 0 to 65535; 0 takes a free one"}
HOST: JsonDict = {"allowed": "a name or an address of this machine"}
FILE: JsonDict = {"allowed": "the path of a file that can be read"}
YES_NO: JsonDict = {"allowed": "true or false"}
WORDS: JsonDict = {"allowed": "names or addresses with commas between"}
PASSWORD: JsonDict = {"allowed": f"at least {SHORTEST_PASSWORD} characters, not a default that everybody knows"}


class Basics(BaseSettings):
    """What can be set of the controller itself, its broker and its devices."""

    model_config = SettingsConfigDict(
        env_prefix="BALAI_", extra="forbid", frozen=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    data: Path = Field(
        Path("data"),
        description="folder of everything that the controller keeps",
        json_schema_extra={"allowed": "the path of a folder"},
    )
    host: str = Field("127.0.0.1", min_length=1, description="where HTTP listens", json_schema_extra=HOST)
    port: Port = Field(8000, description="port of HTTP", json_schema_extra=PORT)
    tls_cert: Path | None = Field(
        None, description="certificate chain for HTTPS, PEM; needs tls_key", json_schema_extra=FILE
    )
    tls_key: Path | None = Field(None, description="private key of tls_cert, PEM", json_schema_extra=FILE)
    proxies: Words = Field(
        (), description="reverse proxies whose X-Forwarded headers are believed", json_schema_extra=WORDS
    )
    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL instead of the SQLite file in the data folder",
        json_schema_extra={"allowed": "postgresql://user:password@host/name or sqlite:///path"},
    )
    broker_url: SecretStr | None = Field(
        None,
        description="an outside MQTT broker instead of a Mosquitto of our own",
        json_schema_extra={"allowed": "mqtt://[user:password@]host[:port], or mqtts:// for TLS"},
    )
    broker_username: str = Field(
        "", description="our username at the outside broker", json_schema_extra={"allowed": "a name"}
    )
    broker_password: SecretStr | None = Field(
        None, description="our password at the outside broker", json_schema_extra=PASSWORD
    )
    broker_ca: Path | None = Field(
        None, description="CA certificate of the outside broker, PEM; by default the system's", json_schema_extra=FILE
    )
    broker_dynsec: bool = Field(
        True,
        description="the outside broker has the dynamic security plugin and lets us keep the devices' accounts",
        json_schema_extra=YES_NO,
    )
    broker_share: str = Field(
        "",
        pattern=r"^[a-z0-9-]{0,32}$",
        description="shared subscription for events, where several controllers divide them",
        json_schema_extra={"allowed": "up to 32 of a-z, 0-9 and -"},
    )
    broker_host: str = Field(
        "127.0.0.1", min_length=1, description="where our own broker listens without TLS", json_schema_extra=HOST
    )
    broker_port: Port = Field(1883, description="port of our own broker without TLS", json_schema_extra=PORT)
    broker_tls: bool = Field(
        False, description="our own broker listens with TLS too, by the fleet's own CA", json_schema_extra=YES_NO
    )
    broker_tls_host: str = Field(
        "0.0.0.0",  # noqa: S104 - halls are elsewhere
        min_length=1,
        description="where our own broker listens with TLS",
        json_schema_extra=HOST,
    )
    broker_tls_port: Port = Field(8883, description="port of our own broker with TLS", json_schema_extra=PORT)
    broker_names: Words = Field(
        (),
        description="names and addresses under which devices reach the broker; by default where it listens",
        json_schema_extra=WORDS,
    )
    public_url: str = Field(
        "",
        pattern=r"^(https?://[A-Za-z0-9.:\[\]_-]{1,120})?$",
        description="where people reach the controller, for links on labels; by default as whoever asks reaches it",
        json_schema_extra={"allowed": "https://host[:port], without a path"},
    )
    claim_hours: int = Field(
        24,
        ge=1,
        le=720,
        description="hours within which a claimed device has to be seen",
        json_schema_extra={"allowed": "a number from 1 to 720"},
    )
    configuration_seconds: int = Field(
        60,
        ge=1,
        le=3600,
        description="seconds within which a device that is there has to take its configuration",
        json_schema_extra={"allowed": "a number from 1 to 3600"},
    )
    configuration_days: int = Field(
        7,
        ge=1,
        le=90,
        description="days on which its hall opens, within which a device that is away has to take its configuration",
        json_schema_extra={"allowed": "a number from 1 to 90"},
    )
    hotspot_ssid: str = Field(
        "",
        description="name of the technicians' phone hotspot, which every device knows beside its hall's Wi-Fi",
        json_schema_extra={"allowed": "a name of 1 to 32 bytes"},
    )
    hotspot_password: SecretStr | None = Field(
        None,
        description="password of the technicians' hotspot",
        json_schema_extra={"allowed": "8 to 63 characters; none for an open network"},
    )
    release_key: Path | None = Field(
        None,
        description="public key that signs releases, PEM; devices are given it when they are claimed",
        json_schema_extra={"allowed": "the path of a PEM file with an RSA key of 3072 bits"},
    )
    history_days: int = Field(
        14,
        ge=1,
        le=366,
        description="days for which the devices' figures are kept for charts",
        json_schema_extra={"allowed": "a number from 1 to 366"},
    )
    drain_rate: int = Field(
        200,
        ge=0,
        le=100_000,
        description="events a second that a device may send when it has been away; 0: no limit",
        json_schema_extra={"allowed": "a number from 0 to 100000"},
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="the least that is logged", json_schema_extra={"allowed": "debug, info, warning or error"}
    )
    log_format: Literal["auto", "console", "json"] = Field(
        "auto",
        description="auto: console on a terminal, otherwise one JSON object a line",
        json_schema_extra={"allowed": "auto, console or json"},
    )

    @field_validator("tls_cert", "tls_key", "broker_ca")
    @classmethod
    def _readable(cls, path: Path | None) -> Path | None:
        if path is not None:
            try:
                path.open("rb").close()
            except OSError as error:
                raise ValueError(error.strerror or "cannot be read") from error
        return path

    @field_validator("release_key")
    @classmethod
    def _signs(cls, path: Path | None) -> Path | None:
        if path is not None:
            modulus_of(path)
        return path

    @field_validator("broker_password")
    @classmethod
    def _not_worn(cls, password: SecretStr | None) -> SecretStr | None:
        if password is not None:
            _refuse_worn(password.get_secret_value())
        return password

    @field_validator("hotspot_ssid")
    @classmethod
    def _ssid(cls, name: str) -> str:
        if len(name.encode()) > 32:
            raise ValueError("too long")
        return name

    @field_validator("hotspot_password")
    @classmethod
    def _passphrase(cls, password: SecretStr | None) -> SecretStr | None:
        if password is not None and not 8 <= len(password.get_secret_value().encode()) <= 63:
            raise ValueError("not of 8 to 63 characters")
        return password

    @field_validator("database_url", "broker_url")
    @classmethod
    def _address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        parts = urlsplit(url.get_secret_value())
        try:
            _ = parts.port
        except ValueError as error:
            raise ValueError("no such port") from error
        if parts.scheme == "sqlite":
            if not parts.path.strip("/") or parts.netloc:
                raise ValueError("no path of a file")
        elif not parts.hostname and parts.scheme != "postgresql":
            raise ValueError("no host in it")
        if parts.password:
            _refuse_worn(unquote(parts.password))
        return url

    @field_validator("database_url")
    @classmethod
    def _database(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and urlsplit(url.get_secret_value()).scheme not in ("postgresql", "sqlite"):
            raise ValueError("not a database that Balai can use")
        return url

    @field_validator("broker_url")
    @classmethod
    def _broker(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and urlsplit(url.get_secret_value()).scheme not in ("mqtt", "mqtts"):
            raise ValueError("not the address of an MQTT broker")
        return url

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.tls_cert and not self.tls_key:
            raise ValueError("tls_key: missing beside tls_cert")
        if self.tls_key and not self.tls_cert:
            raise ValueError("tls_cert: missing beside tls_key")
        return self

    @property
    def own_broker(self) -> bool:
        """Whether the broker is a Mosquitto of our own."""
        return self.broker_url is None

    @property
    def database(self) -> str:
        """The database's address, with its password where it has one: not for people's eyes."""
        return self.database_url.get_secret_value() if self.database_url else f"sqlite:///{self.data / 'balai.db'}"

    @property
    def brokers(self) -> tuple[BrokerAddress, ...]:
        """Where devices reach the broker, the best first."""
        if self.broker_url is not None:
            parts = urlsplit(self.broker_url.get_secret_value())
            tls = parts.scheme == "mqtts"
            names = self.broker_names or (parts.hostname or "",)
            return tuple(BrokerAddress(name, parts.port or (8883 if tls else 1883), tls) for name in names)
        plain = BrokerAddress(self.broker_host, self.broker_port, False)
        listeners = [plain]
        if self.broker_tls:
            listeners = [BrokerAddress(self.broker_tls_host, self.broker_tls_port, True)]
            if not self.broker_names and all(map(is_loopback, (self.broker_host, self.broker_tls_host))):
                listeners.append(plain)  # a device elsewhere must not be led to say its secret without TLS
        return tuple(
            BrokerAddress(name, port, tls)
            for host, port, tls in listeners
            for name in (self.broker_names or (host if host not in ANYWHERE else socket.gethostname(),))
        )

    @property
    def protected(self) -> bool:
        """Whether whatever goes to a device by the broker goes over TLS or stays on this machine."""
        ways = [(one.host, one.tls) for one in self.brokers]
        if self.own_broker:
            ways.append((self.broker_host, False))
        return all(tls or is_loopback(host) for host, tls in ways)

    def plain(self) -> dict[str, object]:
        """Return every setting as JSON can hold it, secrets in the clear: for the application's process only."""
        values = self.model_dump(mode="json")
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                values[name] = value.get_secret_value()
        return values


class Settings(Notification, Basics):
    """Everything that can be set. A wrong value stops the start and is named."""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, and its network nobody else's."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse_worn(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD or password.lower() in WORN:
        raise ValueError("too weak")

"""Settings of incidents and of the ways in which people are told of them: mail by SMTP, and a webhook."""

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

SHORTEST_KEY = 16  # characters of the webhook's secret
ADDRESS = re.compile(r"[^\s@<>\",;:\\]{1,64}@[A-Za-z0-9.-]{1,190}")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _words(value: object) -> object:
    """Return the list that stands in a text with commas or spaces between."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]


class Notification(BaseSettings):
    """What can be set of incidents."""

    incident_grace: int = Field(
        10,
        ge=1,
        le=480,
        description="minutes of opening time for which a device may be out of reach before that is an incident",
        json_schema_extra={"allowed": "a number from 1 to 480"},
    )
    smtp_host: str = Field(
        "",
        pattern=r"^[A-Za-z0-9.:-]{0,190}$",
        description="server by which incidents are told by mail; by default none are",
        json_schema_extra={"allowed": "a name or an address"},
    )
    smtp_port: int = Field(
        587,
        ge=1,
        le=65535,
        description="port of smtp_host",
        json_schema_extra={"allowed": "a number from 1 to 65535"},
    )
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls",
        description="how smtp_host is spoken with; none sends no password, but to this machine",
        json_schema_extra={"allowed": "starttls, tls or none"},
    )
    smtp_username: str = Field(
        "", max_length=190, description="our name at smtp_host", json_schema_extra={"allowed": "a name"}
    )
    smtp_password: SecretStr | None = Field(
        None, description="our password at smtp_host", json_schema_extra={"allowed": "a password; needs smtp_username"}
    )
    smtp_from: str = Field(
        "", description="address from which mail comes", json_schema_extra={"allowed": "name@host; needed for mail"}
    )
    smtp_to: Words = Field(
        (),
        description="addresses to which mail goes",
        json_schema_extra={"allowed": "name@host, several with commas between; needed for mail"},
    )
    webhook_url: SecretStr | None = Field(
        None,
        description="address to which incidents are posted",
        json_schema_extra={"allowed": "https://host/path; http:// to this machine only"},
    )
    webhook_secret: SecretStr | None = Field(
        None,
        description="key with which what is posted to webhook_url is signed (HMAC-SHA256)",
        json_schema_extra={"allowed": f"at least {SHORTEST_KEY} characters; needed for a webhook"},
    )

    @field_validator("smtp_from")
    @classmethod
    def _sender(cls, address: str) -> str:
        if address and not ADDRESS.fullmatch(address):
            raise ValueError("no address")
        return address

    @field_validator("smtp_to")
    @classmethod
    def _receivers(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        if not all(ADDRESS.fullmatch(address) for address in addresses):
            raise ValueError("no address")
        return addresses

    @field_validator("webhook_url")
    @classmethod
    def _hook(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        parts = urlsplit(url.get_secret_value())
        try:
            _ = parts.port
        except ValueError as error:
            raise ValueError("no such port") from error
        if not parts.hostname or "@" in parts.netloc or any(one.isspace() for one in url.get_secret_value()):
            raise ValueError("no host, or a name and password, or a space in it")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError("not https")
        return url

    @field_validator("webhook_secret")
    @classmethod
    def _key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < SHORTEST_KEY:
            raise ValueError("too short")
        return secret

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.smtp_host:
            if not self.smtp_from:
                raise ValueError("smtp_from: missing beside smtp_host")
            if not self.smtp_to:
                raise ValueError("smtp_to: missing beside smtp_host")
        if self.smtp_password and not self.smtp_username:
            raise ValueError("smtp_username: missing beside smtp_password")
        if self.smtp_password and self.smtp_tls == "none" and self.smtp_host not in LOOPBACK:
            raise ValueError("smtp_tls: none would say smtp_password in the clear")
        if self.webhook_url and not self.webhook_secret:
            raise ValueError("webhook_secret: missing beside webhook_url")
        return self

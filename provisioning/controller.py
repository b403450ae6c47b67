"""The controller's HTTP API as a technician's tool uses it: claim a device, cancel a claim, ask whether it was seen."""

import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from provisioning.errors import ControllerError, RefusedError, UsageError
from provisioning.identity import Json

TIMEOUT_S = 15
CLAIM_TOKEN = "claim_"  # noqa: S105 - how a token begins that is good for one claim, and for a place of its own
_NOT_ALLOWED = (401, 403)


@dataclass(frozen=True)
class Place:
    """Where a device is to stand. A spare has a `role` and no place yet; with neither the claim token says it."""

    site: str = ""
    position: str = ""
    role: str = ""

    def __str__(self) -> str:
        if self.site:
            return f"{self.site}/{self.position}"
        return f"a spare {self.role}" if self.role else "the token's place"


@dataclass(frozen=True)
class Seen:
    """What the controller knows of a device: the generation that it uses, and of the claim that waits, 0 for none."""

    online: bool
    generation: int
    pending: int
    at: int  # Unix ms of its last word


class Controller:
    """A controller at `address`, asked with a technician's API token or with a claim token good for one claim."""

    def __init__(self, address: str, token: str, ca: Path | None = None, plain: bool = False) -> None:
        """`ca` is a PEM file that its certificate is trusted by; `plain` allows HTTP beyond this computer.

        Raises UsageError.
        """
        self.address = address.rstrip("/")
        self.names_place = token.startswith(CLAIM_TOKEN)
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{address} is no address of a controller: write https://host")
        if parts.scheme == "http" and not plain and not _loopback(parts.hostname):
            raise UsageError("a claim over plain HTTP can be read on the way: use https://, or say --plain-http")
        if not token or not token.isascii() or not token.isprintable():
            raise UsageError("there is no usable token: put one into a file for --token-file, or into BALAI_TOKEN")
        self._client = httpx.Client(
            base_url=f"{self.address}/api/v1",
            headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"},  # one language a line
            verify=_trust(ca) if parts.scheme == "https" else False,
            timeout=TIMEOUT_S,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def claim(self, device: str, place: Place) -> Json:
        """Return a new identity for `device`: a reservation, until the device is seen with it.

        Raises RefusedError where the controller says no, ControllerError where it does not answer.
        """
        said = {"site": place.site, "position": place.position, "role": place.role}
        body: Json = {"device": device, **{name: value for name, value in said.items() if value}}
        return self._send("POST", "/devices/claims", body)

    def cancel(self, device: str) -> None:
        """Take back a claim that was not used. One that is not there any more is no error. Raises ControllerError."""
        try:
            self._send("DELETE", f"/devices/claims/{device}")
        except RefusedError as error:
            if error.status != 404:
                raise

    def seen(self, device: str) -> Seen | None:
        """Return what is known of a device, None for nothing. Raises RefusedError where the token may not ask."""
        try:
            found = self._send("GET", f"/devices/claims/{device}" if self.names_place else f"/devices/{device}")
        except RefusedError as error:
            if error.status == 404:
                return None
            raise
        return Seen(
            online=found.get("online") is True,
            generation=_number(found.get("generation")),
            pending=_pending(found.get("pending")),
            at=_number(found.get("seen")),
        )

    def position(self, place: Place) -> Json | None:
        """Return a position as the controller has it, None where there is none. Raises as `seen` does."""
        found = self._send("GET", "/positions", params={"site": place.site})
        items = found.get("items")
        assert isinstance(items, list)
        return next((one for one in items if one.get("id") == place.position), None)

    def publish(self, bundle: bytes) -> Json:
        """Hand a signed bundle over. Raises RefusedError, ControllerError."""
        return self._send("POST", "/releases", content=bundle)

    def _send(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        params: dict[str, str] | None = None,
        content: bytes | None = None,
    ) -> Json:
        kind = {} if content is None else {"Content-Type": "application/octet-stream"}
        try:
            answer = self._client.request(method, path, json=body, params=params, content=content, headers=kind)
        except httpx.HTTPError as error:
            why = str(error).partition("\n")[0] or type(error).__name__
            raise ControllerError(
                f"the controller at {self.address} is out of reach ({why}): check the network and --controller"
            ) from None  # the error holds the request, and that the token
        if answer.is_error:
            raise RefusedError(_refusal(answer), answer.status_code)
        try:
            found = answer.json() if answer.content else {}
        except ValueError:
            found = None
        if isinstance(found, list):
            return {"items": found}
        if not isinstance(found, dict):
            raise ControllerError(f"what answers at {self.address} is no controller of Balai: check --controller")
        return found


def may_not_ask(error: RefusedError) -> bool:
    """Whether a refusal means that the token has no right to the question, as a claim token has not."""
    return error.status in _NOT_ALLOWED


def _refusal(answer: httpx.Response) -> str:
    """Return the controller's no in one line, with what to do."""
    try:
        problem = answer.json()
        said = str(problem.get("detail") or problem.get("title") or "")
    except (ValueError, AttributeError):
        said = ""
    said = " ".join(said.split())[:200] or f"HTTP {answer.status_code}"
    todo = {
        401: "make another token at the controller",
        403: "take a token that has the right to this site",
        404: "check --site and --position, or make them at the controller",
        409: "look at the device and its position at the controller",
    }.get(answer.status_code, "try again, or ask an admin")
    return f"the controller refuses: {said} ({todo})"


def _trust(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"{ca} holds no certificate that can be read: name a PEM file with --ca") from error


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _pending(value: object) -> int:
    """Return the generation of a claim that waits, as the controller tells of it."""
    return _number(value.get("generation")) if isinstance(value, dict) else _number(value)

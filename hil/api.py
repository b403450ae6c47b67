"""The controller's HTTP API as a bench uses it: sign in, make a hall, claim devices, ask and command its queue."""

from types import TracebackType
from typing import Self

import httpx

Json = dict[str, object]


class ApiError(Exception):
    """The controller answered with a problem, or not at all; the text says which."""


class Api:
    """A session with a controller at `address` ("http://127.0.0.1:8000"). Errors raise ApiError."""

    def __init__(self, address: str, verify: str | bool = True) -> None:
        self.address = address.rstrip("/")
        self._client = httpx.AsyncClient(base_url=f"{self.address}/api/v1", verify=verify, timeout=15, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def sign_in(self, name: str, password: str) -> None:
        """Open a session; later calls carry its cookie and its CSRF token."""
        answer = await self._send("POST", "/session", {"name": name, "password": password})
        self._client.headers["X-CSRF"] = str(answer["csrf"])

    async def get(self, path: str, **params: str | int) -> Json:
        """GET `path` below /api/v1."""
        return await self._send("GET", path, params=params)

    async def post(self, path: str, body: Json, **headers: str) -> Json:
        """POST `body` to `path` below /api/v1."""
        return await self._send("POST", path, body, headers=headers)

    async def put(self, path: str, body: Json, **headers: str) -> Json:
        """PUT `body` to `path` below /api/v1."""
        return await self._send("PUT", path, body, headers=headers)

    async def publish(self, bundle: bytes) -> Json:
        """Hand over a signed bundle; return the release."""
        return await self._send("POST", "/releases", content=bundle)

    async def patch(self, path: str, body: Json) -> Json:
        """PATCH `path` below /api/v1 with `body`."""
        return await self._send("PATCH", path, body)

    async def configure(self, layer: str, patch: Json) -> None:
        """Make `patch` the layer `layer` ("fleet", "site/desa-1") of the configuration, whatever it was."""
        now = await self.get(f"/configuration/{layer}")
        await self.put(f"/configuration/{layer}", {"patch": patch}, **{"If-Match": f'"{now["rev"]}"'})

    async def claim(self, device: str, site: str, position: str) -> Json:
        """Return a new identity for `device` at a position; the secret in it is shown only here."""
        return await self.post("/devices/claims", {"device": device, "site": site, "position": position})

    async def command(self, site: str, key: str, **command: object) -> Json:
        """Send one queue command under `key` and return its outcome, which may be "unknown"."""
        return await self._send(
            "POST", f"/sites/{site}/queue/commands", dict(command), headers={"Idempotency-Key": key}
        )

    async def _send(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        params: dict[str, str | int] | None = None,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
    ) -> Json:
        if content is not None:
            headers = {"Content-Type": "application/octet-stream", **(headers or {})}
        try:
            answer = await self._client.request(
                method, path, json=body, params=params, headers=headers, content=content
            )
        except httpx.HTTPError as error:
            raise ApiError(f"{method} {path}: the controller does not answer ({type(error).__name__})") from error
        if answer.is_error:
            raise ApiError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        found = answer.json() if answer.content else {}
        return found if isinstance(found, dict) else {"items": found}

"""A controller as the technician's tool meets it, with its bad days: real HTTP, claims as the contract has them."""

import secrets
import threading
import time
from dataclasses import dataclass, field

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from tests.provisioning.chip.board import Firmware

TOKEN = "technician-" + secrets.token_hex(8)
CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@dataclass
class Known:
    """A device as the controller has it."""

    generation: int = 0
    pending: int = 0
    online: bool = False
    seen: int = 0
    secrets: dict[int, str] = field(default_factory=dict)


class Desk:
    """Runs on a free port. What it was asked is in `asked`."""

    def __init__(self) -> None:
        self.devices: dict[str, Known] = {}
        self.tokens = {TOKEN}
        self.once: dict[str, dict[str, str]] = {}  # claim tokens, with what they are bound to
        self.positions = {("genteng-kulon", f"{role}-{n}"): role for role in ("kiosk", "display") for n in (1, 2, 3)}
        self.answer: dict[str, JSONResponse | PlainTextResponse] = {}  # by method: in place of what it would say
        self.extra: dict[str, object] = {}  # over the fields of an identity
        self.asked: list[str] = []
        self._server = uvicorn.Server(uvicorn.Config(self._app(), port=0, log_level="error", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> "Desk":
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()

    def born(self, device: str, secret: str) -> bool:
        """A device says that it is there; whether the controller believes it."""
        known = self.devices.get(device, Known())
        generation = next((one for one, kept in known.secrets.items() if kept == secret), 0)
        if not generation or generation not in (known.generation, known.pending):
            return False
        known.generation, known.pending, known.online = generation, 0, True
        known.seen = max(known.seen + 1, int(time.time() * 1000))
        return True

    @property
    def half_trusted(self) -> list[str]:
        """Devices with a claim that nobody will use."""
        return [device for device, known in self.devices.items() if known.pending]

    def _may(self, request: Request) -> bool:
        return bearer(request) in self.tokens

    def _app(self) -> FastAPI:
        app = FastAPI()

        @app.middleware("http")
        async def note(request: Request, proceed):  # type: ignore[no-untyped-def]
            self.asked.append(f"{request.method} {request.url.path}")
            return self.answer.get(request.method) or await proceed(request)

        @app.post("/api/v1/devices/claims")
        async def claim(request: Request) -> JSONResponse:
            body = await request.json()
            bound = self.once.get(bearer(request))
            if bound is None and not self._may(request):
                return problem(401, "The token is not valid")
            if bound is not None and bound.setdefault("device", body["device"]) != body["device"]:
                return problem(409, "This claim token has been used: ask for another one")
            body = {"site": "", "position": "", **body, **(bound or {})}
            place = (body["site"], body["position"])
            if body["site"] and place not in self.positions:
                return problem(404, "There is no such position")
            known = self.devices.setdefault(body["device"], Known())
            known.pending = max([known.generation, known.pending, *known.secrets]) + 1
            known.secrets[known.pending] = secret = secrets.token_urlsafe(24)
            answer = {
                "device": body["device"],
                "username": f"{body['device']}.{known.pending}",
                "secret": secret,
                "generation": known.pending,
                "brokers": [{"host": "balai.example", "port": 8883, "tls": True}],
                "ca": CA,
                "site": place[0],
                "position": place[1],
                "role": self.positions.get(place, body.get("role")),
                "networks": [["Balai Desa", "kata-sandi-wifi"]],
                "lang": "id",
                "expires": int((time.time() + 86_400) * 1000),
            }
            return JSONResponse({**answer, **self.extra}, 201)

        @app.delete("/api/v1/devices/claims/{device}")
        async def cancel(device: str, request: Request) -> Response:
            if not self._may(request) and self.once.get(bearer(request), {}).get("device") != device:
                return problem(401, "The token is not valid")
            known = self.devices.get(device)
            if known is None or not known.pending:
                return problem(404, "There is no such claim")
            known.pending = 0
            return Response(status_code=204)

        @app.get("/api/v1/devices/claims/{device}")
        async def seen(device: str, request: Request) -> JSONResponse:
            if not self._may(request) and self.once.get(bearer(request), {}).get("device") != device:
                return problem(401, "This claim token is not known")
            known = self.devices[device]
            shown = {"device": device, "online": known.online, "generation": known.generation, "seen": known.seen}
            return JSONResponse({**shown, "pending": known.pending})

        @app.get("/api/v1/devices/{device}")
        async def device(device: str, request: Request) -> JSONResponse:
            if not self._may(request):
                return problem(401, "The token is not valid")
            known = self.devices.get(device)
            if known is None:
                return problem(404, "There is no such device")
            shown = {"id": device, "online": known.online, "generation": known.generation, "seen": known.seen}
            waits = {"generation": known.pending, "who": "technician"} if known.pending else None
            return JSONResponse({**shown, "pending": waits})

        @app.get("/api/v1/positions")
        async def positions(site: str, request: Request) -> JSONResponse:
            if not self._may(request):
                return problem(401, "The token is not valid")
            return JSONResponse(
                [{"site": a, "id": b, "role": role} for (a, b), role in self.positions.items() if a == site]
            )

        return app


def bearer(request: Request) -> str:
    """The token of a request."""
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


class OnAir(Firmware):
    """A firmware that reaches the controller and says the secret on its flash."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.believed: bool | None = None
        self.there = threading.Event()

    def started(self, files: dict[str, bytes]) -> None:
        """It connects."""
        import json

        identity = json.loads(files["identity.json"])
        self.believed = self.desk.born(identity["device"], identity["secret"])
        self.there.set()


def problem(status: int, detail: str) -> JSONResponse:
    """A problem document."""
    return JSONResponse({"type": "about:blank", "title": "No", "status": status, "detail": detail}, status)

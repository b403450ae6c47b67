"""The page of the virtual hall: what its devices show, and the hands that press and unplug them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Literal

from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse, RedirectResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field

from hil.api import Json
from hil.console import ROOT
from hil.demo.hall import COUNTERS, NAME, PLACES, SERVICES
from hil.demo.stage import Stage
from hil.device import Device

WWW = Path(__file__).parent / "www"
ICON = ROOT / "firmware" / "www" / "icon.svg"
QUIET_S = 0.04  # changes that come closer together than this are one
HEARTBEAT_S = 15
WORDS = {"A": "panggil", "B": "ulang", "C": "layani", "D": "tak hadir", "#": "nomor", "*": "hapus"}
KEYS = "123A456B789C*0#D"
Name = Literal["kiosk", "display", "counter"]


class Hand(BaseModel):
    """What a hand does to a device: presses or holds one button or key, or moves one plug."""

    model_config = ConfigDict(extra="forbid")

    press: Annotated[str, Field(pattern="^[A-HPT]$")] | None = None
    hold: Annotated[str, Field(pattern="^[A-HPT*]$")] | None = None
    ms: Annotated[int, Field(ge=100, le=10_000)] = 3500
    key: Annotated[str, Field(pattern="^[0-9A-D*#]$")] | None = None
    uplink: bool | None = None
    power: bool | None = None
    paper: bool | None = None


class Page:
    """Serves a stage at /demo; several may look on at once."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._moving = asyncio.Lock()
        self._paper = True
        stage.on_change = self._change
        self.app = FastAPI(title="Balai demo", docs_url=None, redoc_url=None, openapi_url=None)
        self.app.add_api_route("/demo/www/icon.svg", lambda: FileResponse(ICON), response_model=None)
        self.app.mount("/demo/www", StaticFiles(directory=WWW))
        self.app.add_api_route("/", lambda: RedirectResponse("/demo"), response_model=None)
        self.app.add_api_route("/demo", lambda: FileResponse(WWW / "index.html"), response_model=None)
        self.app.add_api_route("/demo/stream", self._stream, response_model=None)
        self.app.add_api_route("/demo/devices/{name}", self._hand, methods=["POST"], status_code=204)

    def close(self) -> None:
        """End the streams."""
        self._closing.set()
        self._change()

    def _change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _hand(self, name: Name, hand: Hand) -> None:
        device = self._stage.device(name)
        if hand.press:
            device.press(hand.press)
        if hand.hold:
            device.hold(hand.hold, hand.ms)
        if hand.key:
            if name != "counter":
                raise HTTPException(422, "only the counter has keys")
            device.key(hand.key)
        async with self._moving:
            for what in ("uplink", "power", "paper"):
                on = getattr(hand, what)
                if on is not None:
                    await self._switch(name, what, on)

    async def _switch(self, name: Name, what: str, on: bool) -> None:
        if what == "paper":
            if name != "kiosk":
                raise HTTPException(422, "only the kiosk has paper")
            self._paper = on
        await self._stage.switch(name, what, on)
        if what == "power" and on and name == "kiosk" and not self._paper:
            self._stage.device(name).paper(False)  # what was taken out stays out

    def _stream(self) -> StreamingResponse:
        return StreamingResponse(self._follow(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _follow(self) -> AsyncIterator[str]:
        while not self._closing.is_set():
            changed = self._changed
            yield f"event: hall\ndata: {json.dumps(self.hall(), ensure_ascii=False)}\n\n"
            try:
                await asyncio.wait_for(changed.wait(), HEARTBEAT_S)
            except TimeoutError:
                continue
            await asyncio.sleep(QUIET_S)

    def hall(self) -> Json:
        """Return everything that the page draws."""
        stage = self._stage
        return {
            "site": NAME,
            "counter": COUNTERS[0]["name"],
            "links": stage.links(),
            "buttons": [
                *({"key": key, "kind": "service", **one} for key, one in zip("ABCDEFGH", SERVICES, strict=False)),
                {"key": "P", "kind": "priority"},
            ],
            "keys": [{"key": key, "word": WORDS.get(key, "")} for key in KEYS],
            "devices": {place.name: self._device(place.name, stage.device(place.name)) for place in PLACES},
            "spoken": stage.said(),
            "story": [
                {"time": time.strftime("%H:%M:%S", time.localtime(at)), "text": text} for at, text in stage.story
            ],
        }

    def _device(self, name: str, device: Device) -> Json:
        parts = device.parts
        lit = device.powered
        shown: Json = {
            "uplink": self._stage.uplink(name),
            "power": lit,
            "digits": list(parts.segments.digits) if lit and parts.segments.brightness else [0, 0, 0, 0],
            "matrix": parts.matrix.rows if lit else ["0" * len(row) for row in parts.matrix.rows],
            "lamp": parts.lamp,
            "tickets": [ticket.as_json() for ticket in device.tickets[:-4:-1]],
        }
        if name == "kiosk":
            shown["paper"] = self._paper
        return shown

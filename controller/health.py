"""Whether the controller lives, and whether it can do its work."""

import asyncio
import logging
import time

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy import BigInteger
from sqlmodel import Field, Session, SQLModel

from controller.ingest.alarms import now_ms
from controller.parts import Parts
from controller.web.problems import document

log = logging.getLogger(__name__)

WRITE_S = 5.0  # a write that takes longer is none
REMEMBERED_S = 1.0  # anyone may ask, and each look is a sync of the disk

router = APIRouter(include_in_schema=False)


class Probe(SQLModel, table=True):
    """One row that is written to see whether writing works."""

    __tablename__ = "probe"

    id: int = Field(primary_key=True)
    at: int = Field(sa_type=BigInteger)


class Readiness:
    """Looks whether the database can be written and the broker is connected; remembers it for a second."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = asyncio.Lock()
        self._at = -REMEMBERED_S
        self._found: dict[str, bool] = {}

    async def look(self) -> dict[str, bool]:
        """Return what works: `database` and `broker`."""
        async with self._lock:
            if time.monotonic() - self._at >= REMEMBERED_S:
                self._found = {"database": await self._writable(), "broker": self._parts.bus.connected}
                self._at = time.monotonic()
        return self._found

    async def _writable(self) -> bool:
        def write(session: Session) -> None:
            session.merge(Probe(id=1, at=now_ms()))

        try:
            await asyncio.wait_for(self._parts.db.awrite(write), WRITE_S)
        except Exception as error:  # whatever it is: not ready
            log.warning("the database cannot be written: %s", type(error).__name__)
            return False
        return not self._parts.store.alarms.held  # one row may find room where events find none


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Answer while the process lives."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> JSONResponse:
    """Say what works; a problem document (503) that says it too unless all does."""
    readiness = request.app.state.readiness
    assert isinstance(readiness, Readiness)
    found = await readiness.look()
    return JSONResponse(found) if all(found.values()) else document(request, 503, more=found)

"""HTTP of the fleet: sites and their positions, devices and their claims, events and alarms."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from controller.fleet.api import devices, events, sites
from controller.fleet.service import FleetError
from controller.web.problems import ANSWERS, document

router = APIRouter(tags=["fleet"], responses=ANSWERS)
for part in (sites, devices, events):
    router.include_router(part.router)


async def refused(request: Request, error: Exception) -> JSONResponse:
    """Answer a FleetError."""
    return document(request, 404 if isinstance(error, FleetError) and error.missing else 409, str(error))

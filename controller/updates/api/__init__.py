"""HTTP of releases and rollouts."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from controller.updates.api import releases, rollouts
from controller.web.problems import ANSWERS, document

router = APIRouter(tags=["updates"], responses=ANSWERS)
for part in (releases, rollouts):
    router.include_router(part.router)


async def wrong(request: Request, error: Exception) -> JSONResponse:
    """Answer a BundleError or a PlanError."""
    return document(request, 422, str(error))

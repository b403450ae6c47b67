"""HTTP of the fleet: sites and their positions, devices, their claims and secrets, events and alarms."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from controller.fleet.api import claims, commands, devices, events, hours, inventory, labels, sites, trust
from controller.fleet.configuration import api as configuration
from controller.fleet.configuration.service import RefusalError, StaleError
from controller.fleet.search.parse import FilterError
from controller.fleet.service import FleetError
from controller.fleet.trust.tokens import TokenError
from controller.web.i18n import language, translate
from controller.web.problems import ANSWERS, document

REFUSED = 20  # positions that a refusal names at most

router = APIRouter(tags=["fleet"], responses=ANSWERS)
for part in (
    sites,
    hours,
    configuration,
    claims,
    trust,
    inventory,
    commands,
    devices,
    labels,
    events,
):  # names that stand in a path go before those that anybody may have
    router.include_router(part.router)


async def unclear(request: Request, error: Exception) -> JSONResponse:
    """Answer a FilterError: what is wrong, where (`position`, characters from 0, and `length`), and what could stand
    there."""
    assert isinstance(error, FilterError)
    more = {"position": error.at, "length": error.length, "allowed": list(error.allowed)}
    return document(request, 422, error.said(language(request)), more=more)


async def refused(request: Request, error: Exception) -> JSONResponse:
    """Answer a FleetError or a TokenError."""
    if isinstance(error, TokenError):
        return document(request, error.status, str(error))
    if isinstance(error, StaleError):
        return document(request, 412, str(error))
    if isinstance(error, RefusalError):
        lang = language(request)
        refused = [{**one._asdict(), "why": translate(one.why, lang)} for one in error.refused[:REFUSED]]
        return document(request, 422, str(error), more={"refused": refused})
    return document(request, 404 if isinstance(error, FleetError) and error.missing else 409, str(error))

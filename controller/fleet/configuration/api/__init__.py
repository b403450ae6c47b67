"""HTTP of configurations: their layers, and how devices stand to them."""

from fastapi import APIRouter

from controller.fleet.configuration.api import devices, layers
from controller.web.problems import ANSWERS

router = APIRouter(responses=ANSWERS)
for part in (devices, layers):
    router.include_router(part.router)

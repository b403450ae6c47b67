"""HTTP of the inventory: lists of devices and files of them, tags, figures over time, views, changes to many."""

from fastapi import APIRouter

from controller.fleet.api.inventory import bulk, listing, views

router = APIRouter()
for part in (listing, bulk, views):
    router.include_router(part.router)

"""The controller's parts, as the application puts them together and routes reach them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from controller.db import Database
from controller.folder import Folder
from controller.settings import Settings

if TYPE_CHECKING:
    from controller.broker.access import Access
    from controller.broker.vault import Vault
    from controller.fleet.link import Link
    from controller.fleet.roster import Roster
    from controller.fleet.trust.identities import Identities
    from controller.incidents.feature import Incidents
    from controller.ingest import Bus, Store
    from controller.metrics import Metrics
    from controller.queue.feature import Queue
    from controller.updates.feature import Updates


@dataclass(frozen=True)
class Parts:
    """Everything that lives as long as the application.

    `access` is None where the broker is an outside one whose accounts are not ours to keep. `stopping` is set when open
    streams must end; what is in `closing` is awaited then, first.
    """

    settings: Settings
    folder: Folder
    db: Database
    vault: "Vault"
    roster: "Roster"
    store: "Store"
    bus: "Bus"
    access: "Access | None"
    link: "Link"
    updates: "Updates"
    queue: "Queue"
    identities: "Identities"
    incidents: "Incidents"
    metrics: "Metrics"
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    closing: list[Callable[[], Awaitable[None]]] = field(default_factory=list)


def parts_of(connection: HTTPConnection) -> Parts:
    """Return the parts of the application that serves a request."""
    parts = connection.app.state.parts
    assert isinstance(parts, Parts)
    return parts


PartsDep = Annotated[Parts, Depends(parts_of)]

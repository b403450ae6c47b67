"""The application: puts the parts together in their order, and serves them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from controller import health, metrics
from controller.accounts import api as accounts
from controller.accounts import own
from controller.accounts.delay import Delay
from controller.accounts.service import AccountError, first_admin
from controller.broker.access import Access
from controller.broker.certificates import trusted
from controller.broker.mosquitto import Credentials, Mosquitto
from controller.broker.security import CONTROLLER, KEEPER
from controller.broker.vault import Vault
from controller.db import Database
from controller.fleet import api as fleet
from controller.fleet.blobs import Blobs
from controller.fleet.configuration.delivery import Deliveries
from controller.fleet.configuration.rejections import RejectionProjector
from controller.fleet.link import Link
from controller.fleet.orders.book import Book
from controller.fleet.roster import Roster
from controller.fleet.search.parse import FilterError
from controller.fleet.service import FleetError
from controller.fleet.trust.identities import Identities
from controller.fleet.trust.tokens import TokenError
from controller.folder import Folder
from controller.incidents import api as incidents
from controller.incidents.feature import Incidents
from controller.incidents.service import IncidentError
from controller.ingest import Broker, Bus, Store
from controller.migrations import upgrade
from controller.parts import Parts
from controller.queue import api as queue
from controller.queue.feature import Queue
from controller.settings import Settings
from controller.updates import api as updates
from controller.updates.feature import Updates
from controller.updates.release import shelf
from controller.updates.release.bundle import BundleError
from controller.updates.rollout.plan import PlanError
from controller.web import field, openapi, pages, problems
from controller.web.guard import Guard
from controller.web.shell.page import Page, Panel
from controller.web.shell.staff import Staff

API = "/api/v1"
REFUSALS = (AccountError, FleetError, TokenError, IncidentError, BundleError, PlanError)


def create_app(settings: Settings, prepared: Callable[[], None] = lambda: None) -> FastAPI:
    """Return the application, its parts in `app.state.parts`.

    Args:
        settings: in force.
        prepared: called when the database is up to date and the broker's accounts are written: the moment from which a
            broker of our own can be started.
    """
    parts = _parts(settings, prepared)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await parts.link.start()
        await parts.updates.start()
        await parts.queue.start()
        await parts.identities.start()
        await parts.incidents.start()
        if parts.access:
            parts.access.start()
        parts.bus.start()
        try:
            yield
        finally:
            parts.stopping.set()
            for close in parts.closing:
                await close()
            await parts.incidents.stop()
            await parts.identities.stop()
            await parts.queue.stop()
            await parts.updates.stop()
            await parts.link.stop()
            await asyncio.to_thread(_close, parts)

    app = FastAPI(
        title="Balai",
        version=version("balai"),
        description="Queues, displays and keypads of public service halls.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.parts = parts
    app.state.first_admin = parts.db.write(first_admin)
    app.state.delay = Delay()
    app.state.readiness = health.Readiness(parts)
    app.add_middleware(Staff, parts=parts, pages=staff_pages, refusals=REFUSALS)
    app.add_middleware(Guard)
    app.add_middleware(metrics.Requests, metrics=parts.metrics)
    problems.install(app)
    for refusal in (FleetError, TokenError):
        app.add_exception_handler(refusal, fleet.refused)
    app.add_exception_handler(FilterError, fleet.unclear)
    for wrong in (BundleError, PlanError):
        app.add_exception_handler(wrong, updates.wrong)
    openapi.install(app)
    for router in (accounts.router, own.router, fleet.router, incidents.router, updates.router, queue.router):
        app.include_router(router, prefix=API)
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(field.router)
    pages.install(app, parts.folder.voice)
    return app


def staff_pages() -> tuple[Page | Panel, ...]:
    """Return the staff pages in the order of the navigation. Imports NiceGUI, so only when one is asked for."""
    from controller.accounts import pages as account_pages
    from controller.fleet import pages as fleet_pages
    from controller.incidents import pages as incident_pages
    from controller.queue import pages as queue_pages
    from controller.updates import pages as update_pages

    return (
        *incident_pages.PAGES,
        *fleet_pages.PAGES,
        *update_pages.PAGES,
        *queue_pages.PAGES,
        *account_pages.PAGES,
    )


def _parts(settings: Settings, prepared: Callable[[], None]) -> Parts:
    folder = Folder(settings.data)
    folder.make()
    db = Database(settings.database)
    upgrade(db)
    vault = Vault(folder.keys / "secrets.key")
    roster = Roster(db, vault, settings.history_days)
    roster.forget_silent()
    if settings.own_broker:
        Mosquitto(settings, folder).write_accounts(roster.accounts())
    prepared()
    store = Store(db, roster.place)
    bus = Bus(_broker(settings, folder, CONTROLLER), store, settings.broker_share)
    keeps = settings.own_broker or settings.broker_dynsec
    access = Access(_broker(settings, folder, KEEPER), roster) if keeps else None
    link = Link(bus, store, roster, settings.drain_rate)
    Book(db, link)
    Deliveries(db, link)
    store.register(RejectionProjector())
    blobs = Blobs(lambda sha256: shelf.source(db, sha256))
    link.requests.on("blob", blobs.answer)
    newest = Updates(settings, db, store, bus, link, roster, blobs, version("balai"))
    halls = Queue(db, store, bus, link, roster, blobs)
    identities = Identities(
        settings, db, vault, lambda: trusted(settings, folder), roster, link, access, halls.site_changed
    )
    troubles = Incidents(settings, db, store, bus, roster)
    figures = metrics.Metrics()
    parts = Parts(
        settings, folder, db, vault, roster, store, bus, access, link, newest, halls, identities, troubles, figures
    )
    figures.watch(parts)
    return parts


def _close(parts: Parts) -> None:
    """Stop in order: no more from devices, then what has come is written."""
    parts.bus.stop()
    if parts.access:
        parts.access.stop()
    parts.db.close()


def _broker(settings: Settings, folder: Folder, user: str) -> Broker:
    """Return where the broker is, and our account `user` there where it is our own."""
    if settings.broker_url is not None:
        password = settings.broker_password.get_secret_value() if settings.broker_password else ""
        return Broker.of(settings.broker_url.get_secret_value(), settings.broker_username, password, settings.broker_ca)
    own = Credentials.of(folder)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.broker_host, settings.broker_host)  # noqa: S104
    return Broker(host, settings.broker_port, user, own.controller if user == CONTROLLER else own.keeper)

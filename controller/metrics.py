"""Figures for Prometheus: what came in, what was refused, what waits, how the pages do."""

import logging
import time
from collections import Counter
from collections.abc import Iterator

from fastapi import APIRouter, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from controller.fleet.configuration.delivery import STATES, Patience, standings
from controller.ingest.alarms import now_ms
from controller.parts import Parts, PartsDep

log = logging.getLogger(__name__)

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds

router = APIRouter(include_in_schema=False)


class Metrics:
    """One application's registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.requests = Histogram(
            "balai_http_request_seconds",
            "Time to the start of the answer",
            ("method", "route", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )

    def watch(self, parts: Parts) -> None:
        """Read the figures of `parts` whenever somebody asks."""
        self.registry.register(_Parts(parts))


class _Parts(Collector):
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def describe(self) -> list[Metric]:
        """Return nothing: the names need not be known before somebody asks."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read the figures now."""
        parts = self._parts
        yield CounterMetricFamily("balai_events_stored", "Events stored since the start", value=parts.store.stored)
        refused = CounterMetricFamily("balai_messages_refused", "Messages and events refused", labels=["reason"])
        for reason, count in sorted(parts.store.refusals.counts.copy().items()):
            refused.add_metric([reason], count)
        yield refused
        yield GaugeMetricFamily("balai_broker_connected", "1: both sessions stand", value=parts.bus.connected)
        yield GaugeMetricFamily("balai_devices_online", "Devices that the broker holds", value=parts.link.online)
        alarms = GaugeMetricFamily("balai_alarms_open", "Alarms that nobody has closed", labels=["kind"])
        counted: dict[str, int] = {}
        try:
            for alarm in parts.store.alarms.open():
                counted[alarm.kind] = counted.get(alarm.kind, 0) + 1
        except SQLAlchemyError as error:  # the other figures are wanted most when the database is away
            log.warning("the alarms could not be read: %s", type(error).__name__)
        for kind, count in sorted(counted.items()):
            alarms.add_metric([kind], count)
        yield alarms
        incidents = GaugeMetricFamily("balai_incidents_open", "Incidents that are open", labels=["kind"])
        for kind, count in sorted(parts.incidents.open.items()):
            incidents.add_metric([kind], count)
        yield incidents
        told = CounterMetricFamily("balai_notifications", "Attempts to tell people", labels=["way", "outcome"])
        for (way, outcome), count in sorted(parts.incidents.outbox.counts.copy().items()):
            told.add_metric([way, outcome], count)
        yield told
        yield GaugeMetricFamily(
            "balai_board_followers", "Pages that follow a board", value=parts.queue.boards.followers
        )
        configurations = GaugeMetricFamily(
            "balai_configurations", "Devices in use, by how they stand to their configuration", labels=["state"]
        )
        try:
            with parts.db.read() as session:
                stand = Counter(found.state for _, found in standings(session, Patience.of(parts.settings), now_ms()))
            for state in STATES:
                configurations.add_metric([state], stand[state])
        except SQLAlchemyError as error:
            log.warning("the configurations could not be read: %s", type(error).__name__)
        yield configurations
        outcomes = CounterMetricFamily("balai_commands", "Commands to devices, by outcome", labels=["outcome"])
        for outcome, count in sorted(parts.link.commands.outcomes.copy().items()):
            outcomes.add_metric([outcome], count)
        yield outcomes


class Requests:
    """ASGI middleware: measures how long each request takes until its answer starts."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self._requests = metrics.requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "other")  # never the path: it is the caller's invention
                took = time.perf_counter() - began
                method = scope["method"] if scope["method"] in METHODS else "other"
                self._requests.labels(method, route, message["status"]).observe(took)
            await send(message)

        await self.app(scope, receive, answer)


METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


@router.get("/metrics")
def metrics(parts: PartsDep) -> Response:
    """Give the figures in Prometheus' text format."""
    return Response(generate_latest(parts.metrics.registry), media_type=CONTENT_TYPE_LATEST)

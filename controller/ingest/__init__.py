"""Ingest: receive, check, store, acknowledge. Knows no feature; features register as projectors."""

from controller.ingest.mqtt.bus import Bus
from controller.ingest.mqtt.connection import Broker
from controller.ingest.projector import Place, Projector, Row
from controller.ingest.store import Store

__all__ = ["Broker", "Bus", "Place", "Projector", "Row", "Store"]

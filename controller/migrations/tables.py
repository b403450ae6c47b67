"""Every table of the controller, registered by importing the modules that hold them."""

from sqlmodel import SQLModel

import controller.accounts.models
import controller.fleet.configuration.models
import controller.fleet.hours.models
import controller.fleet.inventory.models
import controller.fleet.models
import controller.fleet.orders.models
import controller.fleet.trust.models
import controller.health
import controller.incidents.models
import controller.ingest.models
import controller.queue.models
import controller.updates.models  # noqa: F401

METADATA = SQLModel.metadata

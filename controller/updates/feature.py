"""Updates as one part of the application."""

from controller.db import Database
from controller.fleet.blobs import Blobs
from controller.fleet.link import Link
from controller.fleet.roster import Roster
from controller.ingest import Bus, Store
from controller.release_key import hex_of
from controller.settings import Settings
from controller.updates.firmware import Firmware
from controller.updates.projector import UpdateProjector
from controller.updates.rollout.conductor import Conductor


class Updates:
    """Keeps releases, serves them to devices, carries out rollouts. Registers with store and link.

    `key`: the modulus by which releases are signed, in hex, "" for none. `own`: the controller's version.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        store: Store,
        bus: Bus,
        link: Link,
        roster: Roster,
        blobs: Blobs,
        own: str,
    ) -> None:
        self.key = hex_of(settings.release_key)
        self.blobs = blobs
        self.conductor = Conductor(db, bus, link)
        self.firmware = Firmware(db, link, roster, own)
        store.register(UpdateProjector(self.conductor.wake))

    async def start(self) -> None:
        """Begin, on the running loop."""
        self.conductor.start()

    async def stop(self) -> None:
        """End."""
        await self.conductor.stop()

"""Updates as one part of the application."""

from controller.db import Database
from controller.fleet.blobs import Blobs
from controller.fleet.link import Link
from controller.fleet.roster import Roster
from controller.ingest import Bus, Store
from controller.ingest.alarms import now_ms
from controller.release_key import hex_of
from controller.settings import Settings
from controller.updates.firmware import Firmware
from controller.updates.models import Rollout as Row
from controller.updates.projector import UpdateProjector
from controller.updates.rollout import orders
from controller.updates.rollout.conductor import Conductor
from controller.updates.rollout.orders import Action
from controller.updates.schemas import RolloutCreate, RolloutWhole, shown


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
        self._db = db
        self.conductor = Conductor(db, bus, link)
        self.firmware = Firmware(db, link, roster, own)
        store.register(UpdateProjector(self.conductor.wake))

    async def start(self) -> None:
        """Begin, on the running loop."""
        self.conductor.start()

    async def stop(self) -> None:
        """End."""
        await self.conductor.stop()

    def preview(self, body: RolloutCreate, who: str) -> RolloutWhole:
        """Return the rollout that `begin` would make now. Blocks. Raises FleetError, PlanError."""
        asked, now = body.asked(), now_ms()
        with self._db.read() as session:
            release, rollout = orders.draw(session, self.conductor.listen, asked, now)
            row = Row(
                rel=release.rel, fw=release.fw, sha256=release.sha256, size=release.size, plan={}, note=asked.note,
                state="", moment=now, who=who, at=now,
            )  # fmt: skip
            return shown(row, rollout)

    def begin(self, body: RolloutCreate, who: str) -> RolloutWhole:
        """Begin a rollout. Blocks. Raises FleetError, PlanError."""
        asked, now, listen = body.asked(), now_ms(), self.conductor.listen
        made = self._db.write(lambda session: shown(*orders.begin(session, listen, asked, who, now)))
        self.conductor.wake()
        return made

    def act(self, id_: int, action: Action, who: str) -> RolloutWhole:
        """Carry out what somebody asks of a rollout. Blocks. Raises FleetError."""
        made = self._db.write(lambda session: shown(*orders.act(session, id_, action, who, now_ms())))
        self.conductor.wake()
        return made

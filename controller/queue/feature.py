"""The queue as one part of the application."""

from controller.db import Database
from controller.fleet.blobs import Blobs
from controller.fleet.link import Link
from controller.fleet.roster import Roster
from controller.ingest import Bus, Store
from controller.queue.boards import Boards
from controller.queue.commands import Commands
from controller.queue.handover import Handover
from controller.queue.projector import QueueProjector
from controller.queue.rules import Halls


class Queue:
    """Projects queue events, shows boards, carries out commands. Registers with store, link and bus."""

    def __init__(self, db: Database, store: Store, bus: Bus, link: Link, roster: Roster, blobs: Blobs) -> None:
        self.halls = Halls(db)
        self.boards = Boards(db, bus, self.halls.rules, lambda site: self.commands.line(site))
        self.projector = QueueProjector(self.boards, self._led, self._late)
        self.commands = Commands(db, store, link, roster, self.halls, self.projector, self.boards)
        self.handover = Handover(db, store, link, blobs, self.projector)
        store.register(self.projector)
        bus.on_connect(self.boards.republish)

    async def start(self) -> None:
        """Begin, on the running loop."""
        self.boards.start()
        self.commands.start()
        self.handover.start()

    async def stop(self) -> None:
        """End."""
        await self.handover.stop()
        await self.commands.stop()
        self.boards.stop()

    def site_changed(self, site: str) -> None:
        """A site, its positions or its devices have changed. From any thread."""
        self.halls.forget(site)
        self.boards.forget(site)
        self.commands.show_soon([site])

    def site_removed(self, site: str) -> None:
        """There is no such site any more. From any thread."""
        self.site_changed(site)
        self.boards.remove(site)

    def _led(self, site: str) -> None:
        """Somebody else leads a hall; on the writer's thread."""
        self.halls.forget(site)

    def _late(self, site: str) -> None:
        """Events have come that a hall's leader does not know of; on the writer's thread."""
        _, device = self.halls.leader(site)
        if device is not None:
            self.handover.hear(device)

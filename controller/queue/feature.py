"""The queue as one part of the application."""

from controller.db import Database
from controller.fleet.link import Link
from controller.fleet.roster import Roster
from controller.ingest import Bus, Store
from controller.queue.boards import Boards
from controller.queue.commands import Commands
from controller.queue.projector import QueueProjector
from controller.queue.rules import Halls


class Queue:
    """Projects queue events, shows boards, carries out commands. Registers with store, link and bus."""

    def __init__(self, db: Database, store: Store, bus: Bus, link: Link, roster: Roster) -> None:
        self.halls = Halls(db)
        self.boards = Boards(db, bus, self.halls.rules, lambda site: self.commands.line(site))
        self.projector = QueueProjector(self.boards, self.halls.forget)
        self.commands = Commands(db, store, link, roster, self.halls, self.projector, self.boards)
        store.register(self.projector)
        bus.on_connect(self.boards.republish)

    async def start(self) -> None:
        """Begin, on the running loop."""
        self.boards.start()
        self.commands.start()

    async def stop(self) -> None:
        """End."""
        await self.commands.stop()
        self.boards.stop()

    def site_changed(self, site: str) -> None:
        """A site, its positions or its devices have changed. From any thread."""
        self.halls.forget(site)
        self.boards.forget(site)

"""Incidents as one part of the application."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

from controller.accounts.service import Who
from controller.db import Closed, Database, DatabaseError
from controller.fleet.roster import Roster
from controller.incidents import service
from controller.incidents.halls.glance import Glances
from controller.incidents.judging.judge import Limits
from controller.incidents.judging.kinds import KINDS
from controller.incidents.models import Incident
from controller.incidents.notices.mail import Mail
from controller.incidents.notices.outbox import Outbox
from controller.incidents.notices.way import Way
from controller.incidents.notices.webhook import Webhook
from controller.incidents.projector import ConditionProjector
from controller.incidents.rounds import Rounds
from controller.incidents.schemas import IncidentWhole
from controller.ingest import Bus, Store
from controller.ingest.alarms import now_ms
from controller.settings import Settings

log = logging.getLogger(__name__)

LOOK_S = 15.0
BEHIND = 200  # changes that a page may not have read before it has to begin anew


class Incidents:
    """Looks at all halls in its rounds, tells people, and lets pages follow. Registers with the store."""

    def __init__(self, settings: Settings, db: Database, store: Store, bus: Bus, roster: Roster) -> None:
        self._db, self._bus, self._roster = db, bus, roster
        self.outbox = Outbox(db, ways(settings), lambda site: f"{settings.public_url}/" if settings.public_url else "")
        limits = Limits(grace=settings.incident_grace * 60_000)
        self.rounds = Rounds(db, limits, self._refuses, [way.name for way in self.outbox.ways])
        self.glances = Glances(db)
        self._followers: set[asyncio.Queue[int | None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looking: asyncio.Task[None] | None = None
        store.register(ConditionProjector())

    async def start(self) -> None:
        """Begin, on the running loop."""
        self._loop = asyncio.get_running_loop()
        self.outbox.start()
        self._looking = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """End."""
        for queue in list(self._followers):
            _give(queue, None)
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking
        await self.outbox.stop()
        with suppress(DatabaseError, SQLAlchemyError):
            await asyncio.to_thread(self.rounds.flush)

    @property
    def open(self) -> dict[str, int]:
        """How many incidents are open, by kind; those there are none of too."""
        query = select(Incident.kind, func.count()).where(col(Incident.until) == 0).group_by(Incident.kind)
        counted = dict.fromkeys(KINDS, 0)
        try:
            with self._db.read() as session:
                counted |= dict(session.exec(query).all())
        except SQLAlchemyError as error:
            log.warning("the incidents could not be counted: %s", type(error).__name__)
            return {}
        return counted

    def acknowledge(self, who: Who, id_: int, text: str, lang: str) -> IncidentWhole:
        """Write down that `who` looks after an incident of theirs, and tell who follows. Blocks.

        Raises a Problem where there is none, IncidentError where it is over.
        """
        return self._change(who, id_, lang, lambda db, row: service.acknowledge(db, row, who.name, text, now_ms()))

    def comment(self, who: Who, id_: int, text: str, lang: str) -> IncidentWhole:
        """Add what `who` has to say of an incident of theirs, and tell who follows. Blocks; raises as `acknowledge`."""
        return self._change(who, id_, lang, lambda db, row: service.comment(db, row, who.name, text, now_ms()))

    def _change(self, who: Who, id_: int, lang: str, fn: Callable[[Session, Incident], None]) -> IncidentWhole:
        def write(session: Session) -> IncidentWhole:
            row = service.found(session, id_, who)
            fn(session, row)
            session.flush()
            return service.whole(session, row, lang)

        made = self._db.write(write)
        self.changed([made.id])
        return made

    def changed(self, ids: Sequence[int]) -> None:
        """Incidents have changed: tell the pages that follow, and send what waits. From any thread."""
        if ids and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, list(ids))

    def follow(self) -> "asyncio.Queue[int | None]":
        """Return a queue of the ids of incidents as they change; None ends it."""
        queue: asyncio.Queue[int | None] = asyncio.Queue(BEHIND)
        self._followers.add(queue)
        return queue

    def leave(self, queue: "asyncio.Queue[int | None]") -> None:
        """Follow no more."""
        self._followers.discard(queue)

    @property
    def followers(self) -> int:
        """How many pages follow."""
        return len(self._followers)

    def _tell(self, ids: list[int]) -> None:
        for queue in list(self._followers):
            for id_ in ids:
                _give(queue, id_)
        self.outbox.wake()

    async def _look(self) -> None:
        """Look at all halls, again and again; without the broker nobody knows who is there, and nothing is said."""
        while True:
            await asyncio.sleep(LOOK_S)
            if not self._bus.connected:
                self.rounds.rest()
                continue
            try:
                self.changed(await asyncio.to_thread(self.rounds.look, now_ms()))
            except Closed:
                return
            except (DatabaseError, SQLAlchemyError) as error:
                log.warning("no look at the halls: the database is away: %s", type(error).__name__)
            except Exception:
                log.exception("a look at the halls failed")

    def _refuses(self, device: str, rejected: str) -> bool:
        desired = self._roster.desired(device)
        return desired is not None and desired.hash == rejected


def ways(settings: Settings) -> list[Way]:
    """Return the ways in which people are told."""
    found: list[Way] = []
    if settings.smtp_host:
        found.append(Mail(settings))
    if settings.webhook_url and settings.webhook_secret:
        found.append(Webhook(settings.webhook_url.get_secret_value(), settings.webhook_secret.get_secret_value()))
    return found


def _give(queue: "asyncio.Queue[int | None]", id_: int | None) -> None:
    """Give a follower an id; one that is too far behind is sent away, and begins anew."""
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        id_ = None
    queue.put_nowait(id_)

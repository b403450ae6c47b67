"""Messages that wait in the database until they have gone out, over every restart.

Each way has a task of its own, so that a slow one holds up no other. What fails is tried again, later each time. A
closing waits for its opening. A message may come twice (the answer was lost, or the controller ended before it could
write it down), never not at all: its id says that it is the same.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from controller.db import Closed, Database, DatabaseError
from controller.fleet.models import Site
from controller.incidents.models import FAILED, SENT, WAITING, Incident, Notice
from controller.incidents.notices.message import Message
from controller.incidents.notices.way import Refused, Undelivered, Way
from controller.ingest.alarms import now_ms

log = logging.getLogger(__name__)

FIRST_MS = 30_000
LONGEST_MS = 3_600_000
GIVEN_UP_MS = 3 * 86_400_000  # after this nobody wants to hear of it
LOOK_S = 30.0
AT_ONCE = 20


def pause(tries: int) -> int:
    """Return for how long (ms) to wait after `tries` attempts have failed: doubled each time, up to an hour."""
    return min(FIRST_MS << min(max(tries - 1, 0), 16), LONGEST_MS)


class Outbox:
    """Sends what waits.

    Args:
        db: the database.
        ways: in which messages go out.
        link: returns where people look at a site, "" for nowhere.
        clock: Unix ms.
    """

    def __init__(
        self,
        db: Database,
        ways: Sequence[Way],
        link: Callable[[str], str] = lambda site: "",
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()  # (way, sent | failed | refused), attempts since the start
        self.ways = tuple(ways)
        self._db, self._link, self._clock = db, link, clock
        self._wakes = {way.name: asyncio.Event() for way in ways}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin, on the running loop."""
        self._tasks = [asyncio.create_task(self._run(way)) for way in self.ways]

    async def stop(self) -> None:
        """End; what is being sent is finished or comes again."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    def wake(self) -> None:
        """There may be something to send; on the loop."""
        for event in self._wakes.values():
            event.set()

    async def _run(self, way: Way) -> None:
        wake = self._wakes[way.name]
        while True:
            wake.clear()
            try:
                while await asyncio.to_thread(self.send_due, way):
                    pass
            except Closed:
                return
            except (DatabaseError, SQLAlchemyError) as error:
                log.warning("messages wait, for the database is away: %s", type(error).__name__)
            except Exception:
                log.exception("messages by %s could not be sent", way.name)
            with suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), LOOK_S)

    def send_due(self, way: Way) -> bool:
        """Send what is due by one way, some of it; return whether there may be more: another is due, or a closing whose
        opening has gone out now. Blocks."""
        with self._db.read() as session:
            due = _due(session, way.name, self._clock(), self._link)
        for message in due:
            self._send(way, message)
        return bool(due)

    def _send(self, way: Way, message: Message) -> None:
        outcome, why = "sent", ""
        try:
            way.send(message)
        except Undelivered as error:
            outcome, why = "refused" if isinstance(error, Refused) else "failed", str(error)
            log.warning("message %d could not be sent by %s: %s", message.id, way.name, why)
        except Exception as error:  # whatever it is: the others go out
            outcome, why = "failed", type(error).__name__
            log.exception("message %d could not be sent by %s", message.id, way.name)
        self.counts[way.name, outcome] += 1
        now = self._clock()
        self._db.write(lambda session: _settle(session, message.id, outcome, why, now))


def _due(session: Session, way: str, now: int, link: Callable[[str], str]) -> list[Message]:
    """Return the messages that are due, the oldest first; no closing whose opening has yet to go out."""
    opening = aliased(Notice)
    unsent = select(opening.id).where(
        col(opening.incident) == col(Notice.incident),
        col(opening.way) == way,
        col(opening.what) == "opened",
        col(opening.state) == WAITING,
    )
    query = (
        select(Notice, Incident)
        .join(Incident, col(Incident.id) == col(Notice.incident))
        .where(Notice.way == way, Notice.state == WAITING, Notice.due <= now)
        .where((col(Notice.what) == "opened") | ~unsent.exists())
        .order_by(col(Notice.due), col(Notice.id))
        .limit(AT_ONCE)
    )
    return [_message(session, notice, incident, link) for notice, incident in session.exec(query)]


def _message(session: Session, notice: Notice, incident: Incident, link: Callable[[str], str]) -> Message:
    site = session.get(Site, incident.site)
    assert notice.id is not None
    closed = notice.what == "closed"
    return Message(
        id=notice.id,
        incident=notice.incident,
        what=notice.what,
        site=incident.site,
        name=site.name if site else incident.site,
        tz=site.tz if site else 0,
        device=incident.device,
        position=incident.position,
        kind=incident.kind,
        detail=incident.detail,
        cause=incident.cause if closed else "",
        since=incident.since,
        until=incident.until if closed else 0,
        link=link(incident.site),
    )


def _settle(session: Session, id_: int, outcome: str, why: str, now: int) -> None:
    """Write down what has become of an attempt."""
    found = session.get(Notice, id_)
    if found is None:
        return
    found.tries += 1
    found.why = why
    found.due = now + pause(found.tries)
    if outcome == "sent":
        found.state = SENT
    elif outcome == "refused" or now - found.at >= GIVEN_UP_MS:
        found.state = FAILED
    session.add(found)

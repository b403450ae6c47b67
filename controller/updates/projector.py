"""Projects what devices tell of their updates: when each has last told what of which release."""

from collections.abc import Callable, Sequence

from sqlmodel import Session, delete

from controller.ingest import Projector, Row
from controller.updates.models import Told

TAKEN, READY, DONE, FAILED = "update.taken", "update.ready", "update.done", "update.failed"


class UpdateProjector(Projector):
    """`told()` is called, on the writer's thread, when something new is committed."""

    kinds = frozenset({TAKEN, READY, DONE, FAILED})

    def __init__(self, told: Callable[[], None] = lambda: None) -> None:
        self._told = told

    def project(self, session: Session, rows: Sequence[Row]) -> None:
        """Take events into the table."""
        for row in rows:
            device, rel = row.device, str(row.data["rel"])
            found = session.get(Told, (device, rel)) or Told(device=device, rel=rel)
            if row.kind == TAKEN:
                found.taken = max(found.taken, row.at)
            elif row.kind == READY:
                found.ready = max(found.ready, row.at)
            elif row.kind == DONE:
                found.done = max(found.done, row.at)
            elif row.at >= found.failed:
                found.failed, found.why = row.at, str(row.data["why"])
            session.add(found)
            session.flush()

    def committed(self, rows: Sequence[Row]) -> None:
        """Have rollouts look again."""
        self._told()

    def reset(self, session: Session) -> None:
        """Empty the table."""
        session.exec(delete(Told))

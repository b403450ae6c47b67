"""Projects what devices' events tell of configurations that they gave up: at once, or after three crashes."""

from collections.abc import Sequence

from sqlmodel import Session, delete

from controller.fleet.configuration.models import Rejection
from controller.ingest import Projector, Row


class RejectionProjector(Projector):
    """One row a device and site: the last. Keeps nothing in memory."""

    kinds = frozenset({"config.rejected"})

    def project(self, session: Session, rows: Sequence[Row]) -> None:
        """Take events into the table."""
        for row in {(row.site, row.device): row for row in rows}.values():
            told, why = (str(row.data[name]).replace("\0", "?") for name in ("hash", "why"))
            session.merge(Rejection(site=row.site, device=row.device, hash=told, why=why, at=row.time))
        session.flush()

    def reset(self, session: Session) -> None:
        """Empty the table."""
        session.exec(delete(Rejection))

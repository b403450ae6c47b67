"""A projector for tests: for each site and device the events and the sum of their numbers, in the order they came."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlmodel import Session

from controller.db import Database
from controller.ingest import Projector, Row

POISON = 13  # the number of a ticket on which the tally fails


class Tally(Projector):
    """Counts `ticket.rated` events; raises on the unlucky number."""

    kinds = frozenset({"ticket.rated"})

    def __init__(self) -> None:
        self.published: list[Row] = []
        self.poison = False

    def create(self, db: Database) -> None:
        """Make the table where it is not there; it is no table of the controller's."""
        db.write(
            lambda session: session.execute(
                text(
                    "CREATE TABLE IF NOT EXISTS tally (site TEXT, device TEXT,"
                    " events INTEGER, total INTEGER, chain INTEGER, PRIMARY KEY (site, device))"
                )
            )
        )

    def project(self, session: Session, rows: Sequence[Row]) -> None:
        for row in rows:
            number = row.data["no"]
            if self.poison and number == POISON:
                raise ValueError("an unlucky number")
            values = {"site": row.site, "device": row.device, "no": number}
            session.execute(text("INSERT INTO tally VALUES (:site, :device, 0, 0, 0) ON CONFLICT DO NOTHING"), values)
            session.execute(
                text(
                    "UPDATE tally SET events = events + 1, total = total + :no, chain = (chain * 31 + :no) % 1000003"
                    " WHERE site = :site AND device = :device"
                ),
                values,
            )

    def committed(self, rows: Sequence[Row]) -> None:
        self.published += rows

    def reset(self, session: Session) -> None:
        session.execute(text("DELETE FROM tally"))


def tallies(db: Database) -> list[tuple[str, str, int, int, int]]:
    """Return the table, sorted."""
    with db.read() as session:
        return [tuple(row) for row in session.execute(text("SELECT * FROM tally ORDER BY site, device"))]

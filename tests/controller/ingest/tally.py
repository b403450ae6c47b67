"""A projector for tests: for each site and device the events and the sum of their numbers, in the order they came."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlmodel import Session

from controller.db import Database
from controller.ingest import Projector, Row

CHAIN = 1_000_003  # chain = chain * 31 + number, modulo this: another order gives another one
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
                    " events BIGINT, total BIGINT, chain BIGINT, PRIMARY KEY (site, device))"
                )
            )
        )

    def project(self, session: Session, rows: Sequence[Row]) -> None:
        sums: dict[tuple[str, str], list[int]] = {}
        for row in rows:
            number = row.data["no"]
            assert isinstance(number, int)
            if self.poison and number == POISON:
                raise ValueError("an unlucky number")
            mine = sums.setdefault((row.site, row.device), [0, 0, 1, 0])
            mine[0] += 1
            mine[1] += number
            mine[2] = mine[2] * 31 % CHAIN
            mine[3] = (mine[3] * 31 + number) % CHAIN
        for (site, device), (events, total, factor, chain) in sums.items():
            session.execute(
                text(
                    "INSERT INTO tally VALUES (:site, :device, :events, :total, :chain) ON CONFLICT (site, device) DO"
                    " UPDATE SET events = tally.events + :events, total = tally.total + :total,"
                    " chain = (tally.chain * :factor + :chain) % 1000003"
                ),
                {"site": site, "device": device, "events": events, "total": total, "factor": factor, "chain": chain},
            )

    def committed(self, rows: Sequence[Row]) -> None:
        self.published += rows

    def reset(self, session: Session) -> None:
        session.execute(text("DELETE FROM tally"))


def tallies(db: Database) -> list[tuple[str, str, int, int, int]]:
    """Return the table, sorted."""
    with db.read() as session:
        return [tuple(row) for row in session.execute(text("SELECT * FROM tally ORDER BY site, device"))]

"""Projects what devices' events tell of paper, faults, boots and their journal."""

from collections.abc import Sequence

from sqlmodel import Session, delete

from controller.incidents.judging.watch import BAD_RESETS, REMEMBERED
from controller.incidents.models import Condition
from controller.ingest import Projector, Row


class ConditionProjector(Projector):
    """One row a device and site. Keeps nothing in memory."""

    kinds = frozenset(
        {"paper.ok", "paper.low", "paper.out", "fault.raised", "fault.cleared", "device.booted", "journal.full"}
    )

    def project(self, session: Session, rows: Sequence[Row]) -> None:
        """Take events into the table."""
        touched: dict[tuple[str, str], Condition] = {}
        for row in rows:
            key = row.site, row.device
            found = touched.get(key) or session.get(Condition, key)
            if found is None:
                found = Condition(site=row.site, device=row.device, paper="", fault="", full=0, crashes=[])
            take(found, row)
            touched[key] = found
        for found in touched.values():
            session.add(found)
        session.flush()

    def reset(self, session: Session) -> None:
        """Empty the table."""
        session.exec(delete(Condition))


def take(found: Condition, row: Row) -> None:
    """Take one event into what is known of its device."""
    if row.kind.startswith("paper."):
        found.paper = row.kind.removeprefix("paper.")
    elif row.kind == "journal.full":
        found.full = max(found.full, row.time)
    elif row.kind == "device.booted":
        found.paper = found.fault = ""  # it tells both anew once it has looked
        if row.data.get("reset") in BAD_RESETS:
            found.crashes = [*found.crashes, [row.boot, row.time]][-REMEMBERED:]
    else:
        code = str(row.data.get("code"))
        others = set(found.fault.split()) - {code}
        found.fault = " ".join(sorted(others | {code} if row.kind == "fault.raised" else others))

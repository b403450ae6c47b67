"""Projects what devices' events tell of paper, faults, boots and their journal."""

from collections.abc import Sequence

from sqlmodel import Session, col, delete, select

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
        devices = {row.device for row in rows}
        known = session.exec(select(Condition).where(col(Condition.device).in_(devices)))
        found = {(one.site, one.device): one for one in known}
        for row in rows:
            key = row.site, row.device
            if key not in found:
                found[key] = Condition(site=row.site, device=row.device, paper="", fault="", full=0, crashes=[])
            take(found[key], row)
        session.add_all(found.values())
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

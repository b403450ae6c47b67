"""What became of each board: a table for people, and a CSV that also says what need not be done again."""

import csv
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from provisioning.controller import Place
from provisioning.errors import DiskError, UsageError

SEEN, WRITTEN = "seen", "written"  # the controller has seen it; or it was not asked
UNSEEN, FAILED, SKIPPED = "unseen", "failed", "skipped"
DONE = (SEEN, WRITTEN)
_COLUMNS = ("finished", "port", "device", "chip", "flash", "site", "position", "role", "generation", "outcome")
_LAST = ("seconds", "said")
_COLOURS = {SEEN: "green", WRITTEN: "green", UNSEEN: "yellow", SKIPPED: "yellow", FAILED: "red"}


@dataclass
class Made:
    """What became of one board. It holds no secret."""

    port: str
    place: Place  # that was asked for
    outcome: str = FAILED
    device: str = ""
    chip: str = ""
    flash: int = 0  # bytes
    generation: int = 0
    code: int = 0  # of the error, an exit code
    said: str = ""  # why it is as it is, one line
    seconds: float = 0.0
    finished: str = ""  # ISO 8601, UTC
    claimed: bool = False  # whether a claim waits for it
    stands: Place | None = None  # what the claim says

    @property
    def where(self) -> Place:
        """Where it stands, or was to stand."""
        return self.stands or self.place

    @property
    def row(self) -> dict[str, str]:
        """Its line of the CSV."""
        values = (
            self.finished, self.port, self.device, self.chip, str(self.flash), self.where.site, self.where.position,
            self.where.role, str(self.generation), self.outcome, f"{self.seconds:.1f}", self.said,
        )  # fmt: skip
        return dict(zip((*_COLUMNS, *_LAST), values, strict=True))


def table(rows: list[Made]) -> Table:
    """Return the rows for a terminal."""
    made = Table("port", "device", "chip", "flash", "place", "outcome", "s")
    for row in rows:
        made.add_row(
            escape(row.port.rpartition("/")[2]),
            row.device,
            row.chip,
            f"{row.flash >> 20} MB" if row.flash else "",
            str(row.where),
            f"[{_COLOURS[row.outcome]}]{row.outcome}",
            f"{row.seconds:.0f}",
        )
    return made


def append(file: Path, row: Made | None = None) -> None:
    """Add a row to the CSV; it is made, with its heading, where there is none. Raises DiskError."""
    try:
        with file.open("a", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, (*_COLUMNS, *_LAST), lineterminator="\n")
            if not out.tell():
                writer.writeheader()
            if row is not None:
                writer.writerow(row.row)
    except OSError as error:
        raise DiskError(f"the report {file} cannot be written ({error.strerror}): name another place") from error


def done(file: Path) -> set[tuple[str, str]]:
    """Return the sites and positions that an earlier report says are done. Raises UsageError where it is no report."""
    if not file.exists():
        return set()
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            heading, found = reader.fieldnames, list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"the report {file} cannot be read: name another with --report") from error
    if heading is not None and tuple(heading) != (*_COLUMNS, *_LAST):
        raise UsageError(f"{file} is no report of this command: name another with --report")
    return {(row["site"], row["position"]) for row in found if row["outcome"] in DONE and row["site"]}

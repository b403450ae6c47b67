"""One row of the measured table, and the table as Markdown."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure: what was measured, its value and unit, the reference measured beside it, and the target."""

    name: str
    value: float
    unit: str
    reference: str = ""  # what it was measured against, with its figure, in the same run
    target: str = ""  # in words, "" where there is none
    met: bool | None = None  # None where there is no target


def as_markdown(about: dict[str, str], rows: list[Row]) -> str:
    """Return the table with a heading that says where and when it was taken."""
    head = f"# Measured\n\n{about['taken']}, {about['machine']}, Python {about['python']}. Made by `make bench`.\n\n"
    lines = ["| what | measured | beside it in the same run | target | |", "|---|---:|---|---|---|"]
    for row in rows:
        figure = f"{row.value:,.0f}" if abs(row.value) >= 100 else f"{row.value:.3g}"
        mark = "" if row.met is None else ("met" if row.met else "MISSED")
        lines.append(f"| {row.name} | {figure} {row.unit} | {row.reference} | {row.target} | {mark} |")
    return head + "\n".join(lines) + "\n"

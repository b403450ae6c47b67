"""Where the boards of a batch are to stand, in the order in which they come."""

import csv
import re
from pathlib import Path

from provisioning.controller import Place
from provisioning.errors import UsageError
from provisioning.identity import ROLES

_ID = re.compile(r"[a-z0-9-]{1,32}")


def place(site: str, position: str, role: str, named: bool = False) -> Place:
    """Return a place, or a spare that has a role only. `named`: the token may say it instead. Raises UsageError."""
    if role and role not in ROLES:
        raise UsageError(f"there is no role {role!r}: take one of {', '.join(ROLES)}")
    if bool(site) != bool(position) or not (site or role or named):
        raise UsageError("say where the device is to stand with --site and --position, or --spare with its role")
    if site and not (_ID.fullmatch(site) and _ID.fullmatch(position)):
        raise UsageError(f"{site}/{position} is no place: ids have a-z, 0-9 and -, at most 32")
    return Place(site, position, role)


def read(file: Path) -> list[Place]:
    """Return the places of a CSV `site,position[,role]`, with or without that heading, in their order.

    Spreadsheets may part columns by semicolons. Raises UsageError with the number of the line.
    """
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the list {file} cannot be read: write a CSV with site,position") from error
    delimiter = ";" if lines and ";" in lines[0] else ","
    found = []
    for number, row in enumerate(csv.reader(lines, delimiter=delimiter), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and cells[0] == "site"):
            continue
        try:
            site, position, role = [*cells, "", ""][:3]
            one = place(site, position, role)
        except UsageError as error:
            raise UsageError(f"the list {file}, line {number}: {error}") from None
        if one in found and one.site:
            raise UsageError(f"the list {file}, line {number}: {one} stands there twice")
        found.append(one)
    if not found:
        raise UsageError(f"the list {file} is empty: write a CSV with site,position")
    return found

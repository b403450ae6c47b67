"""Where an account may act: at sites, and in sub-districts, which are the sites that are in them at the moment.

A scope is a text of entries with spaces between: `genteng-kulon` a site, `district:srono` a sub-district; "" is
everywhere. It is kept as it was given and looked up each time somebody asks: a site that moves to another sub-district
follows at once.
"""

import re

from sqlalchemy import String, column, table
from sqlmodel import Session, select

PATTERN = r"(district:)?[a-z0-9-]{1,32}"
ENTRY = re.compile(PATTERN)
DISTRICT = "district:"
# All that accounts know of the fleet, which comes after them: which site is in which sub-district.
SITES = table("fleet_site", column("id", String), column("district", String))


def sites_of(session: Session, scope: str) -> frozenset[str] | None:
    """Return the sites of a scope, None for everywhere. A sub-district without sites is nowhere."""
    entries = scope.split()
    if not entries:
        return None
    districts = [one.removeprefix(DISTRICT) for one in entries if one.startswith(DISTRICT)]
    sites = {one for one in entries if not one.startswith(DISTRICT)}
    if districts:
        sites |= set(session.exec(select(SITES.c.id).where(SITES.c.district.in_(districts))))
    return frozenset(sites)

"""Kinds of incident: a table of what each is, how long its cause has to last, and its words."""

from typing import NamedTuple

from controller.web.i18n import N_

MINUTE_MS = 60_000


class Kind(NamedTuple):
    """One kind. `urgent`: people cannot be served, or soon will not be. `hold`: ms for which the cause has to be seen
    before an incident is opened; a state is up to five minutes old, so what is read from states takes two of them.
    """

    urgent: bool
    hold: int
    text: str


SITE_GONE = "site_gone"
OFFLINE = "offline"
PAPER_OUT = "paper_out"
PAPER_LOW = "paper_low"
FAULT = "fault"
CLOCK = "clock"
HEAP = "heap"
BACKLOG = "backlog"
CRASHES = "crashes"
JOURNAL = "journal"
CONFIG = "config"

KINDS: dict[str, Kind] = {
    SITE_GONE: Kind(True, 0, N_("The whole hall is out of reach: look at its electricity and its uplink")),
    OFFLINE: Kind(True, 0, N_("A device is out of reach: look at its plug and its network")),
    PAPER_OUT: Kind(True, 0, N_("Paper is out: put in a new roll")),
    PAPER_LOW: Kind(False, 0, N_("Paper is low: have a new roll ready")),
    FAULT: Kind(True, 0, N_("A device reports a fault: its screen says what to do")),
    CLOCK: Kind(False, 11 * MINUTE_MS, N_("A device has no trusted clock: change the battery of its clock")),
    HEAP: Kind(False, 16 * MINUTE_MS, N_("A device is short of memory: restart it and tell the admin")),
    BACKLOG: Kind(False, 16 * MINUTE_MS, N_("Events of a device do not get through: look at the hall's uplink")),
    CRASHES: Kind(True, 0, N_("A device crashes again and again: swap it")),
    JOURNAL: Kind(True, 0, N_("The memory of a device is nearly full: get the internet back today")),
    CONFIG: Kind(False, 0, N_("A device refuses its configuration: change it, the old one is in use")),
}

CAUSES = {
    "power": N_("The electricity was off"),
    "uplink": N_("The devices had electricity: it was the uplink"),
}
"""Why a whole hall was out of reach, once that can be told."""

"""The words and shapes of halls and their incidents."""

from controller.incidents.halls.glance import Stand
from controller.web.i18n import N_
from controller.web.shell.widgets import State

STANDS: dict[Stand, tuple[State, str]] = {
    "urgent": ("bad", N_("Cannot serve")),
    "troubled": ("warn", N_("Needs a look")),
    "good": ("good", N_("Well")),
    "silent": ("busy", N_("Not in reach just now")),
    "closed": ("off", N_("Closed, switched off")),
    "bare": ("off", N_("No device yet")),
}
KINDS = {
    "site_gone": N_("Hall out of reach"),
    "offline": N_("Device out of reach"),
    "paper_out": N_("Paper is out"),
    "paper_low": N_("Paper is low"),
    "fault": N_("Fault"),
    "clock": N_("Clock not trusted"),
    "heap": N_("Short of memory"),
    "backlog": N_("Events do not get through"),
    "crashes": N_("Crashes again and again"),
    "journal": N_("Memory nearly full"),
    "config": N_("Refuses its configuration"),
}
DONE = {
    "opened": N_("Found"),
    "acknowledged": N_("Taken on"),
    "comment": N_("Comment"),
    "closed": N_("Over"),
}

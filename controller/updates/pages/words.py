"""The words of rollouts: how they and their devices stand, and why a device is left out or has failed."""

from controller.web.i18n import N_
from controller.web.shell.widgets import State

STANDS: dict[str, tuple[State, str]] = {
    "planned": ("off", N_("Planned")),
    "running": ("busy", N_("Runs")),
    "paused": ("warn", N_("Paused")),
    "stopped": ("bad", N_("Has stopped: too many failures")),
    "done": ("good", N_("Finished")),
    "cancelled": ("off", N_("Cancelled")),
}
STEPS: dict[str, tuple[State, str]] = {
    "pending": ("off", N_("Waits for its turn")),
    "ordered": ("busy", N_("Ordered")),
    "taken": ("busy", N_("Fetches it")),
    "ready": ("busy", N_("Waits for a quiet moment")),
    "trial": ("busy", N_("On trial")),
    "recalled": ("busy", N_("Called back")),
    "done": ("good", N_("Done")),
    "failed": ("bad", N_("Failed")),
    "skipped": ("off", N_("Left out")),
    "gone": ("off", N_("Not there any more")),
    "cancelled": ("off", N_("Cancelled")),
}
WHY = {
    "no_ring": N_("its site is in no ring"),
    "role": N_("the release is not for its role"),
    "runs": N_("it runs this release"),
    "too_old": N_("its firmware knows no updates"),
    "offline": N_("away for too long"),
    "signature": N_("the signature is wrong"),
    "manifest": N_("the manifest is wrong"),
    "abi": N_("not for its interpreter"),
    "least": N_("its firmware is too old for this release"),
    "older": N_("the release is older than what it runs"),
    "crashed": N_("it crashed with the release and went back"),
    "went_back": N_("it went back to the release before"),
    "given_up": N_("it has given the release up"),
    "bad": N_("it has given the release up"),
    "no_key": N_("it has no key of releases"),
    "unknown_op": N_("its firmware knows no updates"),
    "not_taken": N_("it did not take the order in time"),
    "not_ready": N_("it did not get the bundle in time"),
    "not_done": N_("it did not restart and confirm in time"),
    "cancelled": N_("called back"),
}

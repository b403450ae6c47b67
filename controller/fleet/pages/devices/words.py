"""The words and shapes of devices: standings, commands and what came of them."""

from controller.fleet.models import Device
from controller.web.i18n import N_
from controller.web.shell.widgets import State

STATUS = {
    "in_use": N_("In use"),
    "spare": N_("Spare"),
    "claimed": N_("Claimed, not seen yet"),
    "out_of_use": N_("Out of use"),
}
OPS = {
    "identify": N_("Make itself known"),
    "reboot": N_("Restart"),
    "test_print": N_("Print a test slip"),
    "test_display": N_("Test the display"),
    "test_speaker": N_("Test the speaker"),
    "send_logs": N_("Send its log"),
    "log_level": N_("Say more or less in its log"),
    "clear_wifi": N_("Forget Wi-Fi learnt in the hall"),
    "factory_reset": N_("Factory reset"),
}
RISKY = ("reboot", "clear_wifi", "factory_reset")  # of which a hall notices something
LEVELS = {"0": N_("nothing"), "1": N_("faults"), "2": N_("news"), "3": N_("everything")}
AGES = {"300": N_("5 minutes"), "3600": N_("1 hour"), "86400": N_("1 day"), "604800": N_("1 week")}  # seconds
STATES: dict[str, tuple[State, str]] = {
    "pending": ("busy", N_("Waits for the device")),
    "sent": ("busy", N_("Sent")),
    "done": ("good", N_("Done")),
    "refused": ("bad", N_("Refused")),
    "failed": ("bad", N_("Failed")),
    "expired": ("off", N_("Never went")),
    "unknown": ("warn", N_("No answer")),
}
WEAK_DBM = -75  # of Wi-Fi from which on halls have trouble; the same for the quick filter and the column
LOW_HEAP = 20_000  # bytes
MUCH = 100  # events that wait


def presence(device: Device) -> tuple[State, str]:
    """Return whether a device is there: colour and word."""
    if not device.sealed:
        return "off", N_("Not trusted")
    if device.online:
        return "good", N_("In reach")
    return ("bad", N_("Out of reach")) if device.seen else ("off", N_("Never heard of"))

"""What devices say of themselves in columns of their own, so that it can be searched and sorted by."""

import re

from controller.fleet.models import Device

NUMBERS = ("heap", "rssi", "backlog", "boots", "uptime")
LARGEST = 2**53
VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})", re.ASCII)


def note(device: Device, state: dict[str, object]) -> None:
    """Write down in a device's columns what its state says."""
    for name in NUMBERS:
        value = state.get(name)
        setattr(device, name, value if type(value) is int and abs(value) <= LARGEST else None)
    device.code = str(state.get("code") or "").replace("\0", "?")
    device.release = number(str(state.get("fw") or ""))


def number(fw: str) -> int | None:
    """Return a version as a number that rises with it, as a release's `seq` does; None for what is no version."""
    found = VERSION.match(fw)
    if found is None:
        return None
    major, minor, patch = map(int, found.groups())
    return major * 1_000_000 + minor * 1000 + patch

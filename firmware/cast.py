"""Which part a device plays in its hall. A role's modules are imported where it is made: the others take no memory."""

ROLES = ("kiosk", "display", "counter")


def make(role: str, parts, hall, clock, note, status, device: str, boot: int):
    """The role called `role` on its `parts`. Raises ValueError for one that this firmware does not know."""
    if role == "kiosk":
        from firmware.roles.kiosk import Kiosk

        return Kiosk(parts, hall, clock, note, status, device, boot)
    if role == "display":
        from firmware.roles.display import Display

        return Display(parts, hall, clock, status)
    if role == "counter":
        from firmware.roles.counter import Counter

        return Counter(parts, hall, clock, status, device, boot)
    raise ValueError("no such role: %s" % role)

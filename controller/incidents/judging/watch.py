"""How long a device or a hall has been away, however often it comes and goes. Pure; times are Unix ms.

A device that comes for half a minute and goes again has not been back: an absence ends only when it has lasted for
`SETTLE_MS` that it is there. So what flaps is one long absence and not many short ones.
"""

from typing import NamedTuple

SETTLE_MS = 120_000  # what has got better has to stay so for this long
HOUR_MS = 3_600_000
BAD_RESETS = ("crash", "watchdog")
REMEMBERED = 8  # crashes of a device


class Watch(NamedTuple):
    """What is known of one device's, or one hall's, coming and going.

    Attributes:
        there: whether it was there at the last look.
        changed: when that was first seen so.
        away: when its present absence began, 0 for none.
        boots: the count of its boots when it was last there.
        crashes: [boots, when] of its last boots after a crash, as its states have told them.
    """

    there: bool = True
    changed: int = 0
    away: int = 0
    boots: int = 0
    crashes: tuple[tuple[int, int], ...] = ()


def looked(watch: Watch | None, there: bool, now: int) -> Watch:
    """Return the watch after a look. What is looked at for the first time is away from now on at the earliest."""
    if watch is None:
        return Watch(there, now, 0 if there else now)
    if there != watch.there:
        watch = watch._replace(there=there, changed=now)
    if there and now - watch.changed >= SETTLE_MS:
        return watch._replace(away=0)
    if not there and not watch.away:
        return watch._replace(away=now)
    return watch


def booted(watch: Watch, boots: int, reset: str, at: int) -> Watch:
    """Return the watch after a state that says how often its device has booted, why, and when (Unix ms) it did."""
    crashes = watch.crashes
    if reset in BAD_RESETS and boots not in dict(crashes):
        crashes = (*crashes, (boots, at))[-REMEMBERED:]
    return watch._replace(boots=boots, crashes=crashes)

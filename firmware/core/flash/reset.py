"""A device forgets what it was told: noted first, done by the next boot, so that a power cut leaves the old or the new.

The identity, the slots and the journal stay. So do the commands seen, or the order to forget would be carried out
again; the place of the hall's queue, whose numbers in people's hands are not ours to forget; and of the connection the
secret, the brokers and the CA in force, for those of the identity may be over. Its networks go on trial.
"""

import os

from firmware.core import crashlog
from firmware.core.flash import frames
from firmware.core.flash.settings import RESET

FORGOTTEN = ("config", "good", "time", "log", "update")


def begin(settings, clear: bool) -> None:
    """Note it; from here on it is done. `clear`: the identity knows networks. Raises OSError."""
    settings.save(RESET, clear)


def finish(settings, folder: str) -> None:
    """Do what was noted; again where the power went meanwhile. Never raises: a flash that fails is asked at the next
    boot."""
    try:
        kept = settings.load("connection")
        if kept:
            kept["trial"], kept["bad"] = None, ""
            kept["hall"] = [] if settings.load(RESET) and "networks" in kept["set"] else None
            settings.save("connection", kept)
        names = os.listdir(folder)
        for name in FORGOTTEN:
            for one in (name, name + ".new"):
                if one in names:
                    os.remove(folder + "/" + one)
        if frames.load(crashlog.LAST) is not None:
            os.remove(crashlog.LAST)
        os.remove(folder + "/" + RESET)
    except OSError:
        pass

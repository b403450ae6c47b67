"""Modules that are needed for a while only: given back, they take no memory."""

import sys


def give_back(name: str) -> None:
    """Forget the module or package `name`, imported as "firmware.setup", and all below it.

    What was made from it goes with the last reference to it; the next import loads it from the flash again.
    """
    for one in list(sys.modules):
        if one == name or one.startswith(name + "."):
            del sys.modules[one]
    above, _, leaf = name.rpartition(".")
    package = sys.modules.get(above)
    if hasattr(package, leaf):
        delattr(package, leaf)

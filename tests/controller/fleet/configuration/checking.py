"""Checks documents as a device does, on CPython and on MicroPython: `checking.py ROOT FILE` prints 1 or 0 for each."""

import json
import sys


def fits(doc):
    """Whether a device can live with a document."""
    from firmware.core.flash.document import check
    from firmware.core.flash.settings import ConfigError

    try:
        check(doc)
    except ConfigError:
        return False
    return True


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    with open(sys.argv[2]) as file:  # noqa: PTH123 - MicroPython has no pathlib
        for line in file:
            print(int(fits(json.loads(line))))  # noqa: T201

"""What went wrong last, kept over the reset that followed."""

import io
import os
import sys

from firmware.core.flash import frames

LONGEST = 960  # characters: an event's text holds 1,024
LAST = "crash.last"  # the last one, as long as there is no later


def trace(error) -> str:
    """The traceback of `error`, its end where it is long; printable, so that it needs no more bytes than characters."""
    text = io.StringIO()
    sys.print_exception(error, text)  # pyright: ignore
    kept = text.getvalue()[-LONGEST:]  # pyright: ignore
    return "".join([c if " " <= c <= "~" or c == "\n" else "?" for c in kept])


def keep(path: str, error) -> None:
    """Save the traceback of `error`."""
    frames.save(path, trace(error).encode())


def take(path: str) -> str:
    """The traceback that was kept, "" for none; from now on it is the LAST."""
    kept = frames.load(path)
    if not kept:
        return ""
    try:
        os.rename(path, LAST)
    except OSError:
        os.remove(path)  # told once is better than at each boot
    return kept.decode()

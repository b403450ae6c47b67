"""What went wrong last, kept over the reset that followed."""

import io
import sys

from firmware.core import frames

LONGEST = 1_000  # bytes


def trace(error) -> str:
    """The traceback of `error`, its end where it is long."""
    text = io.StringIO()
    sys.print_exception(error, text)  # pyright: ignore
    return text.getvalue()[-LONGEST:]  # pyright: ignore


def keep(path: str, error) -> None:
    """Save the traceback of `error`."""
    frames.save(path, trace(error).encode())


def take(path: str) -> str:
    """The traceback that was kept, "" for none."""
    kept = frames.load(path)
    return kept.decode() if kept else ""

"""esptool's log, which is one for the process: nothing is printed, and progress goes to the board that made it.

Each board is worked on by a thread of its own, so the thread says which board a word is about.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from esp_pylib.logger import EspLog, EspLogBase
from esptool.loader import HexFormatter  # type: ignore[import-untyped]  # ships no types
from esptool.reset import ResetStrategy  # type: ignore[import-untyped]

_here = threading.local()


class Quiet(EspLogBase):
    """Says nothing. What went wrong comes as an error, in words of our own."""

    def print(self, *args: object, **kwargs: object) -> None:
        """Say nothing."""

    def err(self, *args: object, suggestion: str | None = None) -> None:
        """Say nothing: the error follows."""

    def warn(self, *args: object, suggestion: str | None = None) -> None:
        """Say nothing."""

    def note(self, *args: object) -> None:
        """Say nothing."""

    def hint(self, *args: object) -> None:
        """Say nothing."""

    def debug(self, *args: object) -> None:
        """Say nothing."""

    def set_verbosity(self, mode: int | str) -> None:
        """Stay quiet."""

    def progress_bar(
        self, cur_iter: int, total_iters: int, prefix: str = "", suffix: str = "", bar_length: int = 30
    ) -> None:
        """Tell the thread's board how far it is."""
        tell = getattr(_here, "tell", None)
        if tell is not None and total_iters:
            tell(cur_iter / total_iters)


@contextmanager
def progress(tell: Callable[[float], None]) -> Iterator[None]:
    """Call `tell` with the share that is done, 0 to 1, while esptool writes in this thread."""
    _here.tell = tell
    try:
        yield
    finally:
        _here.tell = None


def hush() -> None:
    """Silence esptool, in this process."""
    EspLog.instance = quiet = Quiet()
    ResetStrategy.print_once = quiet.note  # has kept the log that was there when it was imported
    HexFormatter.__str__ = HexFormatter.__repr__  # else every byte that passes is spelt, for a trace that nobody reads

"""A child of the supervisor: started again when it ends, and bound to the supervisor's life."""

import asyncio
import ctypes
import logging
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Iterable

log = logging.getLogger(__name__)

FIRST_S = 0.2  # pause before a start, doubled at each failure
LONGEST_S = 15.0
STEADY_S = 30.0  # a child that has lived so long has not failed at its start
PR_SET_PDEATHSIG = 1  # linux/prctl.h

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Child:
    """Keeps one program running.

    Args:
        name: for the log.
        start: starts it, with `preexec_fn=bound()` and a session of its own.
        fatal: exit codes after which it is not started again.
    """

    def __init__(self, name: str, start: Callable[[], Awaitable[Process]], fatal: Iterable[int] = ()) -> None:
        self.name = name
        self.starts = 0
        self.fatal = set(fatal)
        self._start = start
        self._process: Process | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int:
        """Its process id, 0 while it is not running."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    async def keep(self) -> int:
        """Run it until it is stopped or ends fatally; return its last exit code."""
        failures = 0
        while True:
            began = time.monotonic()
            self._process = await self._start()
            self.starts += 1
            if self._stopping.is_set():
                self._process.terminate()
            code = await self._process.wait()
            if self._stopping.is_set() or code in self.fatal:
                return code
            failures = 0 if time.monotonic() - began > STEADY_S else failures + 1
            pause = min(LONGEST_S, FIRST_S * 2 ** max(0, failures - 1))
            log.error("%s has ended (%s) and is started again in %.1f s", self.name, _why(code), pause)
            try:
                await asyncio.wait_for(self._stopping.wait(), pause)
            except TimeoutError:
                continue
            return code

    async def stop(self, grace: float) -> None:
        """Ask it to end, and after `grace` seconds make it."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), grace)
        except TimeoutError:
            log.error("%s does not end and is killed", self.name)
            process.kill()
            await process.wait()


def bound() -> Callable[[], None] | None:
    """Return what a child does before it becomes its program: it is killed when this process ends, however it does.

    Nothing is lost by that: both children are made to be killed at any moment. None where the system cannot do it.
    """
    if _libc is None:
        return None
    libc, parent = _libc, os.getpid()

    def bind() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it has ended before we asked
            os._exit(1)

    return bind


def _why(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"

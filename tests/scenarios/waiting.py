"""Waiting for what shows in a database, in figures or in a log: they are asked again until it does."""

import asyncio
from collections.abc import Awaitable, Callable

from hil.device import HANGS

LOOK_S = 0.05


async def until(true: Callable[[], object | Awaitable[object]], what: str, hangs: float = HANGS) -> None:
    """Wait until `true()`, which may have to be awaited; a hang, after so many seconds, fails with `what`."""
    try:
        async with asyncio.timeout(hangs):
            while True:
                found = true()
                if await found if isinstance(found, Awaitable) else found:
                    return
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise AssertionError(f"hung: {what}") from None

"""Asking the hall until the answer is definite: a time-out means "unknown", and the same key is asked again."""

import asyncio

AGAIN_MS = 500


async def definite(hall, command, waiting=None, given_up=None):
    """The outcome "done" or "refused" of `command`; None once `given_up()` is true.

    `waiting()` is called after each answer that was not definite.
    """
    while True:
        try:
            answer = await hall.send(command)
        except (OSError, asyncio.TimeoutError):
            answer = None
        if answer is not None and answer["outcome"] != "unknown":
            return answer
        if waiting is not None:
            waiting()
        if given_up is not None and given_up():
            return None
        await asyncio.sleep_ms(AGAIN_MS)
        if given_up is not None and given_up():
            return None

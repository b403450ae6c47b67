"""Asking the hall until the answer is definite: a time-out means "unknown", and the same key is asked again."""

import asyncio

from protocol import codes

AGAIN_MS = 500
GIVEN_UP = "given up"
REFUSED = {
    "journal_full": codes.JOURNAL_FULL,
    "not_leader": codes.NOT_LEADER,
    "no_day": codes.NO_DAY,
    "full": codes.NUMBERS_FULL,
    "closed": codes.SERVICE_CLOSED,
}
"""Why a command was refused, as the code that a device shows."""


async def definite(hall, command, waiting, given_up=None) -> dict:
    """The outcome of `command`, "done" or "refused"; "given up" once `given_up()` is true.

    `waiting()` is called after each answer that was not definite.
    """
    while True:
        try:
            answer = await hall.send(command)
        except (OSError, asyncio.TimeoutError):
            answer = {"outcome": "unknown"}
        if answer["outcome"] != "unknown":
            return answer
        waiting()
        await asyncio.sleep_ms(AGAIN_MS)
        if given_up is not None and given_up():
            return {"outcome": GIVEN_UP}

"""What all roles share."""

import asyncio


class Role:
    """Has `_draw()`, which shows what is to be seen while nothing happens and no guest is in, and `_wake`, by which its
    `run` hears of what there is to do."""

    notice = ""
    guest = None  # waits, or is in: makes the coroutine that has the parts to itself, and sets an event at its end
    _hosting = False
    _board = None

    def __init__(self):
        self._wake = asyncio.Event()

    def notify(self, code: str) -> None:
        """Show a code while there is nothing better to show; "" for none."""
        self.notice = code
        self._draw()

    def quiet(self) -> bool:
        """Whether a restart would disturb nobody: nobody waits and nobody is served."""
        board = self._board or {"services": ()}
        return not any(one["waiting"] for one in board["services"])

    def invite(self, guest) -> None:
        """Let in `await guest(ended)` as soon as nobody needs the device; whoever does then cuts it off."""
        self.guest = guest
        self._wake.set()

    async def _host(self, guest, needed) -> None:
        """Let the guest have the parts until it is done, or until `needed()`."""
        self._hosting = True
        task = asyncio.create_task(guest(self._wake))
        try:
            await asyncio.sleep_ms(0)  # it begins, and so can end
            while not task.done() and not needed():
                self._wake.clear()
                await self._wake.wait()
        finally:
            task.cancel()
            while not task.done():
                await asyncio.sleep_ms(0)
            self.guest = None
            self._hosting = False
            self._draw()

    def _draw(self):
        raise NotImplementedError

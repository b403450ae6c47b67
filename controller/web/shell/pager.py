"""Pages of a list by falling ids: the newest first, then those before them."""

from collections.abc import Awaitable, Callable

from controller.web.shell.frame import Frame
from controller.web.shell.widgets import button, tag

NEWEST = 2**31 - 1


class Pager:
    """Two buttons, and where the page begins.

    Args:
        frame: the page.
        show: shows what begins below `before`, and calls `settle`.
    """

    def __init__(self, frame: Frame, show: Callable[[], Awaitable[None]]) -> None:
        self._show = show
        self._before = [NEWEST]
        self._last = 0
        _ = frame.say
        with tag("div", "pager"):
            self._newer = button(_("Newer"), press=self._back)
            self._older = button(_("Older"), press=self._on)

    @property
    def before(self) -> int:
        """The id below which the page that is shown begins."""
        return self._before[-1]

    def settle(self, last: int | None, more: bool) -> None:
        """Take in the last id that is shown, and whether there are any before it."""
        self._last = last or 0
        self._newer.props["disabled"] = len(self._before) == 1
        self._older.props["disabled"] = not more

    async def anew(self) -> None:
        """Something else is asked for: begin with the newest."""
        self._before = [NEWEST]
        await self._show()

    async def _on(self) -> None:
        self._before.append(self._last)
        await self._show()

    async def _back(self) -> None:
        if len(self._before) > 1:
            self._before.pop()
        await self._show()

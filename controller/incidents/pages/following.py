"""How open pages follow what changes."""

from collections.abc import Awaitable, Callable

from controller.incidents.halls.glance import SiteGlance
from controller.web.shell.frame import Frame


def halls_of(frame: Frame) -> dict[str, SiteGlance]:
    """Return the halls that the reader may see, by id. Blocks."""
    return {one.id: one for one in frame.parts.incidents.glances.now() if frame.may("viewer", one.id)}


def when_changed(frame: Frame, show: Callable[[], Awaitable[None]], id_: int = 0) -> Callable[[], Awaitable[None]]:
    """Return what calls `show` where an incident has changed since the last call: any, or the one with `id_`."""
    queue = frame.parts.incidents.follow()
    frame.client.on_delete(lambda: frame.parts.incidents.leave(queue))

    async def look() -> None:
        changed = set()
        while not queue.empty():
            changed.add(queue.get_nowait())
        if None in changed or (id_ in changed if id_ else changed):
            await show()

    return look

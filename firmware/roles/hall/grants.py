"""A device that may lead hears who leads."""

import asyncio

from firmware.core.loan import give_back


class Grants:
    """Takes grants of leadership, one at a time; the reply goes by `link`."""

    def __init__(self, leader, link):
        self._leader = leader
        self._link = link
        self._busy = False

    def take(self, id: str, args) -> None:
        """Begin to carry out the command `id`. One that comes meanwhile is dropped: the controller sends it again."""
        if not self._busy:
            self._busy = True
            asyncio.create_task(self._take(id, args))

    async def _take(self, id, args):
        from firmware.roles.hall.handover import take_over

        give_back("firmware.roles.hall.handover")
        give_back("firmware.core.uplink.blob")
        try:
            self._link.send("reply", await take_over(self._leader, args, id, self._link.inbox.request))
            self._link.appended()
        finally:
            self._busy = False

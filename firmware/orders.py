"""What the fleet orders of a device besides its configuration, and the restarts that follow from either."""

import asyncio

from firmware import cast
from firmware.core.flash.identity import placed
from firmware.core.update.updates import Updates

SECOND_MS = 1_000


class Orders:
    """Commands for a device on `board`; `link` says a birth again, `role` makes it seen, `note` an event of it."""

    def __init__(self, board, identity, settings, connection, link, role, clock, note):
        self._board = board
        self._identity = identity
        self._settings = settings
        self._connection = connection
        self._link = link
        self._role = role
        self.updates = Updates(settings, identity, clock, note, role.quiet, board.reset)

    def carry_out(self, op: str, args):
        """A fleet command: (outcome, reason). Raises OSError where the flash fails."""
        if op == "birth":
            self._link.rebirth()
        elif op == "identify":
            asyncio.create_task(self._role.identify())
        elif op == "reboot":
            asyncio.create_task(self._restart(lambda: True))
        elif op == "connect":
            return self._connection.offer(args.get("hash"), args.get("doc"))
        elif op == "update":
            return self.updates.order(args)
        elif op == "cancel":
            return self.updates.cancel(args)
        else:
            return "refused", "unknown_op"
        return "done", ""

    def moves(self, doc) -> bool:
        """Whether a configuration is for another place or role: once it is kept, the device restarts there.

        Raises ValueError where this board cannot be what it says.
        """
        if not self._elsewhere(doc):
            return False
        role = placed(doc)[2]
        if role not in cast.ROLES or not self._board.can(role):
            raise ValueError("this board cannot be a " + role)
        asyncio.create_task(self._restart(lambda: self._settings.doc and self._elsewhere(self._settings.doc)))
        return True

    def _elsewhere(self, doc):
        return placed(doc) != (self._identity.site, self._identity.position, self._identity.role)

    async def _restart(self, still):
        await asyncio.sleep_ms(SECOND_MS)  # the reply goes first
        if still():
            self._board.reset()

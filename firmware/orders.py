"""What the fleet orders of a device besides its configuration, and the restarts that follow from either.

What a seldom order needs is in `firmware/errands`, loaded for it and given back.
"""

import asyncio

from firmware import cast
from firmware.core.console import NEWS, console
from firmware.core.flash.identity import placed
from firmware.core.loan import give_back
from firmware.core.update.updates import Updates

LEVEL = "log"  # of the console, among the settings
SECOND_MS = 1_000


class Orders:
    """Commands for a device on `board` with `parts`; `link` says a birth again, `role` makes it seen, `note` an event
    of it; `leader` is None where it never leads."""

    def __init__(self, board, parts, identity, settings, connection, link, role, clock, journal, leader, note):
        self.board = board
        self.parts = parts
        self.identity = identity
        self.settings = settings
        self.connection = connection
        self._link = link
        self.role = role
        self.journal = journal
        self.leader = leader
        self.printing = False  # a test slip
        self.updates = Updates(settings, identity, clock, note, role.quiet, board.reset)
        level = settings.load(LEVEL)
        console.level = NEWS if level is None else level

    def carry_out(self, op: str, args, answer) -> None:
        """Carry out a fleet command and call `answer(outcome, reason, result)`, now or when it is done.

        Raises OSError where the flash fails.
        """
        console.say(NEWS, "command " + op)
        if op == "birth":
            self._link.rebirth()
            answer("done")
        else:
            from firmware.errands.errand import begin

            give_back("firmware.errands")
            begin(op, args, answer, self)

    def moves(self, doc) -> bool:
        """Whether a configuration is for another place or role: once it is kept, the device restarts there.

        Raises ValueError where this board cannot be what it says.
        """
        if not self._elsewhere(doc):
            return False
        role = placed(doc)[2]
        if role not in cast.ROLES or not self.board.can(role):
            raise ValueError("this board cannot be a " + role)
        self.restart(lambda: self.settings.doc and self._elsewhere(self.settings.doc))
        return True

    def restart(self, still) -> None:
        """Restart in a moment, if `still()`."""
        asyncio.create_task(self._restart(still))

    def _elsewhere(self, doc):
        return placed(doc) != (self.identity.site, self.identity.position, self.identity.role)

    async def _restart(self, still):
        await asyncio.sleep_ms(SECOND_MS)  # the reply goes first
        if still():
            self.board.reset()

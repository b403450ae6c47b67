"""Software updates as the node lives with them. What there is to do is in `work`, loaded while there is something."""

import asyncio

from firmware.core.loan import give_back

LOOK_MS = 1_000


class Updates:
    """`rel` is the release that runs, `bad` the last that was given up, "" for none; `trial`: `rel` is not confirmed.

    `pending` is the order that is carried out, or None. `quiet()`: a restart disturbs nobody.
    """

    def __init__(self, settings, identity, clock, note, quiet, reset):
        from firmware.core.update.work import begin

        give_back("firmware.core.update.work")
        self.settings = settings
        self.identity = identity
        self.clock = clock
        self.note = note
        self.quiet = quiet
        self.reset = reset
        self.slot = self.rel = self.bad = ""
        self.seq = 0
        self.pending = None
        self.trial = False
        begin(self)

    async def run(self, request, welcome) -> None:
        """Carry out orders, for ever. `request(op, args)` asks the controller; `welcome()`: it has answered."""
        while True:
            if self.pending:
                await self._carry_out(request, welcome)
            await asyncio.sleep_ms(LOOK_MS)

    async def _carry_out(self, request, welcome):
        from firmware.core.update.work import carry_out

        give_back("firmware.core.update.work")
        await carry_out(self, request, welcome)

"""The kiosk: a citizen presses a service's button and a ticket comes out; without paper the number is shown large."""

import asyncio

from firmware.drivers.printer import LOW, OK, PrintError
from firmware.roles.hall.asking import REFUSED, definite
from firmware.roles.role import Role
from firmware.roles.roll import Roll, job
from firmware.roles.words.names import digits
from protocol import codes
from protocol.announce import label

SERVICE_BUTTONS = "ABCDEFGH"  # the first for the first service, and so on
PRIORITY_BUTTON = "P"
PRIORITIES = ("", "elderly", "disabled", "pregnant", "infant")
PRIORITY_MS = 15_000  # a class chosen is forgotten after this
PENDING = 4  # presses remembered while a ticket is printing
REFUSED_MS = 4_000
STALE_MS = 60_000  # a ticket whose number comes later than this is not printed: nobody stands there any more
WATCH_MS = 1_000
PRINTER_EVERY = 10  # watches
READY = "SIAP"


class Kiosk(Role):
    """One press, one number. The hall's queue is behind `hall`, be it led here or elsewhere."""

    def __init__(self, parts, hall, clock, note, status, device: str, boot: int):
        """`note(kind, data)` writes an event; `status()` is the node's state; `device` and `boot` make keys unique."""
        self._hall = hall
        self._clock = clock
        self._status = status
        self._key_stem = "%s.%d." % (device, boot)
        self._keys = 0
        self._doc = {}
        self._board = None  # until the first day is open
        self._printer = parts["printer"]
        self._digits = parts["digits"]
        self._buttons = parts["buttons"]
        self._roll = Roll(note, parts.get("lamp"))
        self._pending = []
        self._busy = -1
        self._priority = 0
        self._chosen = 0
        self._slip = False
        self._confirm = None
        super().__init__()
        self._buttons.on_press = self.press
        self._buttons.on_hold = self.hold
        hall.on_board(self.board)
        self._draw()

    def configure(self, doc) -> None:
        """Take over a configuration."""
        self._doc = doc
        self._draw()

    def board(self, board, retained: bool = False) -> None:
        """The hall's newest board."""
        opened = self._board is None
        self._board = board if board["day"] else None
        if opened:
            self._draw()

    @property
    def fault(self) -> str:
        """The code of what is wrong with the printer or its paper, "" for nothing."""
        return self._roll.fault

    def quiet(self) -> bool:
        """Nor is anything printing."""
        return super().quiet() and self._busy < 0 and not self._pending

    def tasks(self):
        """(name, coroutine function) of what is to run."""
        return [("kiosk", self.run), ("buttons", self._buttons.run), ("printer", self.watch)]

    def press(self, name: str) -> None:
        """A button went down."""
        if self._confirm is not None:
            self._confirm.set()
        elif name == PRIORITY_BUTTON:
            self._priority = (self._priority + 1) % len(PRIORITIES)
            self._chosen = self._clock.up()
            self._wake.set()
            self._draw()
        elif name in SERVICE_BUTTONS and self._doc:
            i = SERVICE_BUTTONS.index(name)
            if i >= len(self._doc["services"]) or i == self._busy or len(self._pending) >= PENDING:
                return
            if all(i != one[0] for one in self._pending):  # an impatient second press is the same wish
                self._pending.append((i, self._doc["services"][i], PRIORITIES[self._priority]))
                self._priority = 0
                self._wake.set()

    def hold(self, name: str) -> None:
        """A button was held: the diagnosis slip, after what is printing."""
        self._slip = True
        if self._confirm is not None:
            self._confirm.set()
        self._wake.set()

    async def run(self) -> None:
        """Serve the presses one after another."""
        while True:
            if self._pending:
                self._busy, service, priority = self._pending.pop(0)
                try:
                    await self._issue(service, priority)
                finally:
                    self._busy = -1
                    self._draw()
            elif self._slip:
                self._slip = False
                await self._diagnose()
            elif self.guest is not None:
                await self._host(self.guest, lambda: self._pending or self._slip or self._priority)
                self._roll.shine()
            else:
                self._wake.clear()
                await self._wake.wait()

    async def watch(self) -> None:
        """Look after the printer, and forget a priority that nobody used."""
        watches = 0
        while True:
            if self._priority and self._clock.up() - self._chosen >= PRIORITY_MS:
                self._priority = 0
                self._draw()
            if watches % PRINTER_EVERY == 0:
                self._roll.see(await self._printer.status())
            watches += 1
            await asyncio.sleep_ms(WATCH_MS)

    async def _issue(self, service, priority: str) -> None:
        """A number for one press: printed, or shown until the citizen presses again."""
        if self._doc.get("paper", 1):
            state = await self._printer.status()
            self._roll.see(state)
            if state in (OK, LOW) and await self._issue_printed(service, priority):
                return
        outcome = await self._ask("issue", service=service["id"], priority=priority, paper=0)
        if outcome["outcome"] != "done":
            await self._refuse(outcome.get("reason", ""))
            return
        self._confirm = asyncio.Event()
        try:
            self._show(digits(label(service["letter"], outcome["ticket"])))
            await self._confirm.wait()
        finally:
            self._confirm = None

    async def _issue_printed(self, service, priority: str) -> bool:
        """Whether the press is answered; False: its number is burnt, go on without paper."""
        asked = self._clock.up()
        outcome = await self._ask("issue", service=service["id"], priority=priority, paper=1)
        if outcome["outcome"] != "done":
            await self._refuse(outcome.get("reason", ""))
            return True
        no = outcome["ticket"]
        if self._clock.up() - asked > STALE_MS:
            await self._ask("void", ticket=no, why="expired")
            return True
        text = label(service["letter"], no)
        self._show(digits(text))
        try:
            await self._printer.print(job("ticket", self._doc, self._clock.now(), service, text, self._board, priority))
        except PrintError as error:
            self._roll.see(error.why)
            await self._ask("void", ticket=no, why=error.why)
            return False
        await self._ask("printed", ticket=no)
        return True

    async def _ask(self, op: str, **operands):
        self._keys += 1
        operands["op"] = op
        operands["key"] = self._key_stem + str(self._keys)
        return await definite(self._hall, operands, lambda: self._show("----"))

    async def _refuse(self, reason: str) -> None:
        self._show(REFUSED.get(reason, codes.REFUSED_OTHER))
        await asyncio.sleep_ms(REFUSED_MS)

    async def _diagnose(self) -> None:
        status = self._status()
        try:
            await self._printer.print(job("slip", self._doc, self._clock.now(), status))
            self._roll.see(OK)
        except PrintError as error:
            self._roll.see(error.why)
            self._show(status.get("code") or self._roll.fault or READY)
            await asyncio.sleep_ms(REFUSED_MS)
        self._draw()

    def _draw(self) -> None:
        if self._busy >= 0 or self._hosting:
            return
        if self.notice or not self._doc:
            self._show(self.notice or codes.NO_CONFIG)
        elif self._board is None:
            self._show(codes.NO_DAY)
        else:
            self._show("P  %d" % self._priority if self._priority else READY)

    def _show(self, text: str) -> None:
        self._digits.show(text)

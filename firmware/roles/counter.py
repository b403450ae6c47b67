"""The counter's keypad: calls, serves and ends tickets, with a four-digit display.

A next - B again - C serve, then finish - D no-show - digits and # call that number - * clears;
* then 0 parks, * then 1 to 8 transfers to that service. * held shows the device's codes.
"""

import asyncio

from firmware.roles.hall.asking import definite
from firmware.roles.role import Role
from firmware.roles.words.diagnosis import pages
from firmware.roles.words.names import Names, digits
from firmware.roles.words.reasons import REASONS
from protocol.codes import NO_CONFIG

UNKNOWN = "----"
FUNCTION = "F"
REFUSED_MS = 2_000
PAGE_MS = 1_500


class Counter(Role):
    """Sends commands for one counter; each press has its key, asked until the outcome is definite."""

    def __init__(self, parts, hall, clock, status, device: str, boot: int):
        """`device` and `boot` make the keys of this device's commands its own."""
        self._hall = hall
        self._clock = clock
        self._status = status
        self._key_stem = "%s.%d." % (device, boot)
        self._keys = 0
        self._digits = parts["digits"]
        self._keypad = parts["keypad"]
        self._buttons = parts.get("buttons")
        self._doc = {}
        self._names = None
        self._counter = ""
        self._no = 0  # the ticket at this counter
        self._service = ""
        self._state = ""
        self._rev = -1  # boards before this revision do not know our last command yet
        self._newest = (-1, -1)
        self._board = None
        self._waiting = 0
        self._typed = ""
        self._command = None  # what is being asked
        self._pages = []  # what somebody asked to see, besides
        super().__init__()
        self._keypad.on_press = self.key
        self._keypad.on_hold = self.hold
        if self._buttons:
            self._buttons.on_hold = self.hold
        hall.on_board(self.board)
        self._draw()

    def configure(self, doc) -> None:
        """Take over a configuration."""
        self._doc = doc
        self._names = Names(doc)
        self._counter = doc["position"]["counter"]
        if self._board:
            self.board(self._board)
        self._draw()

    def tasks(self):
        """(name, coroutine function) of what must keep running."""
        tasks = [("counter", self.run), ("keypad", self._keypad.run)]
        if self._buttons:
            tasks.append(("buttons", self._buttons.run))
        return tasks

    def board(self, board, retained: bool = False) -> None:
        """Take a board: the ticket here, and how many wait."""
        version = (board["term"], board["rev"])
        if 0 <= self._newest[0] < board["term"]:
            self._rev = -1  # of another leader
        if version < self._newest or board["rev"] < self._rev:
            return
        self._newest = version
        self._board = board
        mine = self._mine()
        self._waiting = sum(one["waiting"] for one in board["services"] if not mine or one["id"] in mine)
        here = [one for one in board["counters"] if one["id"] == self._counter]
        no = here[0]["no"] if here else 0
        if no != self._no:
            self._service = ""
        self._no, self._state = no, here[0]["state"] if here else ""
        for call in board["calls"]:
            if call["no"] == self._no:
                self._service = call["service"]
                break
        self._draw()

    def key(self, key: str) -> None:
        """A key went down."""
        self._wake.set()
        if self._command is not None:
            if key == "*":  # stop asking; the board tells what became of it
                self._command = None
        elif key == "*":
            self._typed = "" if self._typed else FUNCTION
        elif self._typed == FUNCTION:
            self._typed = ""
            self._function(key)
        elif key in "0123456789":
            self._typed = (self._typed + key).lstrip("0")[-4:]
        elif key == "#":
            typed, self._typed = self._typed, ""
            if typed:
                self._ask("call", counter=self._counter, ticket=int(typed))
        else:
            self._typed = ""
            self._verb(key)
        self._draw()

    def hold(self, name: str) -> None:
        """A key was held: show what a technician asks."""
        if name in "*T":
            self._typed = ""
            self._pages = [short for _, short in pages(self._status())]
            self._wake.set()

    async def run(self) -> None:
        """Ask what was pressed; show what came of it."""
        while True:
            if self._command is not None:
                await self._carry_out(self._command)
                self._pages = []
            elif self._pages:
                await self._linger(self._pages.pop(0), PAGE_MS)
                if not self._pages:
                    self._draw()
            elif self.guest is not None:
                await self._host(self.guest, lambda: self._command or self._typed or self._pages)
            else:
                self._wake.clear()
                await self._wake.wait()

    def _mine(self):
        """Ids of this counter's services; empty for all."""
        for one in self._doc["counters"] if self._doc else ():
            if one["id"] == self._counter:
                return one["services"]
        return ()

    def _verb(self, key: str) -> None:
        if key == "A":
            self._ask("call_next", counter=self._counter)
        elif self._no:
            op = "recall" if key == "B" else "no_show" if key == "D" else "finish"
            if key == "C" and self._state == "called":
                op = "serve"
            self._ask(op, ticket=self._no)

    def _function(self, key: str) -> None:
        if not self._no:
            return
        if key == "0":
            self._ask("park", ticket=self._no)
        elif key in "12345678" and self._doc and int(key) <= len(self._doc["services"]):
            self._ask("transfer", ticket=self._no, service=self._doc["services"][int(key) - 1]["id"])

    def _ask(self, op: str, **operands) -> None:
        self._keys += 1
        operands["op"] = op
        operands["key"] = self._key_stem + str(self._keys)
        self._command = operands
        self._wake.set()

    async def _carry_out(self, command) -> None:
        answer = await definite(self._hall, command, self._unknown, lambda: self._command is not command)
        if self._command is command:
            self._command = None
        if answer["outcome"] == "refused":
            await self._linger(REASONS.get(answer.get("reason", ""), "ERR "), REFUSED_MS)
        elif answer["outcome"] == "done":
            self._learn(command, answer)
        self._draw()

    def _learn(self, command, answer) -> None:
        """What a done command means here, until a board says it."""
        op = command["op"]
        self._rev = max(self._rev, answer["rev"])
        if op in ("call_next", "call"):
            self._no, self._state = answer.get("ticket", 0), "called"
            self._service = answer.get("service", "")
        elif op == "serve":
            self._state = "serving"
        elif op != "recall":
            self._no, self._state = 0, ""

    async def _linger(self, text: str, ms: int) -> None:
        """Show `text` for a while, or until the next press."""
        self._digits.show(text)
        self._wake.clear()
        if self._command is None:
            try:
                await asyncio.wait_for_ms(self._wake.wait(), ms)
            except asyncio.TimeoutError:
                pass

    def _unknown(self) -> None:
        self._digits.show(UNKNOWN)

    def _draw(self) -> None:
        if self._command is not None or self._hosting:
            return
        if self._typed:
            self._digits.show(self._typed)
        elif self._no:
            name = self._names.label(self._service, self._no) if self._names else str(self._no)
            self._digits.show(digits(name), self._state == "serving")
        elif self.notice or not self._doc:
            self._digits.show(self.notice or NO_CONFIG)
        else:
            self._digits.show("N%3d" % min(999, self._waiting))

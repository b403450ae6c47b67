"""The hall's leader: decides, makes durable, applies, answers. One order, on this device's flash."""

from firmware.core.flash.journal import RESERVE
from protocol.board import board
from protocol.errors import Refused
from protocol.queue import Now, Rules, State, answer, apply, decide, outcome

SNAPSHOT_EVERY = 64  # events
TICKET = 768  # bytes of the journal for what becomes of one open ticket: called, called again, served, done
QUEUE_KINDS = ("ticket", "day", "service", "lead")


class Leader:
    """The port `Hall` of a role on the device that leads: `send` and `on_board`."""

    def __init__(self, journal, clock, position: str):
        """`position`: the id under which this device may lead ("kiosk-1")."""
        self.state = State()
        self.position = position
        self.journal = journal
        self._clock = clock
        self._rules = None
        self._callbacks = []
        self._full = False
        self._since = 0  # events since the last snapshot

    def configure(self, doc) -> None:
        """Take over a configuration document."""
        self._rules = Rules(doc, self.position)
        self._tell()

    def stand(self, settings, site: str) -> None:
        """Take up the queue where it was, unless the one in the journal is of a place where this device stood before.

        Raises OSError where the flash fails.
        """
        here = site + "/" + self.position
        stood = settings.load("place")
        if stood in (None, here):
            self.recover()
        else:
            self.journal.snapshot(self.state.dump())
        if stood != here:
            settings.save("place", here)

    def recover(self) -> None:
        """Load the newest snapshot and the events after it: the state is as before the power went."""
        value, later = self.journal.recover()
        if value is not None:
            self.state = State.load(value)
        for event in later:
            kind, data = event[4], event[5]
            if kind.split(".", 1)[0] in QUEUE_KINDS:
                apply(self.state, kind, data, event[1])
                self._since += 1

    def go_on(self, state) -> None:
        """Go on from a state that is on flash."""
        self.state = state
        self._since = 0
        self._tell()

    def on_board(self, callback) -> None:
        """Call `callback(board)` at each change."""
        self._callbacks.append(callback)

    async def send(self, command) -> dict:
        """Carry out a queue command; the outcome is definite and durable when this returns."""
        return self.command(command)

    def command(self, command) -> dict:
        """As `send`, for callers that are not asynchronous."""
        key = command["key"]
        first = answer(self.state, key)
        if first is not None:
            return first
        if self._rules is None:
            return self._refusal(key, "no_day")
        now = Now(*self._clock.now())
        try:
            events = decide(self.state, self._rules, command, now)
        except Refused as refusal:
            return self._refusal(key, refusal.reason)
        if not events:
            return {"key": key, "outcome": "done", "rev": self.state.rev}
        if not self._write(command["op"], events):
            return self._refusal(key, "journal_full")
        for kind, data in events:
            apply(self.state, kind, data, self.journal.t)  # the time that a replay will find
        self._keep(events)
        self._tell()
        return outcome(key, events, self.state)

    def tick(self) -> None:
        """Open the first day, roll it at midnight."""
        self.command({"op": "tick", "key": "tick.%d.%d" % (self.state.term, self.state.rev)})

    def board(self, line: str = "local") -> dict:
        """The board now."""
        return board(self.state, self._rules, Now(*self._clock.now()), line)

    def resume(self) -> None:
        """Mark the boot: tickets found begun become printed with doubt."""
        self.command({"op": "resumed", "key": "boot.%d.%d" % (self.state.term, self.journal.boot)})

    def _write(self, op: str, events) -> bool:
        """Make the events durable; new tickets leave room for what becomes of the old ones."""
        try:
            self.journal.append_many(events, RESERVE + TICKET * len(self.state.nos) // 2 if op == "issue" else 0)
            self._full = self._full and op != "issue"
            return True
        except OSError:
            if not self._full:
                self._full = True
                try:
                    self.journal.append("journal.full", {})
                except OSError:
                    pass
            return False

    def _refusal(self, key: str, reason: str) -> dict:
        return {"key": key, "outcome": "refused", "reason": reason, "rev": self.state.rev}

    def _keep(self, events) -> None:
        """A snapshot every 64 events and at a day's opening, so that segments before it can go."""
        self._since += len(events)
        if self._since >= SNAPSHOT_EVERY or any(kind == "day.opened" for kind, _ in events):
            try:
                self.journal.snapshot(self.state.dump())
                self._since = 0
            except OSError:
                pass  # the flash is full: the events are there, and the next one tries again

    def _tell(self) -> None:
        if self._callbacks and self._rules is not None:
            now = self.board()
            for callback in self._callbacks:
                callback(now)

"""A light kiosk that leads its hall's queue: the same state machine as the firmware's, over the light journal."""

import time

from hil.light.device import Json, Light
from protocol.queue import Now, Refused, Rules, State, answer, apply, decide, outcome

NTP = 4  # quality of its clock


class Leading:
    """The queue of the hall where `light` is the kiosk at `position`.

    It takes the controller's configurations, grants and commands; it leads once it has a configuration and a grant.

    Args:
        since: from when on (Unix ms) it says that it leads, where what has been is to be told; 0: when it is asked to.
    """

    def __init__(self, light: Light, position: str, since: int = 0) -> None:
        self.state = State()
        self._light, self._position, self._since = light, position, since
        self._rules: Rules | None = None
        self._number = 0
        light.configured = self._configure
        light.obey |= {"queue": self._queue, "lead": self._lead}

    def do(self, op: str, at: int = 0, **operands: str | int) -> Json:
        """Carry out a command of its own at a moment (Unix ms; 0 is now) and return the outcome."""
        self._number += 1
        return self.command({"op": op, "key": f"{self._light.device}.{self._number}", **operands}, at)

    def command(self, command: Json, at: int = 0) -> Json:
        """Return the outcome of a command (contract, section 4), the first where it is asked again."""
        key = str(command["key"])
        if (first := answer(self.state, key)) is not None:
            return first
        now = Now(at or int(time.time() * 1000), NTP)
        if self._rules is None:
            return {"key": key, "outcome": "refused", "reason": "no_day", "rev": self.state.rev}
        try:
            events = list(decide(self.state, self._rules, command, now))
        except Refused as refusal:
            return {"key": key, "outcome": "refused", "reason": refusal.reason, "rev": self.state.rev}
        for kind, data in events:
            apply(self.state, kind, data, now.t)
        self._light.write([(now.t, kind, data) for kind, data in events], NTP)
        return outcome(key, events, self.state)

    def _configure(self, doc: Json) -> None:
        self._rules = Rules(doc, self._position)

    def _queue(self, args: Json) -> Json:
        found = self.command(args)
        return {"outcome": found["outcome"], "result": found}

    def _lead(self, args: Json) -> Json:
        """Take a grant; one that is known already is as good as taken. Without a configuration it has to come again."""
        if self._rules is None:
            return {"outcome": "failed"}
        if int(str(args["term"])) > self.state.term:
            at = 0 if self.state.term else self._since
            self.do("grant", at, term=int(str(args["term"])), leader=str(args["leader"]))
        return {"outcome": "done"}

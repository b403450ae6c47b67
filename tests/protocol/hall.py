"""A hall on paper: a kiosk and the controller, each with its own memory, and what the line lets through."""

from protocol.canonical import encode
from protocol.queue import Now, Refused, Rules, State, answer, apply, decide, outcome
from protocol.queue.day import date

TZ = 420
DAY = 86_400  # s
START = 1_795_500_000 - (1_795_500_000 + TZ * 60) % DAY + 7 * 3600 + 1800  # 07:30 in the hall
SERVICES = ("adm", "kk", "skck")
COUNTERS = {"1": [], "2": ["adm"], "3": ["kk", "skck"]}
Event = tuple[str, dict, int]  # kind, data, t (Unix ms)


def document(share: int = 3) -> dict:
    """The configuration of the hall."""
    return {
        "v": 1,
        "site": {"id": "genteng-kulon", "name": "Desa Genteng Kulon", "tz": TZ},
        "position": {"id": "kiosk-1", "role": "kiosk", "name": "Kiosk 1", "counter": ""},
        "lang": "id",
        "bands": {"kiosk-1": [1, 40], "controller": [800, 839]},
        "share": share,
        "services": [{"id": one, "letter": one[0].upper(), "name": one, "need": "", "mins": 5} for one in SERVICES],
        "counters": [{"id": one, "name": f"Loket {one}", "services": COUNTERS[one]} for one in COUNTERS],
        "paper": 1,
    }


def day(t: int) -> str:
    """The hall's date at `t` (Unix s)."""
    return date(Now(t * 1000, 4), TZ)


class Leader:
    """One who may lead: a state, and a log of events with which it is rebuilt."""

    def __init__(self, me: str, share: int) -> None:
        self.me = me
        self.rules = Rules(document(share), me)
        self.state = State()
        self.log: list[Event] = []
        self.snapshot: tuple[dict, int] = (State().dump(), 0)
        self.given: list[tuple[str, dict]] = []  # outcomes by key, oldest first

    def command(self, op: str, key: str, now: Now, **operands: object) -> tuple[dict, list[Event]]:
        """The outcome of a command and its events, as the kiosk's leader does it. Deciding never changes the state."""
        first = answer(self.state, key)
        if first is not None:
            return first, []
        before = self.state.dump()
        try:
            made = decide(self.state, self.rules, {"op": op, "key": key, **operands}, now)
        except Refused as refusal:
            made = None
            found = {"key": key, "outcome": "refused", "reason": refusal.reason, "rev": self.state.rev}
        assert self.state.dump() == before, f"{op} has changed the state before its events were durable"
        if made is None:
            return found, []
        events = [(kind, data, now.t) for kind, data in made]
        self.take(events)
        found = outcome(key, made, self.state)
        if answer(self.state, key):
            self.given.append((key, found))
        return found, events

    def take(self, events: list[Event]) -> None:
        """Events that have become durable."""
        for event in events:
            self.log.append(event)
            apply(self.state, *event)

    def save(self) -> None:
        """Write a snapshot."""
        self.snapshot = (self.state.dump(), len(self.log))

    def rebuilt(self) -> State:
        """The state after a boot: the snapshot, as it comes from the flash, and the later events."""
        value, length = self.snapshot
        encode(value, 1 << 20)
        state = State.load(value)
        for event in self.log[length:]:
            apply(state, *event)
        return state

"""The state of a hall's queue. Small: 22 bytes an open ticket, one byte an ended one."""

import binascii
import struct

BEGUN, WAITING, CALLED, SERVING, PARKED, NOSHOW, DONE, RATED, VOID, EXPIRED = range(1, 11)
NAMES = ("", "begun", "waiting", "called", "serving", "parked", "noshow", "done", "rated", "void", "expired")
PRIORITIES = ("", "elderly", "disabled", "pregnant", "infant")
HIGHEST = 9999  # the largest number

FORM = "<BBBBIIII"  # service, priority, counter, flags, at, since, issued, rev
SIZE = 20  # bytes of it
TOUCHED, SCORED = 1, 2  # flags: by an event of this term; rated while served


class Ticket:
    """An open ticket as lists show it. `at`: its place, in seconds of the day; `since`, `issued`: Unix seconds."""

    __slots__ = ("at", "counter", "flags", "issued", "no", "priority", "rev", "service", "since", "status")

    def __init__(self, no, status, service, priority, counter, flags, at, since, issued, rev):
        self.no = no
        self.status = status
        self.service = service
        self.priority = priority
        self.counter = counter
        self.flags = flags
        self.at = at
        self.since = since
        self.issued = issued
        self.rev = rev


class State:
    """Everything the leader must remember. Compare two by their `dump()`."""

    def __init__(self):
        self.rev = 0  # counts queue events
        self.term = 0
        self.leader = ""  # the position that leads, "" for none
        self.serial = 0  # counts days
        self.date = ""  # "2026-11-24", "" where no trusted clock has told it
        self.q = 0  # the clock's quality when it told the date
        self.opened = 0  # Unix seconds at which the day was opened
        self.start = 0  # Unix seconds at which its date began, 0 for unknown
        self.mark = 0  # rev at the leader's boot
        self.low = 4  # the lowest clock quality of an issue since then
        self.issue = 0  # rev of the last issue
        self.last = 0  # the highest `at`
        self.c = 0  # counts calls
        self.calls = []  # (c, no, service, counter, Unix seconds), newest first
        self.keys = []  # (key, no, service, counter, rev), oldest first; indices as in a record
        self.fresh = 0  # how many of them, the newest, are of this term
        self.names = [""]  # ids of services and counters; records hold indices
        self.closed = []  # ids of closed services, sorted
        self.runs = {}  # counter -> priority calls in a row there
        self.used = bytearray()  # status by number; 0: not used today
        self.nos = bytearray()  # numbers of the open tickets, two bytes each, by issue
        self.records = bytearray()

    # What lists and the state machine read.

    def status(self, no: int) -> int:
        """The ticket's status, 0 where the number is not used today."""
        return self.used[no] if 0 < no < len(self.used) else 0

    def ticket(self, no: int):
        """The open ticket `no`, or None."""
        i = self.slot(no) if self.status(no) else -1
        return None if i < 0 else self._ticket(i)

    def open(self):
        """Yield the open tickets (begun to noshow), by issue."""
        for i in range(len(self.nos) // 2):
            yield self._ticket(i)

    def highest(self, low: int, high: int) -> int:
        """The highest number used today within a band, low - 1 for none."""
        return low - 1 + len(bytes(self.used[low : high + 1]).rstrip(b"\0"))

    # Snapshots.

    def dump(self):
        """The state as a JSON value."""
        return {
            "v": 1,
            "rev": self.rev,
            "term": self.term,
            "leader": self.leader,
            "day": [
                self.serial,
                self.date,
                self.q,
                self.opened,
                self.mark,
                self.low,
                self.issue,
                self.last,
                self.start,
            ],
            "c": self.c,
            "calls": [list(call) for call in self.calls],
            "keys": [list(key) for key in self.keys],
            "fresh": self.fresh,
            "names": self.names[1:],
            "closed": self.closed[:],
            "runs": [[name, self.runs[name]] for name in sorted(self.runs)],
            "used": _text(self.used),
            "nos": _text(self.nos),
            "records": _text(self.records),
        }

    @classmethod
    def load(cls, value):
        """The state that `dump` gave `value`."""
        state = cls()
        state.rev, state.term, state.leader, state.c = value["rev"], value["term"], value["leader"], value["c"]
        state.serial, state.date, state.q, state.opened, state.mark, state.low, state.issue, state.last, state.start = (
            value["day"]
        )
        state.calls = [tuple(call) for call in value["calls"]]
        state.keys = [tuple(key) for key in value["keys"]]
        state.fresh = value["fresh"]
        state.names = [""] + value["names"]
        state.closed = value["closed"][:]
        state.runs = dict(value["runs"])
        state.used = bytearray(binascii.a2b_base64(value["used"]))
        state.nos = bytearray(binascii.a2b_base64(value["nos"]))
        state.records = bytearray(binascii.a2b_base64(value["records"]))
        return state

    def copy(self):
        """An equal state that changes by itself."""
        state = State()
        for name in self.__dict__:
            value = getattr(self, name)
            if isinstance(value, (list, bytearray)):
                value = value[:]
            elif isinstance(value, dict):
                value = dict(value)
            setattr(state, name, value)
        return state

    # Records.

    def name(self, text: str) -> int:
        """The index of a service's or counter's id."""
        try:
            return self.names.index(text)
        except ValueError:
            if len(self.names) == 256:  # more ids than a hall can have: the oldest index is as wrong as any
                return 0
            self.names.append(text)
            return len(self.names) - 1

    def slot(self, no: int) -> int:
        """The place of the open ticket `no` among the records, -1 where it is not open."""
        pattern = struct.pack("<H", no)
        nos = bytes(self.nos)
        i = nos.find(pattern)
        while i & 1 and i > 0:
            i = nos.find(pattern, i + 1)
        return i >> 1

    def _ticket(self, i: int):
        no = self.nos[2 * i] | self.nos[2 * i + 1] << 8
        service, priority, counter, flags, at, since, issued, rev = struct.unpack_from(FORM, self.records, i * SIZE)
        names = self.names
        return Ticket(no, self.used[no], names[service], priority, names[counter], flags, at, since, issued, rev)

    def add(self, no: int, status: int, record: bytes) -> None:
        """Append an open ticket."""
        if len(self.used) <= no:
            self.used.extend(bytes(no + 1 - len(self.used)))
        self.used[no] = status
        self.nos.extend(struct.pack("<H", no))
        self.records.extend(record)

    def burn(self, low: int, high: int) -> None:
        """Use up the numbers from `low` to `high`: somebody may hold them whom nobody here knows."""
        if len(self.used) <= high:
            self.used.extend(bytes(high + 1 - len(self.used)))
        for no in range(low, high + 1):
            self.used[no] = self.used[no] or VOID

    def end(self, i: int, no: int, status: int) -> None:
        """Turn the open ticket at place `i` into one byte."""
        self.used[no] = status
        self.nos = self.nos[: 2 * i] + self.nos[2 * i + 2 :]
        self.records = self.records[: i * SIZE] + self.records[(i + 1) * SIZE :]


def _text(data) -> str:
    return binascii.b2a_base64(data).decode().rstrip("\n")

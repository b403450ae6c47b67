# ruff: noqa: T201, PTH123, PTH208, SIM115, UP031
"""Hands on a journal, the same on CPython and on MicroPython, where they read JSON lines and answer each with one.

micropython journal_hand.py ROOT
"""

import json
import os
import sys

if len(sys.argv) == 2:
    sys.path.insert(0, sys.argv[1])

from firmware.core.flash import segments
from firmware.core.flash.journal import Journal


class Clock:
    """Shows what it is told."""

    def __init__(self, t, q):
        self.t, self.q = t, q

    def up(self):
        """Milliseconds since boot."""
        return 7

    def now(self):
        """Unix milliseconds and quality."""
        return self.t, self.q


class Failing:
    """A file on which a write fails after so many bytes, or, with -1, the close after all of them."""

    def __init__(self, file, left):
        self._file = file
        self._left = left

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()
        if self._left == -1:
            raise OSError(5)

    def write(self, data):
        """Write what still goes, then fail."""
        if self._left == -1:
            self._file.write(data)
        elif self._left < len(data):
            self._file.write(data[: self._left])
            raise OSError(5)
        else:
            self._file.write(data)
            self._left -= len(data)


class Hand:
    """Does what a line says to one journal at a time."""

    def __init__(self):
        self._folder = ""
        self._journal = None

    def do(self, line):
        """Carry out `line`: {"do": name, ...}; the answer."""
        return getattr(self, line.pop("do"))(**line)

    def boot(self, folder, limit, remembers, clock):
        """Power on."""
        self._folder = folder
        self._journal = Journal(folder, Clock(*clock), limit, remembers)
        return {"log": self._journal.log}

    def look(self):
        """Everything that it says of itself."""
        journal = self._journal
        names = ("boot", "seq", "acked", "lo", "backlog", "used", "near", "limit", "t")
        return {name: getattr(journal, name) for name in names}

    def append(self, events, reserve=0, fail=None):
        """Append a group; `fail`: see `Failing`."""
        if fail is not None:
            segments.open = lambda path, mode: Failing(open(path, mode), fail)
        try:
            return {"seq": self._journal.append_many([(kind, data) for kind, data in events], reserve)}
        except OSError as error:
            return {"error": error.args[0]}
        except ValueError:
            return {"error": "too large"}
        finally:
            if fail is not None:
                del segments.open

    def ack(self, seq):
        """The controller has it."""
        self._journal.ack(seq)
        return {}

    def rewind(self, seq):
        """The controller has less."""
        self._journal.rewind(seq)
        return {}

    def snapshot(self, value):
        """Keep a state."""
        self._journal.snapshot(value)
        return {}

    def recover(self):
        """The state and what came after it."""
        value, later = self._journal.recover()
        return {"value": value, "later": list(later)}

    def held(self):
        """Everything that is still there."""
        return {"held": list(self._journal.after(0))}

    def pending(self, size):
        """The next batch."""
        return {"batch": self._journal.pending(size)}

    def junk(self, data):
        """What a cut has left at the end of the newest segment."""
        names = sorted(name for name in os.listdir(self._folder) if name[0] == "j")
        if names:
            with open("%s/%s" % (self._folder, names[-1]), "ab") as file:
                file.write(bytes(data))
        return {}


if __name__ == "__main__":
    hand = Hand()
    while True:
        line = sys.stdin.readline()
        if not line:
            break
        print(json.dumps(hand.do(json.loads(line))))

# ruff: noqa: PTH107, PTH123, SIM105, SIM115, UP031
"""Runs on MicroPython: a hall's leader makes events durable, and tells how long each append took beside a bare write.

    micropython backlog.py ROOT EVENTS NOW [DOCUMENT]

ROOT holds `journal` and `state` as a kiosk's flash does; NOW is Unix milliseconds. DOCUMENT is the file of a
configuration, for a flash that has none; with it, appends are timed. With BALAI_FLASH and BALAI_FLASH_DRIVER all is on
that littlefs instead, and its operations are counted. Prints one JSON object: events, seq of the last, and for each
append [events, us, us of a bare write and close of as many bytes, and of either the programs and erases].
"""

import json
import os
import sys
import time

sys.path.insert(0, __file__.rsplit("/", 2)[0])

from firmware.core.flash import frames
from firmware.core.flash.journal import Journal
from firmware.core.flash.segments import SEGMENT
from firmware.core.flash.settings import Settings
from firmware.roles.hall.leader import Leader
from protocol.queue.state import CALLED

STEP_MS = 400  # between two commands


class Clock:
    """A right clock that goes on by itself."""

    def __init__(self, now: int):
        self._now = now
        self._up = 60_000

    def now(self):
        """(Unix milliseconds, quality)."""
        self._now += STEP_MS
        return self._now, 3

    def up(self) -> int:
        """Milliseconds since boot."""
        self._up += STEP_MS
        return self._up


class Bare:
    """A file written as the journal's segments are, of as many bytes and nothing else."""

    def __init__(self, folder: str):
        self._name = folder + "/bare"
        self._size = SEGMENT

    def write(self, payload: bytes) -> int:
        """Append and close; return microseconds."""
        head = b"\0" * frames.HEAD
        size = len(head) + len(payload)
        if self._size + size > SEGMENT:
            self.remove()
        began = time.ticks_us()
        with open(self._name, "ab" if self._size else "wb") as file:
            file.write(head)
            file.write(payload)
        took = time.ticks_diff(time.ticks_us(), began)
        self._size += size
        return took

    def remove(self) -> None:
        """Begin anew."""
        if self._size:
            try:
                os.remove(self._name)
            except OSError:
                pass  # the first time
        self._size = 0


def main(root: str, count: int, now: int, document: str = "") -> None:
    """Let visitors take tickets and be served until there are `count` events."""
    flash = None
    if os.getenv("BALAI_FLASH"):
        sys.path.append(os.getenv("BALAI_FLASH_DRIVER"))
        import flash_block
        import vfs

        flash = flash_block.Flash(open(os.getenv("BALAI_FLASH"), "r+b"), flash_block.BLOCKS)
        vfs.VfsLfs2.mkfs(flash)
        root = flash_block.FOLDER
        vfs.mount(vfs.VfsLfs2(flash), root)
    settings = Settings(root + "/state")
    doc = settings.doc or json.load(open(document))
    clock = Clock(now)
    journal = Journal(root + "/journal", clock)
    leader = Leader(journal, clock, doc["position"]["id"])
    leader.recover()
    leader.configure(doc)
    begun = journal.seq
    appends = timed(journal, flash, Bare(root)) if document else []
    number = 0

    def do(op: str, **operands):
        nonlocal number
        number += 1
        command = {"op": op, "key": "backlog.%d" % number}
        command.update(operands)
        return leader.command(command)

    if not leader.state.leader:
        do("grant", term=1, leader=leader.position)
        leader.tick()
    counter = doc["counters"][0]["id"]
    while journal.seq - begun < count:
        no = do("issue", service=doc["services"][0]["id"], paper=1)["ticket"]
        do("printed", ticket=no)
        called = do("call_next", counter=counter)["ticket"]
        assert leader.state.status(called) == CALLED
        do("serve", ticket=called)
        do("finish", ticket=called)
    json.dump({"events": journal.seq - begun, "seq": journal.seq, "appends": appends}, sys.stdout)


def timed(journal, flash, bare):
    """Have each append of `journal` timed, with a bare write after it; return the list that fills with them."""
    made = []
    payloads = []
    head, append = frames.head, journal.append_many

    def heard(payload):
        payloads.append(payload)
        return head(payload)

    def operations() -> int:
        return flash.operations if flash is not None else 0

    def timing(events, reserve=0):
        before = operations()
        began = time.ticks_us()
        seq = append(events, reserve)
        took = time.ticks_diff(time.ticks_us(), began)
        between = operations()
        beside = bare.write(payloads.pop())
        made.append([len(events), took, beside, between - before, operations() - between])
        return seq

    frames.head = heard
    journal.append_many = timing
    return made


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])

# ruff: noqa: T201, UP031, RUF005
"""Cuts the power at every write of a device's life, and looks at what the next boot finds. Runs on MicroPython.

    micropython -X heapsize=64m tests/firmware/core/cuts.py every|some

The life is lived once on a flash that records each program and each erase. What a cut at the N-th leaves is then the
first N-1 of them and a torn one, so that all N are looked at without living them again; boots write to a copy.
"""

import binascii
import io
import json
import random
import sys

import vfs

ROOT = __file__.rsplit("/tests/", 1)[0]
sys.path.insert(0, ROOT)
sys.path.insert(0, ROOT + "/hil/flash")

from flash_block import BLOCK, Flash  # noqa: E402

from firmware.core.flash.journal import Journal  # noqa: E402
from firmware.core.flash.settings import ConfigError, Settings  # noqa: E402
from tests.firmware.core.flash.recording import Recorder, cuts  # noqa: E402

BLOCKS = 48
AT = "/cut"
SITE = {"id": "genteng-kulon", "name": "Desa Genteng Kulon", "tz": 420}


class Clock:
    """Counts, as time does."""

    ms = 0

    def up(self):
        """Milliseconds."""
        self.ms += 1_000
        return self.ms

    def now(self):
        """Unix milliseconds and quality."""
        return 1_795_505_400_000 + self.ms, 4


def doc(n):
    """A configuration."""
    return {
        "v": 1, "site": SITE, "lang": "id", "share": 3, "paper": 1, "bands": {"kiosk-1": [1, 499]},
        "position": {"id": "kiosk-1", "role": "kiosk", "name": "Kiosk %d" % n, "counter": ""},
        "services": [{"id": "adm", "letter": "A", "name": "Administrasi %d" % n, "need": "KTP dan KK", "mins": 10}],
        "counters": [{"id": "1", "name": "Loket 1", "services": []}],
    }  # fmt: skip


def used(doc):
    """A role takes a configuration over."""


def fold(value, kind, data):
    """What an event makes of a state: a checksum, so that no order and no loss goes unseen."""
    return binascii.crc32(("%s %s" % (kind, data)).encode(), value)


class Model:
    """What must be on the flash by now: what was returned from."""

    def __init__(self):
        self.groups = []  # of events given together: [[seq, kind, data], ...]
        self.folds = [0]  # the state after each of them
        self.seqs = [0]
        self.acked = self.snapshot = self.boot = self.floor = 0
        self.log = self.config = self.rejected = ""
        self.doc = None
        self.seen = ()
        self.stands = []  # (operations so far, copy of the small fields) after each step

    def stand(self, operations):
        """A step has returned."""
        flash = (len(self.groups), self.acked, self.snapshot, self.boot)
        self.stands.append((operations, flash + (self.floor, self.config, self.rejected, self.seen)))


class Life:
    """A device that lives for a while."""

    def __init__(self, flash, model):
        self.flash, self.model = flash, model
        self.clock = Clock()
        self.random = random
        random.seed(7)
        self.n = 0

    def boot(self):
        """Power on."""
        vfs.mount(vfs.VfsLfs2(self.flash), AT)
        self.journal = Journal(AT + "/journal", self.clock)
        self.model.boot, self.model.log = self.journal.boot, self.journal.log
        self.done()
        self.settings = Settings(AT + "/state")
        self.done()

    def off(self):
        """Power off in a quiet moment."""
        vfs.umount(AT)

    def done(self):
        """A step has returned."""
        self.model.stand(self.flash.operations)

    def append(self, size=1):
        """Append a group."""
        events = []
        for _ in range(size):
            self.n += 1
            events.append(("ticket.called", {"no": self.n, "counter": "1", "c": self.n, "rev": self.n, "term": 1,
                                             "key": "020000000001.%d.%d" % (self.journal.boot, self.n)}))  # fmt: skip
        last = self.journal.append_many(events)
        state = self.model.folds[-1]
        rows = []
        for i, (kind, data) in enumerate(events):
            rows.append([last - size + 1 + i, kind, data])
            state = fold(state, kind, data)
        self.model.groups.append(rows)
        self.model.folds.append(state)
        self.model.seqs.append(last)
        self.done()

    def snapshot(self):
        """Keep the state."""
        self.journal.snapshot({"fold": self.model.folds[-1], "n": len(self.model.groups), "fill": "x" * 1_500})
        self.model.snapshot = len(self.model.groups)
        self.done()

    def ack(self, seq):
        """The controller has it."""
        self.journal.ack(seq)
        self.model.acked = max(self.model.acked, seq)
        self.done()

    def configure(self, n):
        """A configuration comes; each third is not usable."""
        hash, wanted = "hash-%d" % n, doc(n)
        if n % 3 == 2:
            wanted["lang"] = "xx"
        try:
            self.settings.apply(hash, wanted, used)
            self.model.config = hash
        except ConfigError:
            self.model.rejected = hash
        else:
            self.model.rejected = ""
        self.done()

    def see(self, id):
        """A fleet command comes."""
        self.settings.saw(id)
        self.model.seen = (self.model.seen + (id,))[-16:]
        self.done()

    def passed(self, seconds):
        """Time passes."""
        self.settings.passed(seconds)
        self.model.floor = seconds
        self.done()


def live(life, boots, appends):
    """The life: boots, tickets, acks late and early, snapshots, configurations, commands, the time."""
    n = 0
    for boot in range(boots):
        life.boot()
        for i in range(appends):
            life.append(1 + i % 3)
            if i % 7 == 3:
                life.ack(life.model.seqs[-1] - (i % 5))
            if i % 12 == 5 and boot != 1:
                life.snapshot()
            if i % 9 == 4:
                n += 1
                life.configure(n)
                life.see("command-%d" % n)
            if i % 11 == 8:
                life.passed(1_795_505_400 + boot * 400_000 + i * 4_000)
        life.off()


class Looker:
    """Boots on what a cut has left and compares it with what it may be."""

    def __init__(self, model):
        self.model = model
        self.looks = 0

    def look(self, store, operations, again=0):
        """`operations` were done in full. `again`: the power goes once more, at this write of the boot that looks."""
        stands = self.model.stands
        k = self._stand(operations)
        before = stands[k][1] if k >= 0 else (0, 0, 0, 0, 0, "", "", ())
        after = stands[k + 1][1] if k + 1 < len(stands) else before
        if again:
            self._open(Flash(store, BLOCKS, again, "noise"), None)
        flash = Flash(store, BLOCKS)
        self.looks += 1
        self._open(flash, (before, after))

    def _stand(self, operations):
        low, high = 0, len(self.model.stands)
        while low < high:
            middle = (low + high) // 2
            if self.model.stands[middle][0] <= operations:
                low = middle + 1
            else:
                high = middle
        return low - 1

    def _open(self, flash, stands):
        if stands is None:  # the power goes while this boot is on its way
            try:
                vfs.mount(vfs.VfsLfs2(flash), AT)
                try:
                    clock = Clock()
                    Settings(AT + "/state").apply("again", doc(99), used)
                    Journal(AT + "/journal", clock).append("device.booted", {})
                finally:
                    vfs.umount(AT)
            except OSError:
                pass
            return
        vfs.mount(vfs.VfsLfs2(flash), AT)
        try:
            self._compare(*stands)
        finally:
            vfs.umount(AT)

    def _compare(self, before, after):
        model = self.model
        journal = Journal(AT + "/journal", Clock())
        assert before[3] < journal.boot <= before[3] + 3, ("boot", before[3], journal.boot)
        assert not before[3] or journal.log == model.log, "another log"
        value, later = journal.recover()
        groups = value["n"] if value else 0
        state = value["fold"] if value else 0
        assert groups in (before[2], after[2]), ("snapshot", groups, before[2], after[2])
        assert state == model.folds[groups], "a snapshot of something else"
        seq = model.seqs[groups]
        strangers = 0
        for event in later:
            seq += 1
            assert event[0] == seq, ("seq", event[0], seq)
            if seq <= model.seqs[-1] and event[4] != "device.booted":
                state = fold(state, event[4], event[5])
            else:
                strangers += 1  # of a boot that looked, and was cut off
        assert strangers <= 1
        seq -= strangers
        assert seq in (model.seqs[before[0]], model.seqs[after[0]]), ("events", seq, before[0], after[0])
        here = before[0] if seq == model.seqs[before[0]] else after[0]
        assert state == model.folds[here], "what the events amount to"
        assert journal.seq == seq + strangers
        # Everything that is not committed elsewhere can still be sent, once, in order, by its own boot.
        assert journal.acked <= after[1]
        want = journal.acked + 1
        while True:
            batch = journal.pending()
            if batch is None:
                break
            boot, lo, events = batch
            assert lo <= want == events[0][0], ("a hole", want, events[0][0])
            for event in events:
                assert event[0] == want
                want += 1
                if event[4] != "device.booted":
                    assert event[5]["key"].split(".")[1] == str(boot), "another boot's"
            journal.ack(events[-1][0])
        assert want == journal.seq + 1
        settings = Settings(AT + "/state")
        if settings.config != "again":
            assert settings.config in (before[5], after[5]), (settings.config, before[5], after[5])
            assert not settings.config or settings.doc == doc(int(settings.config[5:])), "half a configuration"
            assert settings.rejected in (before[6], after[6]), (settings.rejected, before[6], after[6])
        assert settings.floor in (before[4], after[4])
        for id in before[7]:
            if id in after[7]:  # else the one that came may have taken its place
                assert settings.saw(id), "a command would be carried out twice"
        # And it goes on from there.
        last = journal.append("device.booted", {})
        again = Journal(AT + "/journal", Clock())
        assert again.seq == last == seq + strangers + 1
        assert again.boot == journal.boot + 1
        assert [event[4] for event in again.after(last - 1)] == ["device.booted"]


def main(how):
    """Live, cut, look; print how much was done."""
    store = io.BytesIO(b"\xff" * (BLOCKS * BLOCK))
    flash = Recorder(store, BLOCKS)
    vfs.VfsLfs2.mkfs(flash)
    formatted = len(flash.log)
    model = Model()
    life = Life(flash, model)
    live(life, 4, 60 if how == "every" else 36)
    looker = Looker(model)
    looks = 0

    def look(store, operations):
        nonlocal looks
        looks += 1
        whole = operations == len(flash.log)
        looker.look(store, operations, random.randrange(1, 12) if looks % 16 == 0 and not whole else 0)

    count = cuts(flash, BLOCKS, formatted, how, look)
    print(json.dumps({"operations": len(flash.log) - formatted, "cuts": count, "events": model.seqs[-1]}))


main(sys.argv[1])

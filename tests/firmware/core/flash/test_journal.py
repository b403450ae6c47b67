"""The journal on both interpreters, beside a model of what it has promised."""

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from firmware.core.flash.frames import head
from firmware.core.flash.journal import LARGEST, NEAR
from firmware.core.flash.segments import BLOCK
from protocol.canonical import LIMIT, encode
from protocol.events import check_envelope, envelope
from tests.firmware.core.conftest import Both, Far

ENOSPC = 28

numbers = itertools.count()


def event(n: int, size: int = 0) -> tuple[str, dict[str, object]]:
    return "ticket.called", {"n": n, "fill": "x" * size}


@settings(max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
class Machine(RuleBasedStateMachine):
    """Whatever is done: what was returned from is there, in order, once, under its seq."""

    far: Far
    folder: Path

    @initialize(limit=st.sampled_from((24_576, 49_152, 1 << 20)), remembers=st.booleans())
    def begin(self, limit, remembers):
        folder = self.folder / str(next(numbers))
        folder.mkdir()
        self.both = Both(self.far, folder)
        self.limit, self.remembers = limit, remembers
        self.events: list[tuple[int, int, str, dict]] = []  # seq, boot, kind, data
        self.unsure: list[tuple[int, int, str, dict]] = []  # a write that failed as the file was closed
        self.acked = self.highest = self.kept = self.boots = self.n = 0
        self.value: object = None
        self.boot()

    @property
    def seq(self) -> int:
        return len(self.events)

    @rule()
    def boot(self):
        self.both.boot(self.limit, self.remembers)
        self.boots += 1
        seen = self.both.do("look")
        if self.unsure and seen["seq"] == self.unsure[-1][0]:
            self.events += self.unsure  # it was whole on the flash after all, and nothing has taken its place
        self.unsure = []
        assert seen["boot"] == self.boots
        assert seen["seq"] == self.seq
        assert seen["acked"] <= self.highest
        self.acked = seen["acked"]  # how far is not durable by itself; a birth's answer tells it

    @rule(
        sizes=st.lists(st.integers(0, 3_600), min_size=1, max_size=3),
        burst=st.integers(1, 3),
        reserve=st.sampled_from((0, 8_192)),
    )
    def append(self, sizes, burst, reserve):
        for _ in range(burst):
            group = [event(self.n + i, size) for i, size in enumerate(sizes)]
            before = self.both.do("look")["used"]
            answer = self.both.do("append", events=group, reserve=reserve)
            used = self.both.do("look")["used"]
            if "error" in answer:
                assert answer["error"] == ENOSPC
                most = sum(sizes) + 200 * len(sizes)
                assert before + 4_096 * (most // BLOCK + 2) + reserve > self.limit, "there was room"
                return
            assert used + reserve <= self.limit
            self._added(group)
            assert answer["seq"] == self.seq

    @rule(size=st.integers(0, 2_000), fail=st.sampled_from((-1, -1, 0, 3, 6, 40)))
    def a_write_fails(self, size, fail):
        group = [event(self.n, size)]
        answer = self.both.do("append", events=group, fail=fail)
        assert "error" in answer
        if fail < 0 and answer["error"] != ENOSPC:
            self.unsure = [(self.seq + 1, self.boots, *group[0])]
        self.n += 1

    def _added(self, group):
        for kind, data in group:
            self.events.append((self.seq + 1, self.boots, kind, data))
        self.n += len(group)
        self.unsure = []

    @rule(back=st.integers(0, 12))
    def ack(self, back):
        seq = max(0, self.seq - back)
        self.both.do("ack", seq=seq)
        self.acked = max(self.acked, seq)
        self.highest = max(self.highest, seq)

    @rule(back=st.integers(0, 30))
    def birth_at_a_controller_that_knows_less(self, back):
        seq = max(0, self.acked - back)
        lo = self.both.do("look")["lo"]
        self.both.do("rewind", seq=seq)
        if seq < self.acked:
            self.acked = max(seq, lo - 1)

    @rule()
    def snapshot(self):
        self.value = {"at": self.seq, "text": "x" * 300}
        self.both.do("snapshot", value=self.value)
        self.kept = self.seq

    @precondition(lambda self: self.seq)
    @rule(data=st.binary(max_size=300), size=st.integers(0, 120))
    def a_cut_leaves_junk(self, data, size):
        payload = json.dumps([self.boots, [self.seq + 1, 0, 0, 0, "torn", {}]]).encode()
        whole = head(payload) + payload
        noise = bytes(byte | 0x80 for byte in data)  # never what an earlier torn frame lacks
        self.both.do("junk", data=list(noise or whole[: min(size, len(whole) - 1)]))
        self.boot()

    @rule(size=st.integers(200, 3_900))
    def drain(self, size):
        """All that waits goes, batch after batch, and is acknowledged."""
        while True:
            lo = self.both.do("look")["lo"]
            batch = self.both.do("pending", size=size)["batch"]
            if batch is None:
                break
            boot, first, rows = batch
            assert first == lo
            body = envelope("0123456789abcdef", boot, first, rows)
            check_envelope(body)
            assert len(encode(body)) <= LIMIT
            assert len(rows) == 1 or sum(len(encode(row)) + 1 for row in rows) <= size
            want = self.events[self.acked : self.acked + len(rows)]
            assert [(row[0], boot, row[4], row[5]) for row in rows] == want
            self.acked = rows[-1][0]
            self.both.do("ack", seq=self.acked)
        self.highest = self.acked
        assert self.acked == self.seq

    @invariant()
    def everything_is_there(self):
        seen = self.both.do("look")
        assert (seen["seq"], seen["acked"], seen["backlog"]) == (self.seq, self.acked, self.seq - self.acked)
        done = min(self.acked, self.kept) if self.remembers else self.acked
        assert seen["lo"] <= done + 1, "deleted before its time"
        assert seen["near"] == (seen["used"] * 100 >= seen["limit"] * NEAR)
        held = self.both.do("held")["held"]
        assert [(row[0], row[4], row[5]) for row in held] == [(s, k, d) for s, _, k, d in self.events[seen["lo"] - 1 :]]
        found = self.both.do("recover")
        assert found["value"] == self.value
        if self.remembers:
            assert [row[0] for row in found["later"]] == list(range(self.kept + 1, self.seq + 1))
        if done == self.seq and self.seq:
            assert seen["used"] <= 4_096 * 3, "what is done is deleted, but for the newest segment"


def test_the_journal_keeps_its_promises(far, tmp_path):
    machine = type("Journals", (Machine,), {"far": far, "folder": tmp_path})
    run_state_machine_as_test(machine, settings=Machine.TestCase.settings)


def test_what_does_not_fit_a_message_is_refused_and_uses_no_number(both):
    both.boot()
    assert both.do("append", events=[event(0, LARGEST)]) == {"error": "too large"}
    assert both.do("append", events=[event(1)]) == {"seq": 1}


def test_a_group_larger_than_a_message_is_kept_whole_and_sent_in_pieces(both):
    """A leader that finds forty tickets begun at its boot writes them down together."""
    both.boot()
    both.do("append", events=[event(n, 150) for n in range(40)])
    sent = []
    while batch := both.do("pending", size=3_900)["batch"]:
        rows = batch[2]
        assert len(encode(envelope("0123456789abcdef", *batch))) <= LIMIT
        sent += [row[0] for row in rows]
        both.do("ack", seq=sent[-1])
    assert sent == list(range(1, 41))


def test_boots_without_events_take_no_room(both):
    """A hall whose power flaps all night must still find room for its tickets in the morning."""
    both.boot()
    both.do("append", events=[event(0)])
    used = both.do("look")["used"]
    for _ in range(100):
        both.boot()
        both.do("append", events=[("device.booted", {})])
    assert both.do("look")["used"] <= used + 2 * 4_096


def test_events_of_several_boots_in_one_file_are_sent_each_with_its_own(both):
    for _ in range(3):
        both.boot()
        both.do("append", events=[event(0)])
    boots = []
    while batch := both.do("pending", size=3_900)["batch"]:
        boots.append((batch[0], [row[0] for row in batch[2]]))
        both.do("ack", seq=batch[2][-1][0])
    assert boots == [(1, [1]), (2, [2]), (3, [3])]


def test_a_flash_that_was_put_back_uses_no_number_again_that_the_controller_knows(both):
    both.boot()
    both.do("append", events=[event(0), event(1)])
    both.do("ack", seq=57)
    assert both.do("append", events=[event(2)]) == {"seq": 58}
    _, _, rows = both.do("pending", size=3_900)["batch"]
    assert [row[0] for row in rows] == [58]
    both.boot()
    assert both.do("look")["seq"] == 58


@pytest.mark.parametrize("seq", [1_000_003, 1 << 53])
def test_an_ack_from_nowhere_changes_nothing(both, seq):
    both.boot()
    both.do("append", events=[event(0), event(1)])
    both.do("ack", seq=seq)
    look = both.do("look")
    assert (look["seq"], look["acked"]) == (2, 0)

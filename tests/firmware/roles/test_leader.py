"""The hall's leader: one order of things, durable before anybody hears of it, the same after any power cut."""

import itertools
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from firmware.core.flash import frames
from firmware.core.flash.journal import Journal
from firmware.roles.hall.leader import SNAPSHOT_EVERY, Leader
from protocol.errors import BalaiError
from protocol.events import check_event
from tests.firmware.roles.conftest import DOC

NOW = 1_795_505_400_000
SERVICES = [service["id"] for service in DOC["services"]]
COUNTERS = [counter["id"] for counter in DOC["counters"]]
ACTS = ("call", "recall", "serve", "finish", "no_show", "park", "resume", "transfer", "rate")
Pick = st.integers(0, 1 << 16)
numbers = itertools.count()


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.t, self.q = NOW, 4

    def up(self) -> int:
        return self.t - NOW

    def now(self) -> tuple[int, int]:
        return self.t if self.q else 0, self.q


class Kiosk:
    """A leader on a flash of its own; `cut()` is a power cut and the boot after it."""

    def __init__(self, folder: Path, limit: int = 1 << 20, leads: bool = True) -> None:
        self.folder, self.limit = str(folder), limit
        self.clock = Clock()
        self.keys = itertools.count()
        self.boards: list[dict] = []
        self.boot()
        if leads:
            assert self.do("grant", term=1, leader="kiosk-1")["outcome"] == "done"
            self.leader.tick()

    def boot(self) -> None:
        self.journal = Journal(self.folder, self.clock, self.limit)
        self.leader = Leader(self.journal, self.clock, "kiosk-1")
        self.leader.recover()
        self.leader.on_board(self.boards.append)
        self.leader.configure(DOC)

    def cut(self) -> None:
        before = self.leader.state.dump()
        self.boot()
        assert self.leader.state.dump() == before, "the state is as before the power went"
        self.leader.resume()

    def do(self, op: str, key: str = "", **operands: object) -> dict:
        return self.leader.command({"op": op, "key": key or f"k.{next(self.keys)}", **operands})

    def issue(self, **operands: object) -> dict:
        return self.do("issue", **{"service": "adm", "paper": 0, **operands})

    @property
    def open(self) -> list:
        return list(self.leader.state.open())


@pytest.fixture
def kiosk(tmp_path) -> Kiosk:
    return Kiosk(tmp_path / "journal")


def test_a_repeated_key_has_the_same_answer_and_makes_no_second_ticket(kiosk):
    first = kiosk.issue(key="once")
    assert kiosk.issue(key="once") == first
    assert kiosk.do("call_next", key="once", counter="1") == first, "whatever it asks the second time"
    assert len(kiosk.open) == 1


def test_also_after_a_power_cut(kiosk):
    first = kiosk.issue(key="once")
    called = kiosk.do("call_next", key="then", counter="1")
    for _ in range(3):
        kiosk.cut()
        assert kiosk.issue(key="once") == first
        assert kiosk.do("call_next", key="then", counter="1") == called
    assert len(kiosk.open) == 1


def test_a_ticket_found_begun_is_called_with_doubt(kiosk):
    kiosk.issue(paper=1)
    assert kiosk.do("call_next", counter="1")["reason"] == "empty"
    kiosk.cut()
    printed = [event[5] for event in kiosk.journal.after(0) if event[4] == "ticket.printed"]
    assert [one["doubt"] for one in printed] == [1]
    assert kiosk.do("call_next", counter="1")["ticket"] == 1


def test_what_is_refused_leaves_no_trace(kiosk):
    seq, boards = kiosk.journal.seq, len(kiosk.boards)
    for answer in (
        kiosk.do("call_next", counter="1"),
        kiosk.do("finish", ticket=9),
        kiosk.do("fly"),
        kiosk.issue(service="x"),
    ):
        assert answer["outcome"] == "refused"
    assert (kiosk.journal.seq, len(kiosk.boards)) == (seq, boards)


def test_each_change_shows_one_board(kiosk):
    boards = len(kiosk.boards)
    kiosk.issue()
    kiosk.do("call_next", counter="2")
    assert len(kiosk.boards) == boards + 2
    assert kiosk.boards[-1]["counters"][1] == {"id": "2", "no": 1, "state": "called"}
    assert kiosk.boards[-1]["line"] == "local"


def test_without_a_configuration_nothing_is_decided_and_without_a_grant_nothing_is_led(tmp_path):
    bare = Leader(Journal(str(tmp_path / "bare"), Clock()), Clock(), "kiosk-1")
    assert bare.command({"op": "grant", "key": "g", "term": 1, "leader": "kiosk-1"})["reason"] == "no_day"
    bare.tick()
    bare.resume()
    kiosk = Kiosk(tmp_path / "journal", leads=False)
    assert kiosk.issue()["reason"] == "not_leader"


def test_every_event_is_of_the_contract(kiosk):
    kiosk.issue(priority="elderly")
    for op in ("call_next", "recall", "serve", "park", "resume", "transfer", "call", "no_show", "new_day"):
        assert kiosk.do(op, ticket=1, counter="2", service="sehat")["outcome"] == "done", op
    kiosk.cut()
    for event in kiosk.journal.after(0):
        check_event(event)


def fill(kiosk: Kiosk) -> dict:
    """Issue until it is refused; the refusal."""
    while (answer := kiosk.issue())["outcome"] == "done":
        pass
    return answer


@pytest.mark.parametrize("limit", [32_768, 131_072])
def test_a_full_journal_issues_no_more_and_everybody_who_waits_is_served_all_the_same(tmp_path, limit):
    kiosk = Kiosk(tmp_path / "journal", limit)
    assert fill(kiosk)["reason"] == "journal_full"
    waiting = len(kiosk.open)
    assert waiting > 10
    assert [event[4] for event in kiosk.journal.after(0)][-1] == "journal.full"
    for _ in range(waiting):
        no = kiosk.do("call_next", counter="1")["ticket"]
        for op, operands in (
            ("recall", {}),
            ("park", {}),
            ("resume", {}),
            ("call", {"counter": "1"}),
            ("serve", {}),
            ("finish", {}),
        ):
            assert kiosk.do(op, ticket=no, **operands)["outcome"] == "done", (op, no)
    assert kiosk.open == []
    assert kiosk.journal.used <= limit


def test_it_is_told_once_and_again_after_there_was_room(tmp_path):
    kiosk = Kiosk(tmp_path / "journal", 65_536)
    for times in (1, 2):
        fill(kiosk)
        assert kiosk.issue()["reason"] == "journal_full"
        assert sum(event[4] == "journal.full" for event in kiosk.journal.after(0)) <= 1
        while kiosk.do("call_next", counter="1")["outcome"] == "done":
            pass
        kiosk.journal.ack(kiosk.journal.seq)
        kiosk.journal.snapshot(kiosk.leader.state.dump())
        assert kiosk.issue()["outcome"] == "done", f"the {times}. time"


def test_a_flash_that_is_full_for_a_snapshot_loses_no_event_and_stops_nothing(kiosk, monkeypatch):
    def full(path, payload):
        raise OSError(28)

    with monkeypatch.context() as broken:
        broken.setattr(frames, "save", full)
        for _ in range(SNAPSHOT_EVERY + 10):
            assert kiosk.issue()["outcome"] == "done"
        value, _ = kiosk.journal.recover()
        assert value is None or value["rev"] < 10
    kiosk.issue()
    value, _ = kiosk.journal.recover()
    assert value["rev"] == kiosk.leader.state.rev, "the next one has made it"
    kiosk.cut()


def test_segments_go_when_the_controller_has_them_and_a_snapshot_stands_for_them(kiosk):
    for _ in range(6 * SNAPSHOT_EVERY):
        no = kiosk.issue()["ticket"]
        kiosk.do("call", counter="1", ticket=no)
        kiosk.do("finish", ticket=no)
        kiosk.journal.ack(kiosk.journal.seq)
        if no > 300:
            kiosk.do("new_day")
    assert kiosk.journal.used <= 4 * 4_096
    kiosk.cut()


def test_forty_begun_tickets_resume_in_messages_that_can_be_sent(kiosk):
    """Consoles may begin tickets that never print; their end at the next boot is one decision of many events."""
    for _ in range(60):
        kiosk.issue(paper=1)
    kiosk.cut()
    sent = 0
    while batch := kiosk.journal.pending():
        sent += len(batch[2])
        kiosk.journal.ack(batch[2][-1][0])
    assert sent == kiosk.journal.seq


class Day(RuleBasedStateMachine):
    """A hall's day by any hand, with power cuts in between: the state and every answer survive."""

    folder: Path

    @initialize(limit=st.sampled_from((65_536, 1 << 20)))
    def begin(self, limit):
        self.kiosk = Kiosk(self.folder / str(next(numbers)), limit)
        self.answers: list[tuple[dict, dict]] = []

    def _do(self, op, **operands):
        command = {"op": op, "key": f"k.{next(self.kiosk.keys)}", **operands}
        seq = self.kiosk.journal.seq
        answer = self.kiosk.leader.command(command)
        if answer["outcome"] == "done" and self.kiosk.journal.seq > seq:
            self.answers.append((command, answer))
        return answer

    @rule(n=st.integers(1, 12), service=st.sampled_from(SERVICES), paper=st.integers(0, 1))
    def issue(self, n, service, paper):
        for _ in range(n):
            answer = self._do("issue", service=service, paper=paper, priority="")
            if paper and answer["outcome"] == "done":
                self._do("printed" if n % 2 else "void", ticket=answer["ticket"], why="stalled")

    @rule(counter=st.sampled_from(COUNTERS))
    def call_next(self, counter):
        self._do("call_next", counter=counter)

    @precondition(lambda self: self.kiosk.open)
    @rule(op=st.sampled_from(ACTS), pick=Pick, counter=st.sampled_from(COUNTERS), service=st.sampled_from(SERVICES))
    def act(self, op, pick, counter, service):
        no = self.kiosk.open[pick % len(self.kiosk.open)].no
        self._do(op, ticket=no, counter=counter, service=service, score=3)

    @rule(op=st.sampled_from(("open", "close")), service=st.sampled_from(SERVICES))
    def counters(self, op, service):
        self._do(op, service=service)

    @rule(ms=st.sampled_from((1_000, 60_000, 3_600_000, 86_400_000)), q=st.sampled_from((0, 1, 2, 3, 4)))
    def time_passes(self, ms, q):
        self.kiosk.clock.t += ms
        self.kiosk.clock.q = q
        self.kiosk.leader.tick()

    @rule(part=st.integers(0, 100))
    def acknowledged(self, part):
        journal = self.kiosk.journal
        journal.ack(journal.acked + (journal.seq - journal.acked) * part // 100)

    @rule()
    def power_cut(self):
        self.kiosk.cut()

    @invariant()
    def the_last_answers_stand(self):
        for command, answer in self.answers[-3:]:
            assert self.kiosk.leader.command(command) == answer

    @invariant()
    def what_is_written_can_be_sent(self):
        for event in self.kiosk.journal.after(self.kiosk.journal.acked):
            try:
                check_event(event)
            except BalaiError as error:
                raise AssertionError(event) from error


def test_a_day_survives_its_power_cuts(tmp_path):
    machine = type("Days", (Day,), {"folder": tmp_path})
    run_state_machine_as_test(machine, settings=settings(max_examples=40, stateful_step_count=40, deadline=None))

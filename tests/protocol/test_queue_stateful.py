"""Whatever happens to a hall - cuts, wrong clocks, two who lead - its queue keeps its promises."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from protocol.queue import Now, State, answer, apply
from protocol.queue.answers import KEYS
from protocol.queue.day import TRUSTED
from protocol.queue.state import BEGUN, CALLED, NAMES, SERVING, VOID, WAITING
from tests.protocol.hall import COUNTERS, DAY, SERVICES, START, TZ, Leader, day

REMEMBERED = 16  # commands of one leader that are surely among the last 64
LEADERS = st.sampled_from(("kiosk-1", "controller"))
TICKETS = st.integers(0, 40)  # which of those known; the highest are of none
STRANGE = (0, -1, 1, 40, 800, 9999, 65_537)
MOVES = {"serve": "serving", "finish": "done", "no_show": "noshow", "park": "parked", "resume": "waiting"}


class Hall(RuleBasedStateMachine):
    """Clocks of quality 2 and above tell the truth; those below tell anything."""

    liars = False

    @initialize(share=st.sampled_from((1, 2, 3, 3, 5)))
    def open(self, share: int) -> None:
        self.share = share
        self.t = START
        self.kiosk, self.controller = Leader("kiosk-1", share), Leader("controller", share)
        self.leaders = {"kiosk-1": self.kiosk, "controller": self.controller}
        self.term = 0
        self.keys = 0
        self.times: list[int] = []  # of the kiosk's events, as the controller corrects them (Unix ms)
        self.sent = 0  # events of the kiosk that the controller has
        self.clock = (TRUSTED, 0)  # the kiosk's: quality, seconds off
        self.seen: dict[tuple[str, int], str] = {}  # (true date, number) -> key
        self.band: dict[str, set[int]] = {"kiosk-1": set(), "controller": set()}  # since the numbers began again
        self.by_hand: set[str] = set()  # dates on which somebody began a new day by hand
        self.run: dict[tuple[str, str], int] = {}  # priority calls in a row while others waited
        self.heard: list[str] = []  # keys of the commands that the controller knows of, oldest first
        self.known: dict[tuple[str, str], dict] = {}  # first answers seen: (whose memory, key)
        self.lead(self.kiosk)

    # Time and clocks.

    def now(self, leader: Leader) -> Now:
        if leader is self.controller:
            return Now(self.t * 1000 + 7, 4)
        quality, off = self.clock
        return Now(max(0, self.t + off) * 1000 if quality else 0, quality)

    @rule(s=st.sampled_from((1, 20, 300, 3600, 5 * 3600)))
    def pass_time(self, s: int) -> None:
        self.t += s
        self.tick(self.controller)

    @rule(
        after=st.sampled_from((0, 5, 599, 601, 7 * 3600)), days=st.sampled_from((0, 0, 0, 1, 40)), awake=st.booleans()
    )
    def pass_night(self, after: int, days: int, awake: bool) -> None:
        local = self.t + TZ * 60
        self.t = local - local % DAY + DAY * (1 + days) + after - TZ * 60
        self.tick(self.controller)
        if awake:
            self.tick(self.kiosk)
        else:
            self.cut_power(self.kiosk)

    @rule(quality=st.integers(0, 4), off=st.one_of(st.integers(-3 * DAY, 3 * DAY), st.just(-(10**9)), st.just(10**9)))
    def clock_leaps(self, quality: int, off: int) -> None:
        self.clock = (quality, off if quality < TRUSTED or self.liars else 0)

    @rule(who=LEADERS)
    def ticks(self, who: str) -> None:
        self.tick(self.leaders[who])

    def tick(self, leader: Leader) -> None:
        self.command(leader, "tick")

    # Power.

    @rule(who=LEADERS)
    def power_cut(self, who: str) -> None:
        self.cut_power(self.leaders[who])

    def cut_power(self, leader: Leader) -> None:
        before = leader.state.dump()
        leader.state = leader.rebuilt()
        assert leader.state.dump() == before
        self.command(leader, "resumed")
        self.tick(leader)

    @rule(who=LEADERS)
    def snapshot(self, who: str) -> None:
        self.leaders[who].save()

    # The line, and who leads.

    @rule(count=st.integers(1, 40))
    def deliver(self, count: int) -> None:
        self._deliver(count)

    def _deliver(self, count: int) -> None:
        for kind, data, _ in self.kiosk.log[self.sent : self.sent + count]:
            t = self.times[self.sent]
            self.sent += 1
            no = data.get("no", 0)
            used, term = self.controller.state.status(no), self.controller.state.term
            self.controller.take([(kind, data, t)])
            key = data.get("key")
            if key and data["term"] >= term:
                self._told(key)
            if data["term"] < term:  # a flood of late ones may displace the answers of earlier terms, not those of this
                fresh = self.controller.state.fresh
                self.controller.given = self.controller.given[-fresh:] if fresh else []
            if kind == "day.opened" and data["restart"] and data["term"] == self.controller.state.term:
                self.band["controller"].clear()
            if kind in ("ticket.begun", "ticket.issued") and not used and not self.liars:
                same_day = day(t // 1000) == self.controller.state.date
                taken = bool(self.controller.state.status(no))
                assert taken or not same_day, f"{no} of today is lost"
                assert same_day or not taken or data["term"] >= term, f"{no} of another day is taken for one of today"

    def _told(self, key: str) -> None:
        """The controller hears of a command: of those before the last 64 nothing need be remembered."""
        if key not in self.heard[-1:]:
            self.heard.append(key)
        surely = self.heard[-KEYS:]
        self.controller.given = [one for one in self.controller.given if one[0] in surely]

    def lead(self, leader: Leader, burn: int = 0) -> None:
        self.term += 1
        self.granted = leader.me
        before = leader.state.highest(leader.rules.low, leader.rules.high)
        found, _ = self.command(leader, "grant", term=self.term, leader=leader.me, burn=burn)
        after = leader.state.highest(leader.rules.low, leader.rules.high)
        assert after == before + min(burn, (leader.rules.high - before) // 2)
        assert found["outcome"] == "done"
        self.tick(leader)

    @rule(who=LEADERS, burn=st.sampled_from((0, 0, 3)))
    def takes_over(self, who: str, burn: int) -> None:
        """By force: the other may be out of reach and go on, or have given numbers that nobody knows of."""
        self.lead(self.leaders[who], burn)

    @rule()
    def hands_over(self) -> None:
        """As planned: the one who leads lays it down, and the next has its state."""
        old = self.kiosk if self.kiosk.state.term == self.term else self.controller
        new = self.controller if old is self.kiosk else self.kiosk
        self._deliver(len(self.kiosk.log))
        found, _ = self.command(old, "pass", leader=new.me)
        if found["outcome"] == "refused":
            return
        self._deliver(len(self.kiosk.log))
        if new is self.kiosk:
            new.state = State.load(self.controller.state.dump())
            self._remembers_the_same_tickets(new)
            new.save()
            new.given.clear()
            self.band["kiosk-1"] = {no for no in self.band["kiosk-1"] if new.state.status(no)}
        self.lead(new)
        for key, first in old.given[-REMEMBERED:]:
            found, events = self.command(new, "issue", key, service="adm")
            assert not events, "a command is carried out again after the hand-over"
            assert (found["outcome"], found.get("ticket")) == (first["outcome"], first.get("ticket"))

    def _remembers_the_same_tickets(self, new: Leader) -> None:
        """What the kiosk did alone came late to the controller: less is known of it there, but never another ticket."""
        for key, *_ in new.state.keys:
            first = self.known.pop((new.me, key), None)
            assert first is None or first.get("ticket") == answer(new.state, key).get("ticket")

    # Commands.

    def command(self, who: Leader, op: str, key: str = "", **operands: object) -> tuple[dict, list]:
        """Carry out a command and look at what it did."""
        if not key:
            self.keys += 1
            key = f"{who.me}.{self.keys}"
            if who is self.controller and self.granted != who.me:  # it grants, so it knows; a kiosk may not have heard
                return {"key": key, "outcome": "refused", "reason": "not_leader", "rev": who.state.rev}, []
        found, events = who.command(op, key, self.now(who), **operands)
        if who is self.controller and events:
            self._told(key)
        if who is self.kiosk:
            self.times += [self.t * 1000] * len(events)
        for kind, data, _ in events:
            if kind == "day.opened" and data["restart"]:
                self.band[who.me].clear()
                if op == "new_day":
                    self.by_hand.add(day(self.t))
            if kind == "day.opened" and (data["restart"] or data["keep"] >= 0):
                self.run = {one: run for one, run in self.run.items() if one[0] != who.me}
            if kind in ("ticket.begun", "ticket.issued"):
                self._unused(who, data["no"], key)
        return found, events

    def _unused(self, leader: Leader, no: int, key: str) -> None:
        assert leader.rules.low <= no <= leader.rules.high
        assert no not in self.band[leader.me], f"{no} twice since the numbers began"
        self.band[leader.me].add(no)
        today = day(self.t)
        if today not in self.by_hand and not self.liars:
            assert (today, no) not in self.seen, f"{no} twice on {today}"
        self.seen[today, no] = key

    def pick(self, leader: Leader, ticket: int) -> int:
        if ticket > 36:
            return STRANGE[ticket % len(STRANGE)]
        known = [one.no for one in leader.state.open()]
        if ticket > 30:
            known = sorted({*self.band["kiosk-1"], *self.band["controller"]})
        return known[ticket % len(known)] if known else 1

    @rule(who=LEADERS, priorities=st.lists(st.sampled_from(("", "", "elderly")), min_size=2, max_size=9))
    def crowd(self, who: str, priorities: list[str]) -> None:
        for priority in priorities:
            self._issue(who, "adm", priority, 0)

    @rule(
        who=LEADERS,
        service=st.sampled_from(SERVICES),
        priority=st.sampled_from(("", "", "elderly", "infant")),
        paper=st.integers(0, 1),
    )
    def issue(self, who: str, service: str, priority: str, paper: int) -> None:
        self._issue(who, service, priority, paper)

    def _issue(self, who: str, service: str, priority: str, paper: int) -> None:
        leader = self.leaders[who]
        found, _ = self.command(leader, "issue", service=service, priority=priority, paper=paper)
        if found["outcome"] == "done":
            assert leader.state.status(found["ticket"]) == (BEGUN if paper else WAITING)
            assert found["service"] == service

    @rule(who=LEADERS, ticket=TICKETS, op=st.sampled_from(("printed", "printed", "void")))
    def print(self, who: str, ticket: int, op: str) -> None:
        leader = self.leaders[who]
        no = self.pick(leader, ticket)
        found, _ = self.command(leader, op, ticket=no, why="paper")
        if found["outcome"] == "done":
            assert leader.state.status(no) == (WAITING if op == "printed" else VOID)

    @rule(who=LEADERS, counter=st.sampled_from((*COUNTERS, "9")))
    def call_next(self, who: str, counter: str) -> None:
        leader = self.leaders[who]
        found, events = self.command(leader, "call_next", counter=counter)
        if found["outcome"] != "done":
            return
        data = next(data for kind, data, _ in events if kind == "ticket.called")
        self._at(leader, data["no"], counter)
        called = leader.state.ticket(data["no"])
        served = COUNTERS[counter]
        others = [one for one in leader.state.open() if one.status == WAITING and (not served or one.service in served)]
        ordinary = [one for one in others if not one.priority]
        same = [one for one in others if bool(one.priority) == bool(called.priority)]
        assert all(called.at <= one.at for one in same), "somebody was called before one who came earlier"
        if self.share == 1:
            assert all(called.at <= one.at for one in others)
        run = self.run.get((who, counter), 0) + 1 if called.priority and ordinary else 0
        assert run < max(2, self.share) or self.share == 1, "ordinary tickets starve"
        self.run[who, counter] = run

    @rule(who=LEADERS, counter=st.sampled_from(tuple(COUNTERS)), ticket=TICKETS)
    def call(self, who: str, counter: str, ticket: int) -> None:
        leader = self.leaders[who]
        no = self.pick(leader, ticket)
        if self.command(leader, "call", counter=counter, ticket=no)[0]["outcome"] == "done":
            self._at(leader, no, counter)
            self.run.pop((who, counter), None)

    def _at(self, leader: Leader, ticket: int, counter: str) -> None:
        there = [one for one in leader.state.open() if one.counter == counter and one.status in (CALLED, SERVING)]
        assert [(one.no, one.status) for one in there] == [(ticket, CALLED)]
        assert leader.state.calls[0][1] == ticket

    @rule(who=LEADERS, op=st.sampled_from(tuple(MOVES)), ticket=TICKETS)
    def move(self, who: str, op: str, ticket: int) -> None:
        leader = self.leaders[who]
        no = self.pick(leader, ticket)
        found, _ = self.command(leader, op, ticket=no)
        if found["outcome"] == "done":
            assert NAMES[leader.state.status(no)].replace("rated", "done") == MOVES[op]

    @rule(who=LEADERS, ticket=TICKETS, service=st.sampled_from((*SERVICES, "none")))
    def transfer(self, who: str, ticket: int, service: str) -> None:
        leader = self.leaders[who]
        no = self.pick(leader, ticket)
        before = leader.state.ticket(no)
        if self.command(leader, "transfer", ticket=no, service=service)[0]["outcome"] == "done":
            after = leader.state.ticket(no)
            assert (after.status, after.service, after.at) == (WAITING, service, before.at)

    @rule(who=LEADERS, ticket=TICKETS, score=st.integers(0, 5))
    def rate(self, who: str, ticket: int, score: int) -> None:
        leader = self.leaders[who]
        no = self.pick(leader, ticket)
        if self.command(leader, "rate", ticket=no, score=score)[0]["outcome"] == "done":
            assert 1 <= score <= 4
            again, _ = self.command(leader, "rate", ticket=no, score=score)
            assert again["outcome"] == "refused"

    @rule(who=LEADERS, ticket=TICKETS)
    def recall(self, who: str, ticket: int) -> None:
        leader = self.leaders[who]
        no = self.pick(leader, ticket)
        c = leader.state.c
        if self.command(leader, "recall", ticket=no)[0]["outcome"] == "done":
            assert leader.state.c > c

    @rule(who=LEADERS, op=st.sampled_from(("open", "close")), service=st.sampled_from(SERVICES))
    def open_or_close(self, who: str, op: str, service: str) -> None:
        leader = self.leaders[who]
        if self.command(leader, op, service=service)[0]["outcome"] == "done":
            assert (service in leader.state.closed) == (op == "close")

    @rule(who=LEADERS, sure=st.integers(0, 7))
    def new_day(self, who: str, sure: int) -> None:
        if sure:
            return
        leader = self.leaders[who]
        if self.command(leader, "new_day")[0]["outcome"] == "done":
            assert not list(leader.state.open())

    @precondition(lambda self: self.keys > 0)
    @rule(who=LEADERS, back=st.integers(0, REMEMBERED - 1))
    def repeat(self, who: str, back: int) -> None:
        leader = self.leaders[who]
        if back < len(leader.given):
            key, first = leader.given[-1 - back]
            assert self.command(leader, "issue", key, service="adm") == (first, [])

    # What always holds.

    @invariant()
    def a_replay_gives_the_same(self) -> None:
        for leader in self.leaders.values():
            assert leader.rebuilt().dump() == leader.state.dump()

    @invariant()
    def a_first_answer_stays(self) -> None:
        for leader in self.leaders.values():
            for key, *_ in leader.state.keys:
                found = answer(leader.state, key)
                first = self.known.setdefault((leader.me, key), found)
                if "ticket" not in first and found is not first:  # the rest of its events has come
                    self.known[leader.me, key] = found
                assert {**found, **first, "rev": 0} == {**found, "rev": 0}, "another answer than the first"

    def teardown(self) -> None:
        if not hasattr(self, "leaders"):
            return
        state = State()
        for event in self.controller.log:
            apply(state, *event)
        assert state.dump() == self.controller.state.dump()


class LyingClocks(Hall):
    """Clocks of any quality tell anything: numbers still are there once until they begin again."""

    liars = True


QUICK = settings(max_examples=600, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(QUICK, max_examples=6000, stateful_step_count=120)

TestHall = Hall.TestCase
TestHall.settings = QUICK
TestLyingClocks = LyingClocks.TestCase
TestLyingClocks.settings = QUICK


@pytest.mark.soak
class TestHallForLong(Hall.TestCase):
    """The same, longer."""

    settings = LONG


@pytest.mark.soak
class TestLyingClocksForLong(LyingClocks.TestCase):
    """The same, longer."""

    settings = LONG

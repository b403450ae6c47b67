"""The queue over HTTP where the controller leads: commands and outcomes, the console, the board and its stream."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count

import httpx
import pytest

from tests.controller.inside import COUNTERS, SERVICES, Inside, Someone
from tests.controller.waiting import until

NUMBERS = count(1)


class Hall:
    """A fresh hall and a clerk of it."""

    def __init__(self, inside: Inside) -> None:
        self.inside = inside
        self.site = f"hall-{next(NUMBERS)}"
        inside.site(self.site)
        self.clerk: Someone = inside.person(f"clerk-of-{self.site}", "clerk", self.site)
        until(lambda: self.board()["day"], "no day is opened")
        self.keys = count(1)

    def command(self, key: str = "", **command: object) -> dict:
        """Give a command and return its outcome."""
        headers = {"Idempotency-Key": key or f"k{next(self.keys)}"}
        answer = self.clerk.post(f"/sites/{self.site}/queue/commands", json=command, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def issue(self, service: str = "adm", **fields: object) -> int:
        """Issue a ticket; return its number."""
        return self.command(op="issue", service=service, **fields)["ticket"]

    def board(self) -> dict:
        """Return the public board."""
        return self.inside.someone().get(f"/sites/{self.site}/board").json()["board"]

    def queue(self) -> dict:
        """Return what a console shows."""
        answer = self.clerk.get(f"/sites/{self.site}/queue")
        assert answer.status_code == 200, answer.text
        return answer.json()

    @contextmanager
    def stream(self) -> Iterator[Iterator[tuple[str, object]]]:
        """Follow the board: (event, data) of each event."""

        def events(lines: Iterator[str]) -> Iterator[tuple[str, object]]:
            name = ""
            for line in lines:
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield name, json.loads(line.removeprefix("data: "))

        with self.inside.someone().stream("GET", f"/sites/{self.site}/board/stream") as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield events(answer.iter_lines())


@pytest.fixture
def hall(inside: Inside) -> Hall:
    return Hall(inside)


def test_a_visit_from_the_ticket_to_the_smiley(hall: Hall):
    first, second = hall.issue(), hall.issue("kk", priority="elderly")
    assert (first, second) == (1, 2)
    called = hall.command(op="call_next", counter="1")
    assert (called["outcome"], called["ticket"], called["counter"], called["service"]) == ("done", 2, "1", "kk")
    assert hall.command(op="serve", ticket=2)["outcome"] == "done"
    assert hall.command(op="finish", ticket=2)["outcome"] == "done"
    assert hall.command(op="rate", ticket=2, score=4)["outcome"] == "done"
    assert hall.command(op="rate", ticket=2, score=4) | {"key": ""} == {
        "key": "", "outcome": "refused", "reason": "wrong_state", "rev": 0,
    }  # fmt: skip
    until(
        lambda: hall.board()["rev"] == hall.queue()["board"]["rev"] and hall.board()["calls"], "the board stands still"
    )
    board = hall.board()
    assert [(call["no"], call["counter"]) for call in board["calls"]] == [(2, "1")]
    assert [one["waiting"] for one in board["services"]] == [1, 0]
    assert board["line"] == "up"
    day = hall.clerk.get(f"/sites/{hall.site}/queue/day").json()
    assert (day["issued"], day["waiting"], day["done"]) == (2, 1, 1)


def test_the_console_lists_who_waits_in_the_order_in_which_they_are_called(hall: Hall):
    numbers = [hall.issue() for _ in range(5)]
    hall.command(op="call", ticket=3, counter="2")
    hall.command(op="park", ticket=3)
    queue = hall.queue()
    assert [one["no"] for one in queue["tickets"] if one["state"] == "waiting"] == [1, 2, 4, 5]
    assert [one["no"] for one in queue["tickets"] if one["state"] == "parked"] == [3]
    assert queue["leader"] == "controller"
    assert queue["texts"]["services"] == SERVICES
    assert queue["texts"]["counters"] == COUNTERS
    assert [hall.command(op="call_next", counter="1")["ticket"] for _ in range(4)] == [1, 2, 4, 5]
    assert hall.command(op="resume", ticket=3)["outcome"] == "done"
    assert hall.command(op="call_next", counter="1")["ticket"] == numbers[2]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ({"op": "issue", "service": "nothing"}, "unknown_service"),
        ({"op": "issue"}, "unknown_service"),
        ({"op": "call_next", "counter": "9"}, "unknown_counter"),
        ({"op": "call_next", "counter": "1"}, "empty"),
        ({"op": "call", "counter": "1", "ticket": 77}, "no_ticket"),
        ({"op": "recall"}, "bad_command"),
        ({"op": "finish", "ticket": 1}, "no_ticket"),
        ({"op": "transfer", "ticket": 1, "service": "kk"}, "no_ticket"),
        ({"op": "open", "service": "nothing"}, "unknown_service"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason_and_changes_nothing(hall: Hall, command, reason):
    before = hall.board()["rev"]
    outcome = hall.command(**command)
    assert (outcome["outcome"], outcome["reason"]) == ("refused", reason)
    assert hall.board()["rev"] == before


def test_the_same_key_gets_the_same_answer_and_is_carried_out_once(hall: Hall):
    first = hall.command("once", op="issue", service="adm")
    assert [hall.command("once", op="issue", service="adm") for _ in range(3)] == [first] * 3
    assert hall.command("once", op="call_next", counter="1") == first, "whatever it is asked for"
    assert [one["no"] for one in hall.queue()["tickets"]] == [1]


def test_of_many_presses_of_one_key_at_once_one_is_carried_out(hall: Hall):
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda _: hall.command("pressed", op="issue", service="adm"), range(32)))
    assert {one["ticket"] for one in outcomes} == {1}
    assert len({one["rev"] for one in outcomes}) == 1


def test_a_hundred_at_once_are_each_told_their_own_number(hall: Hall):
    with ThreadPoolExecutor(100) as pool:
        outcomes = list(pool.map(lambda n: hall.command(f"n{n}", op="issue", service="adm"), range(200)))
    assert sorted(one.get("ticket", 0) for one in outcomes) == list(range(1, 201))
    assert all(one["service"] == "adm" and one["rev"] for one in outcomes)


def test_a_closed_service_takes_nobody_and_says_so_on_the_board(hall: Hall):
    assert hall.command(op="close", service="kk")["outcome"] == "done"
    assert hall.command(op="issue", service="kk")["reason"] == "closed"
    until(lambda: [one["open"] for one in hall.board()["services"]] == [1, 0], "the board does not say so")
    assert hall.command(op="open", service="kk")["outcome"] == "done"
    assert hall.issue("kk") == 1


def test_a_new_day_by_hand_begins_at_one(hall: Hall):
    hall.issue()
    hall.issue()
    assert hall.command(op="new_day")["outcome"] == "done"
    until(lambda: hall.board()["services"][0]["waiting"] == 0, "the board shows yesterday's")
    assert hall.issue() == 1
    assert [one["no"] for one in hall.queue()["tickets"]] == [1]


def test_the_stream_begins_with_the_board_and_tells_of_each_change(hall: Hall):
    with hall.stream() as events:
        name, board = next(events)
        assert (name, board["calls"]) == ("board", [])
        hall.issue("kk")
        assert hall.command(op="call_next", counter="2")["outcome"] == "done"
        while not board["calls"]:
            name, board = next(events)
            assert name == "board"
        assert (board["calls"][0]["no"], board["calls"][0]["counter"]) == (1, "2")
        assert board["calls"][0]["say"][-1] == "dua"


def test_the_stream_tells_of_new_words(hall: Hall):
    with hall.stream() as events:
        next(events)
        renamed = [{**SERVICES[0], "name": "Surat pengantar"}, SERVICES[1]]
        assert hall.inside.admin.patch(f"/sites/{hall.site}", json={"services": renamed}).status_code == 200
        found = {}
        while "texts" not in found:
            name, data = next(events)
            found[name] = data
        assert found["texts"]["services"][0]["name"] == "Surat pengantar"
        assert next(events)[0] == "board"


def test_whoever_leaves_a_stream_is_forgotten(hall: Hall):
    boards = hall.inside.parts.queue.boards
    before = boards.followers
    with hall.stream() as events:
        next(events)
        assert boards.followers == before + 1
    hall.issue()
    until(lambda: boards.followers == before, "a page that has gone is followed")


def test_names_that_nobody_has_leave_nothing_in_memory(inside: Inside):
    halls = inside.parts.queue.halls
    before = len(halls.known())
    with httpx.Client(base_url=inside.address, trust_env=False) as anybody:
        for number in range(50):
            assert anybody.get(f"/api/v1/sites/made-up-{number}/board").status_code == 404
    assert len(halls.known()) == before


def test_a_removed_site_is_gone_and_one_with_a_history_stays(inside: Inside, hall: Hall):
    assert inside.admin.delete(f"/sites/{hall.site}").status_code == 204, "the day was opened; nothing has happened"
    assert inside.someone().get(f"/sites/{hall.site}/board").status_code == 404
    inside.site(hall.site)
    until(lambda: hall.board()["day"], "a site of the same name begins anew")
    hall.issue()
    answer = inside.admin.delete(f"/sites/{hall.site}")
    assert answer.status_code == 409
    assert "riwayat" in answer.json()["detail"]


def test_a_clerk_of_another_hall_and_a_viewer_are_refused(inside: Inside, hall: Hall):
    for person in (
        inside.person(f"other-{hall.site}", "clerk", "elsewhere"),
        inside.person(f"v-{hall.site}", "viewer"),
    ):
        path = f"/sites/{hall.site}/queue"
        assert person.get(path).status_code == 403
        body, key = {"op": "issue", "service": "adm"}, {"Idempotency-Key": "k"}
        assert person.post(f"{path}/commands", json=body, headers=key).status_code == 403
    assert hall.board()["services"][0]["waiting"] == 0

"""The outbox: once of each opening, once of its closing, in this order, over failures and restarts."""

import asyncio
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from controller.db import Database
from controller.incidents.models import Incident, Notice
from controller.incidents.notices.mail import Mail
from controller.incidents.notices.outbox import GIVEN_UP_MS, LONGEST_MS, Outbox, pause
from controller.incidents.notices.way import Refused, Undelivered
from controller.incidents.notices.webhook import Webhook
from controller.migrations import upgrade
from controller.settings import Settings
from tests.controller.incidents.notices.post import Receiver
from tests.controller.waiting import until

SECRET = "kunci-yang-panjang-sekali"


class Clock:
    """Unix ms that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1_795_478_400_000

    def __call__(self) -> int:
        return self.now


class Recorded:
    """A way that takes what the test lets it take."""

    name = "mail"

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.took: list[tuple[int, str]] = []

    def send(self, message) -> None:
        if self.answers and (error := self.answers.pop(0)):
            raise error
        self.took.append((message.incident, message.what))


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request, tmp_path):
    outside = request.param == "postgresql"
    url = request.getfixturevalue("postgres_server").database() if outside else f"sqlite:///{tmp_path / 'balai.db'}"
    made = Database(url)
    upgrade(made)
    yield made
    made.close()


def happen(db: Database, clock: Clock, ways: tuple[str, ...] = ("mail",), closed: bool = True, site: str = "s") -> int:
    """Have an incident opened, and closed; return its id."""

    def fn(session: Session) -> int:
        until = clock.now + 1 if closed else 0
        row = Incident(site=site, device="", position="", kind="site_gone", detail="", since=clock.now, until=until)
        session.add(row)
        session.flush()
        for what in ("opened", "closed")[: 1 + closed]:
            for way in ways:
                session.add(Notice(incident=row.id, what=what, way=way, at=clock.now, due=clock.now))
        return row.id

    return db.write(fn)


def states(db: Database) -> list[tuple[str, str, str, int]]:
    """Return what has become of the messages."""
    with db.read() as session:
        return [(one.way, one.what, one.state, one.tries) for one in session.exec(select(Notice).order_by(Notice.id))]


@given(st.integers(1, 10_000))
def test_each_pause_is_longer_than_the_last_up_to_an_hour(tries):
    assert pause(tries) <= pause(tries + 1) <= LONGEST_MS
    assert pause(tries + 1) in (2 * pause(tries), LONGEST_MS)
    assert pause(1) == 30_000


def test_a_closing_waits_for_its_opening_and_holds_up_no_other(db):
    clock = Clock()
    first = happen(db, clock, site="a")
    second = happen(db, clock, site="b")
    way = Recorded(Undelivered("SMTP 451"))
    box = Outbox(db, [way], clock=clock)
    box.send_due(way)
    box.send_due(way)
    assert way.took == [(second, "opened"), (second, "closed")]
    clock.now += pause(1) - 1
    box.send_due(way)
    assert len(way.took) == 2, "it is not due yet"
    clock.now += 1
    box.send_due(way)
    box.send_due(way)
    assert way.took[2:] == [(first, "opened"), (first, "closed")]
    assert {state for _, _, state, _ in states(db)} == {"sent"}
    assert box.counts == {("mail", "sent"): 4, ("mail", "failed"): 1}


@pytest.mark.parametrize("error", [Undelivered("SMTP 451"), ZeroDivisionError()])
def test_after_three_days_it_is_given_up_and_the_closing_still_goes_out(db, error):
    clock = Clock()
    id_ = happen(db, clock)
    way = Recorded(*[error] * 200)
    box = Outbox(db, [way], clock=clock)
    began, tries = clock.now, 0
    while states(db)[0][2] == "waiting":
        box.send_due(way)
        tries += 1
        clock.now += pause(tries)
    assert clock.now - began >= GIVEN_UP_MS
    assert 72 <= states(db)[0][3] == tries <= 90
    way.answers.clear()
    box.send_due(way)
    assert way.took == [(id_, "closed")]


def test_what_is_refused_for_good_is_not_sent_again(db):
    clock = Clock()
    happen(db, clock, closed=False)
    way = Recorded(Refused("SMTP 550"))
    box = Outbox(db, [way], clock=clock)
    box.send_due(way)
    clock.now += LONGEST_MS
    box.send_due(way)
    assert states(db) == [("mail", "opened", "failed", 1)]
    assert box.counts == {("mail", "refused"): 1}


@settings(max_examples=25)  # each with a database of its own
@given(st.lists(st.booleans(), max_size=30), st.integers(1, 4), st.data())
def test_however_often_it_fails_and_starts_anew_each_is_told_once_and_in_order(tmp_path_factory, answers, count, data):
    db = Database(f"sqlite:///{tmp_path_factory.mktemp('outbox') / 'balai.db'}")
    upgrade(db)
    clock = Clock()
    ids = [happen(db, clock, site=str(number)) for number in range(count)]
    way = Recorded(*[None if good else Undelivered("no") for good in answers])
    box = Outbox(db, [way], clock=clock)
    while any(state == "waiting" for _, _, state, _ in states(db)):
        if data.draw(st.booleans()):
            box = Outbox(db, [way], clock=clock)  # the controller ended
        box.send_due(way)
        clock.now += data.draw(st.sampled_from([1_000, 60_000, 3_600_000]))
    assert sorted(way.took) == sorted((id_, what) for id_ in ids for what in ("opened", "closed"))
    for id_ in ids:
        assert way.took.index((id_, "opened")) < way.took.index((id_, "closed"))
    db.close()


async def comes(what: Callable[[], object], why: str) -> None:
    """Wait, beside the loop, until something is true."""
    await asyncio.to_thread(until, what, why)


async def test_a_receiver_that_is_slow_fails_and_comes_back_holds_up_no_mail(db, post, receiver: Receiver):
    server = post()
    given = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_tls": "none", "smtp_from": "b@balai.example"}
    mail = Mail(Settings(**given, smtp_to="kira@balai.example"))
    clock = Clock()
    receiver.let.clear()
    receiver.answers = [500]
    happen(db, clock, ("mail", "webhook"))
    box = Outbox(db, [mail, Webhook(receiver.url, SECRET)], clock=clock)
    box.start()
    await comes(lambda: len(receiver.taken) == 1, "nothing is posted")
    await comes(lambda: len(server.mails) == 2, "no mail goes out beside it")
    receiver.let.set()
    await comes(lambda: box.counts["webhook", "failed"] == 1, "a 500 is no failure")
    await box.stop()

    port = receiver.port
    receiver.stop()  # and the controller has ended too
    clock.now += pause(1)
    box = Outbox(db, [mail, Webhook(receiver.url, SECRET)], clock=clock)
    box.start()
    await comes(lambda: box.counts["webhook", "failed"] == 1, "it is not tried again")
    back = Receiver(port)
    try:
        clock.now += pause(2)
        box.wake()
        await comes(lambda: box.counts["webhook", "sent"] == 2, "it does not go out")
        await box.stop()
        bodies = [json.loads(body) for _, body in (*receiver.taken, *back.taken)]
        assert [body["event"] for body in bodies] == ["incident.opened", "incident.opened", "incident.closed"]
        assert bodies[0] == bodies[1], "the same message, by its id and all else"
        assert bodies[1]["id"] != bodies[2]["id"]
        assert len(server.mails) == 2, "mail that has gone out does not go again"
        assert {state for _, _, state, _ in states(db)} == {"sent"}
    finally:
        back.stop()

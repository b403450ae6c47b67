"""The event store: every event once, in order, whatever comes twice, torn, late or wrong."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import select

from controller.db import Database, DiskFull
from controller.ingest import Place, Projector, Store
from controller.ingest.alarms import now_ms
from controller.ingest.models import DeadLetter, Event, EventBoot
from controller.migrations import upgrade
from tests.controller.ingest.conftest import message, place
from tests.controller.ingest.tally import POISON, Tally, tallies

LOG = "0123456789abcdef"
NOON = 1_764_046_800_000  # 25 November 2025, 12:00 at Banyuwangi


SQLITE = pytest.mark.parametrize("db", ["sqlite"], indirect=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.soak)])
def db(request: pytest.FixtureRequest, path: Path) -> Iterator[Database]:
    """Either database, empty."""
    sqlite = request.param == "sqlite"
    made = Database(f"sqlite:///{path}" if sqlite else request.getfixturevalue("postgres_server").database())
    upgrade(made)
    yield made
    made.close()


def event(seq: int, no: int | None = None, t: int = NOON, q: int = 3, up: int | None = None, kind="ticket.rated"):
    data = {"no": seq if no is None else no, "score": 3, "rev": seq, "term": 1}
    return [seq, t, q, seq * 1000 if up is None else up, kind, data]


def batch(first: int, count: int = 1, lo: int = 1, log: str = LOG, boot: int = 1, **fields) -> dict:
    return {"v": 1, "log": log, "boot": boot, "lo": lo, "e": [event(first + n, **fields) for n in range(count)]}


def send(store: Store, *bodies: object, device: str = "kiosk1") -> tuple[str, int] | None:
    """Send bodies as one group; return what the device is told last."""
    safe = store.ingest([message(device, body) for body in bodies])
    return safe.get(f"balai/1/{device}/up/event".encode())


def rows(db: Database, device: str = "kiosk1") -> list[Event]:
    with db.read() as session:
        return list(session.exec(select(Event).where(Event.device == device).order_by(Event.site, Event.pos)))


def seqs(db: Database, device: str = "kiosk1") -> list[int]:
    return [row.seq for row in rows(db, device)]


def letters(db: Database) -> list[tuple[str, str, int]]:
    with db.read() as session:
        return [(one.device, one.reason, one.seq) for one in session.exec(select(DeadLetter).order_by(DeadLetter.id))]


def test_a_batch_is_stored_projected_and_acknowledged_up_to_its_last_event(db, store, tally):
    assert send(store, batch(1, 3)) == (LOG, 3)
    assert [(row.site, row.pos, row.position, row.seq, row.kind) for row in rows(db)] == [
        ("desa-kiosk", pos, "kiosk-1", pos, "ticket.rated") for pos in (1, 2, 3)
    ]
    assert rows(db)[0].data == {"no": 1, "rev": 1, "score": 3, "term": 1}
    assert tallies(db) == [("desa-kiosk", "kiosk1", 3, 6, ((1 * 31) + 2) * 31 + 3)]
    assert [row.seq for row in tally.published] == [1, 2, 3]


def test_a_repeated_batch_changes_nothing_and_is_acknowledged_again(db, store, tally):
    send(store, batch(1, 3))
    before = tallies(db)
    assert send(store, batch(1, 3)) == (LOG, 3)
    assert send(store, batch(2, 1)) == (LOG, 3)
    assert seqs(db) == [1, 2, 3]
    assert tallies(db) == before
    assert letters(db) == []


def test_a_batch_repeated_within_one_group_is_stored_once(db, store):
    assert send(store, batch(1, 3), batch(1, 3), batch(1, 5), batch(4, 2)) == (LOG, 5)
    assert seqs(db) == [1, 2, 3, 4, 5]


def test_what_a_repeat_adds_is_stored(db, store):
    send(store, batch(1, 3))
    assert send(store, batch(1, 6)) == (LOG, 6)
    assert seqs(db) == [1, 2, 3, 4, 5, 6]


def test_a_batch_from_too_far_ahead_waits_for_what_the_device_still_holds(db, store):
    send(store, batch(1, 3))
    assert send(store, batch(7, 2, lo=4)) == (LOG, 3)
    assert seqs(db) == [1, 2, 3]
    assert send(store, batch(4, 5, lo=4)) == (LOG, 8)
    assert seqs(db) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert store.alarms.open() == []


def test_a_device_that_keeps_sending_too_far_ahead_is_not_blocked_for_ever(db, store):
    send(store, batch(1, 3))
    told = [send(store, batch(7, 2, lo=4)) for _ in range(5)]
    assert told == [(LOG, 3)] * 4 + [(LOG, 8)]
    assert [(alarm.kind, alarm.detail) for alarm in store.alarms.open()] == [
        ("gap", f"events 4 to 6 of log {LOG} are lost")
    ]


def test_what_a_device_no_longer_holds_is_a_gap_with_an_event_and_an_alarm_and_the_log_goes_on(db, store):
    send(store, batch(1, 3))
    assert send(store, batch(10, 2, lo=10)) == (LOG, 11)
    (gap,) = rows(db, "controller")
    assert (gap.site, gap.kind, gap.data) == ("desa-kiosk", "gap", {"device": "kiosk1", "hi": 9, "lo": 4, "log": LOG})
    assert seqs(db) == [1, 2, 3, 10, 11]
    (alarm,) = store.alarms.open("desa-kiosk")
    assert (alarm.device, alarm.kind) == ("kiosk1", "gap")
    assert store.alarms.close(alarm.id)
    assert store.alarms.open() == []


def test_events_that_turn_up_after_a_gap_are_stored_all_the_same(db, store):
    send(store, batch(1, 3))
    send(store, batch(10, 2, lo=10))
    assert send(store, batch(4, 6)) == (LOG, 11)
    assert sorted(seqs(db)) == list(range(1, 12))


def test_a_new_log_of_a_device_begins_anew(db, store):
    send(store, batch(1, 3))
    assert send(store, batch(1, 2, log="f" * 16)) == ("f" * 16, 2)
    assert seqs(db) == [1, 2, 3, 1, 2]
    assert store.last_of(["kiosk1", "kiosk2"]) == {"kiosk1": ("f" * 16, 2)}


def test_another_device_cannot_write_into_a_log(db, store):
    send(store, batch(1, 3))
    assert send(store, batch(1, 4), device="kiosk2") == (LOG, 4)
    assert seqs(db, "kiosk2") == []
    assert letters(db) == [("kiosk2", "foreign_log", seq) for seq in (1, 2, 3, 4)]
    assert send(store, batch(4, 1)) == (LOG, 4)
    assert seqs(db) == [1, 2, 3, 4]


def test_another_event_under_a_stored_number_is_a_dead_letter(db, store):
    send(store, batch(1, 3))
    assert send(store, batch(2, 1, no=77)) == (LOG, 3)
    assert letters(db) == [("kiosk1", "seq_reused", 2)]
    assert [row.data["no"] for row in rows(db)] == [1, 2, 3]


def test_a_device_that_was_moved_does_not_store_its_events_twice(db):
    site = "old"
    store = Store(db, lambda _device: Place(site, "kiosk-1"))
    send(store, batch(1, 3))
    site = "new"
    assert send(store, batch(1, 5)) == (LOG, 5)
    assert [(row.site, row.seq) for row in rows(db)] == [("new", 4), ("new", 5), ("old", 1), ("old", 2), ("old", 3)]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b"[1, 2", "not_json"),
        (b"[" * 4000, "not_json"),
        (b'{"v": 1.0}', "not_json"),
        (b"NaN", "not_json"),
        (b"null", "bad_envelope"),
        (b"{}", "bad_version"),
        ({"v": 1}, "bad_envelope"),
        ({**batch(1), "log": "Not An Id"}, "bad_envelope"),
        ({**batch(1), "boot": 0}, "bad_envelope"),
        ({**batch(1), "boot": True}, "bad_envelope"),
        ({**batch(1), "lo": 2}, "bad_envelope"),
        ({**batch(1), "e": []}, "bad_envelope"),
        ({**batch(1), "e": [7]}, "bad_envelope"),
        ({**batch(1), "e": [event(1), event(3)]}, "bad_envelope"),
        ({**batch(1), "e": [event(2), event(1)]}, "bad_envelope"),
        ({**batch(1), "e": [[1, NOON, 3, 1, "x.y", {"half": "\ud800"}]]}, "not_json"),
        (json.dumps(batch(1)).encode() + b" " * 4096, "too_large"),
    ],
)
def test_what_is_no_batch_is_kept_with_its_reason_and_blocks_nothing(db, store, body, reason):
    assert store.ingest([message("kiosk1", body), message("kiosk2", batch(1, 2, log="a" * 16))])
    assert [(device, why) for device, why, _ in letters(db)] == [("kiosk1", reason)]
    assert store.refusals.counts == {reason: 1}
    assert seqs(db, "kiosk2") == [1, 2]


@pytest.mark.parametrize(
    "bad",
    [
        [2, NOON, 3, 1, "ticket.rated", {}],
        [2, NOON, 3, 1, "ticket.rated", {"no": "1", "score": 3, "rev": 1, "term": 1}],
        [2, "noon", 3, 1, "ticket.rated", {}],
        [2, -1, 3, 1, "x", {}],
        [2, NOON, 9, 1, "x", {}],
        [2, NOON, 3, 1 << 62, "x", {}],
        [2, NOON, 3, 1, "", {}],
        [2, NOON, 3, 1, "A KIND", {}],
        [2, NOON, 3, 1, ["x"], {}],
        [2, NOON, 3, 1, "x", []],
    ],
)
def test_a_bad_event_is_a_dead_letter_and_its_neighbours_are_stored(db, store, bad):
    assert send(store, {**batch(1), "e": [event(1), bad, event(3)]}) == (LOG, 3)
    assert seqs(db) == [1, 3]
    assert letters(db) == [("kiosk1", "bad_event", 2)]
    assert send(store, {**batch(1), "e": [event(1), bad, event(3)]}) == (LOG, 3)
    assert seqs(db) == [1, 3]
    assert letters(db) == [("kiosk1", "bad_event", 2)]


def test_a_batch_of_a_version_to_come_is_kept_and_passed_over(db, store):
    assert send(store, {**batch(1, 2), "v": 2}) == (LOG, 2)
    assert letters(db) == [("kiosk1", "bad_version", 2)]
    assert send(store, batch(3)) == (LOG, 3)
    assert store.alarms.open() == []


def test_an_unreadable_batch_cannot_make_a_log_jump(db, store):
    send(store, batch(1, 2))
    assert send(store, {**batch(1_000_000), "v": 2}) is None
    assert send(store, batch(3)) == (LOG, 3)
    assert seqs(db) == [1, 2, 3]


def test_a_topic_that_is_no_devices_and_a_device_that_is_not_in_the_fleet(db, store):
    odd = message("kiosk1", batch(1))
    safe = store.ingest([odd._replace(topic=topic) for topic in (b"balai/2/kiosk1/up/event", b"\xff", b"")])
    assert safe == {}
    assert send(store, batch(1), device="stranger") is None, "it keeps what it has until it has a place"
    assert [(device, reason) for device, reason, _ in letters(db)] == [
        ("", "bad_topic"),
        ("stranger", "unknown_device"),
    ]
    assert store.refusals.counts == {"bad_topic": 3, "unknown_device": 1}


def test_each_reason_is_logged_once_a_device_and_counted_every_time(store, caplog):
    for _ in range(5):
        send(store, b"no", device="kiosk1")
        send(store, b"no", device="kiosk2")
    assert store.refusals.counts == {"not_json": 10}
    assert len(caplog.records) == 2


def test_a_device_cannot_fill_the_database_with_dead_letters(db, store, monkeypatch):
    monkeypatch.setattr("controller.ingest.group.LETTERS_KEPT", 10)
    send(store, *(f"bad {n}".encode() for n in range(50)))
    send(store, b"bad again", device="kiosk2")
    assert [device for device, _, _ in letters(db)] == ["kiosk1"] * 10 + ["kiosk2"]


def test_an_event_on_which_a_projector_fails_is_kept_and_the_others_go_on(db, store, tally):
    tally.poison = True
    assert send(store, batch(POISON - 2, 5, lo=POISON - 2), device="kiosk1")[1] == POISON + 2
    store.ingest([message("other1", batch(1, 2, log="b" * 16)), message("kiosk1", batch(POISON + 3))])
    assert seqs(db) == list(range(POISON - 2, POISON + 4)), "the event itself is stored"
    assert letters(db) == [("kiosk1", "projector", POISON)]
    assert [(row[1], row[2]) for row in tallies(db)] == [("kiosk1", 5), ("other1", 2)]
    assert POISON not in [row.seq for row in tally.published]


def test_a_kind_that_nobody_projects_is_stored_and_told_to_who_comes_to_project_it(db, store):
    send(store, {**batch(1), "e": [[1, NOON, 3, 5, "sensor.moved", {"x": 1}]]})
    assert [(row.kind, row.data) for row in rows(db)] == [("sensor.moved", {"x": 1})]

    class Late(Projector):
        kinds = frozenset({"sensor.moved"})

    after_upgrade = Store(db, place)
    assert after_upgrade.missed() == frozenset()
    after_upgrade.register(Late())
    assert after_upgrade.missed() == {"sensor.moved"}


def test_the_controllers_own_events_are_stored_in_a_log_of_their_own(db, store, tally):
    made = store.append_own("hall", [("ticket.rated", {"no": 5}), ("x.y", {})])
    made += store.append_own("hall", [("ticket.rated", {"no": 6})])
    assert [(row.pos, row.seq, row.device, row.position) for row in made] == [
        (pos, pos, "controller", "controller") for pos in (1, 2, 3)
    ]
    assert len({row.log for row in made}) == 1
    assert tallies(db) == [("hall", "controller", 2, 11, 5 * 31 + 6)]
    assert [row.seq for row in tally.published] == [1, 3]


def test_deciding_and_storing_is_one_step(db, store):
    """Forty threads draw a number each: none twice, none left out."""

    def draw() -> None:
        def decide(session):
            highest = session.execute(
                text("SELECT coalesce(max(events), 0) FROM tally WHERE site = 'hall'")
            ).scalar_one()
            return [("ticket.rated", {"no": highest + 1})]

        store.decide_and_append("hall", decide)

    threads = [threading.Thread(target=draw) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row.data["no"] for row in rows(db, "controller")] == list(range(1, 41))


async def test_what_a_decision_raises_undoes_it(db, store):
    with pytest.raises(LookupError):
        await store.adecide_and_append("hall", lambda _session: {}["no"])
    assert rows(db, "controller") == []
    (row,) = await store.adecide_and_append("hall", lambda _session: [("x.y", {})])
    assert (row.pos, row.seq) == (1, 1)


@SQLITE
def test_a_full_disk_stores_nothing_acknowledges_nothing_and_ends_when_there_is_room(db, store):
    send(store, batch(1, 3))

    def limit(pages: int) -> None:
        db.write(lambda session: session.execute(text(f"PRAGMA max_page_count = {pages}")))

    limit(db.write(lambda session: session.execute(text("PRAGMA page_count")).scalar_one()))
    at, full = 4, False
    while not full:
        try:
            send(store, batch(at, 20))
            at += 20
        except DiskFull:
            full = True
    assert store.last_of(["kiosk1"]) == {"kiosk1": (LOG, at - 1)}
    assert seqs(db) == list(range(1, at)), "reading goes on"
    limit(1_000_000)
    assert send(store, batch(at, 20)) == (LOG, at + 19)
    assert seqs(db) == list(range(1, at + 20))
    assert tallies(db)[0][2] == at + 19


@SQLITE
def test_what_another_process_did_to_the_file_is_seen(db, path, store):
    """A backup of yesterday is put in place under our feet."""
    send(store, batch(1, 10))
    other = Database(f"sqlite:///{path}")
    for statement in (
        "DELETE FROM event WHERE seq > 4",
        "UPDATE event_log SET seq = 4",
        "UPDATE event_site SET pos = 4",
    ):
        other.write(lambda session, statement=statement: session.execute(text(statement)))
    other.close()
    assert send(store, batch(5, 8)) == (LOG, 12)
    assert seqs(db) == list(range(1, 13))


class TestTimes:
    """When an event happened, by the best that is known of its boot."""

    def times(self, db: Database) -> list[int]:
        return [row.time for row in rows(db)]

    def test_a_trusted_clock_is_believed(self, db, store):
        send(store, batch(1, 2, t=NOON, q=3))
        assert self.times(db) == [NOON, NOON]

    def test_an_event_without_a_clock_is_dated_from_a_trusted_one_of_its_boot(self, db, store):
        send(store, {**batch(1), "e": [event(1, t=0, q=0, up=1000), event(2, t=NOON, q=3, up=61_000)]})
        assert self.times(db) == [NOON - 60_000, NOON]
        send(store, {**batch(1), "e": [event(3, t=0, q=0, up=91_000)]})
        assert self.times(db)[2] == NOON + 30_000

    def test_it_is_dated_from_the_devices_live_state_where_nothing_better_is_known(self, db, store):
        began = now_ms() - 3_600_000
        store.heard("kiosk1", 1, began)
        send(store, {**batch(1), "e": [event(1, t=0, q=0, up=60_000), event(2, t=12_345, q=1, up=120_000)]})
        assert self.times(db) == [began + 60_000, began + 120_000]

    def test_else_it_happened_at_the_latest_when_it_came(self, db, store):
        before = now_ms()
        send(store, {**batch(1), "e": [event(1, t=0, q=0, up=1000), event(2, t=0, q=0, up=5000)]})
        first, second = self.times(db)
        assert second - first == 4000
        assert before <= second <= now_ms()

    def test_a_clock_chip_is_believed_where_it_can_be_true(self, db, store):
        send(store, batch(1, 1, t=NOON, q=2))
        assert self.times(db) == [NOON]

    @pytest.mark.parametrize("t", [0, 1, 946_684_800_000, 4_070_908_800_000, (1 << 47)])
    @pytest.mark.parametrize("q", [2, 3, 4])
    def test_a_clock_in_1970_or_2099_is_noted_and_the_event_is_stored_at_a_time_that_can_be_true(self, db, store, t, q):
        before = now_ms()
        assert send(store, batch(1, 1, t=t, q=q)) == (LOG, 1)
        (row,) = rows(db)
        assert (row.t, row.q) == (t, q), "the device's own words are never edited"
        assert before - 2000 <= row.time <= now_ms()
        assert letters(db) == [("kiosk1", "clock", 1)]

    def test_one_correction_is_kept_for_each_boot(self, db, store):
        send(store, batch(1, 1, t=NOON, q=3, up=1000))
        send(store, batch(2, 1, boot=2, t=NOON + 500_000, q=4, up=2000))
        send(store, batch(3, 1, boot=2, t=0, q=0, up=3000))
        with db.read() as session:
            kept = [(boot.boot, boot.epoch, boot.q) for boot in session.exec(select(EventBoot))]
        assert kept == [(1, NOON - 1000, 3), (2, NOON + 498_000, 4)]
        assert self.times(db)[2] == NOON + 501_000


@st.composite
def deliveries(draw) -> list[tuple[int, int, int]]:
    """How a journal of 30 events may arrive: overlapping pieces in any order, then all of it; the ends of groups."""
    piece = st.tuples(st.integers(1, 30), st.integers(1, 8), st.integers(0, 1))
    return [*draw(st.lists(piece, max_size=30)), (1, 30, 1)]


@settings(max_examples=60)
@given(pieces=deliveries())
def test_however_a_journal_arrives_each_event_is_stored_once_and_in_order(tmp_path_factory, pieces):
    db = Database(f"sqlite:///{tmp_path_factory.mktemp('arrive')}/balai.db")
    try:
        upgrade(db)
        tally, store = Tally(), Store(db, place)
        tally.create(db)
        store.register(tally)
        group: list = []
        safe = 0
        for first, count, end in pieces:
            # A device sends only what follows on what it has been told; repeats and stale copies may come any time.
            group.append(message("kiosk1", batch(min(first, safe + 1), min(count, 31 - min(first, safe + 1)))))
            if end:
                safe = max(safe, max((seq for _, seq in store.ingest(group).values()), default=0))
                group = []
        assert safe == 30
        assert seqs(db) == list(range(1, 31))
        assert tallies(db)[0][2:4] == (30, sum(range(1, 31)))
        assert letters(db) == []
    finally:
        db.close()

"""Rounds through real halls: incidents as the database has them, over every restart of the controller."""

from sqlmodel import select

from controller.incidents.judging.watch import SETTLE_MS
from controller.incidents.models import Availability, Notice
from controller.rebuild import rebuild
from tests.controller.incidents.conftest import MINUTE_MS, NINE, Watching

PLACES = ("kiosk-1", "screen-1", "keypad-1")


def whole(watching, **options: object) -> Watching:
    """Return a hall whose devices are all there."""
    hall = watching(*PLACES, **options)
    for place in PLACES:
        hall.says(place)
    return hall.go_on(MINUTE_MS)


def test_a_power_cut_is_one_incident_over_a_restart_and_says_afterwards_what_it_was(watching):
    hall = whole(watching)
    hall.goes()
    hall.go_on(6 * MINUTE_MS)
    hall.restart()
    hall.go_on(5 * MINUTE_MS)
    assert hall.open == [("", "site_gone")], "a restart takes nothing off the grace that has passed"
    hall.restart()
    hall.go_on(30 * MINUTE_MS)
    assert len(hall.incidents()) == 1
    for place in PLACES:
        hall.says(place, boots=4, reset="power")
    hall.go_on(SETTLE_MS + MINUTE_MS)
    (one,) = hall.incidents()
    assert (one["cause"], one["device"], one["until"] > one["since"]) == ("power", "", True)
    (again,) = hall.incidents(open=False)
    assert again == one


def test_devices_that_have_not_booted_say_that_it_was_the_uplink(watching):
    hall = whole(watching)
    hall.goes()
    hall.go_on(20 * MINUTE_MS)
    hall.says("kiosk-1", uptime=7200)
    hall.go_on(SETTLE_MS + MINUTE_MS)
    assert [(one["kind"], one["cause"]) for one in hall.incidents()] == [("site_gone", "uplink")]


def test_one_device_that_is_gone_and_one_without_paper(watching):
    hall = whole(watching)
    hall.tells("kiosk-1", ("paper.low", {}), ("paper.out", {}))
    hall.goes("screen-1")
    hall.go_on(12 * MINUTE_MS)
    assert sorted(hall.open) == [("kiosk-1", "paper_out"), ("screen-1", "offline")]
    hall.tells("kiosk-1", ("paper.ok", {}))
    hall.says("screen-1")
    hall.restart()
    hall.go_on(SETTLE_MS + MINUTE_MS)
    assert hall.open == []


def test_a_configuration_that_is_refused_and_crashes_that_states_alone_tell_of(watching):
    hall = whole(watching)
    hall.says("kiosk-1", rejected="bad")
    hall.says("screen-1", rejected="old")
    for boots in (4, 5, 6):
        hall.says("keypad-1", boots=boots, reset="watchdog")
        hall.go_on(MINUTE_MS)
    assert sorted(hall.open) == [("keypad-1", "crashes"), ("kiosk-1", "config")]


def test_a_boot_that_an_event_and_a_state_tell_of_is_one(watching):
    hall = whole(watching)
    for boots in (4, 5):
        hall.tells("kiosk-1", ("device.booted", {"fw": "1", "reset": "crash", "boots": boots}), boot=boots)
        hall.says("kiosk-1", boots=boots, reset="crash")
        hall.go_on(MINUTE_MS)
    assert hall.open == []
    hall.tells("kiosk-1", ("device.booted", {"fw": "1", "reset": "crash", "boots": 6}), boot=6)
    hall.go_on(MINUTE_MS)
    assert hall.open == [("kiosk-1", "crashes")]


def test_what_events_have_told_is_the_same_after_a_rebuild(watching):
    hall = whole(watching)
    hall.tells("kiosk-1", ("paper.out", {}), ("fault.raised", {"code": "E-08"}), ("journal.full", {}))
    hall.tells("kiosk-1", ("device.booted", {"fw": "1", "reset": "watchdog", "boots": 2}), boot=2)
    hall.tells("kiosk-1", ("fault.raised", {"code": "E-09"}), ("fault.raised", {"code": "E-08"}), boot=2)
    hall.tells("kiosk-1", ("fault.cleared", {"code": "E-09"}), ("paper.low", {}), boot=2)
    before = hall.condition("kiosk-1").model_dump()
    assert (before["paper"], before["fault"], before["full"]) == ("low", "E-08", hall.now)
    assert before["crashes"] == [[2, hall.now]]
    rebuild(hall.parts.db, hall.parts.store.projectors)
    assert hall.condition("kiosk-1").model_dump() == before


def test_a_device_that_has_booted_tells_its_faults_anew(watching):
    """Its printer was mended while it was off: it will never say that the fault is cleared."""
    hall = whole(watching)
    hall.tells("kiosk-1", ("paper.out", {}), ("fault.raised", {"code": "E-08"}))
    hall.go_on(MINUTE_MS)
    assert sorted(hall.open) == [("kiosk-1", "fault"), ("kiosk-1", "paper_out")]
    hall.tells("kiosk-1", ("device.booted", {"fw": "1", "reset": "power", "boots": 2}), ("paper.ok", {}), boot=2)
    hall.go_on(SETTLE_MS + MINUTE_MS)
    assert hall.open == []


def test_a_device_that_moves_away_takes_its_incidents_with_it(watching):
    hall = whole(watching)
    hall.goes("screen-1")
    hall.go_on(12 * MINUTE_MS)
    hall.inside.admin.post(f"/devices/{hall.devices['screen-1']}/revocation")
    hall.go_on(SETTLE_MS + MINUTE_MS)
    assert hall.open == []


def test_how_much_of_its_opening_time_a_hall_was_in_reach_is_measured_and_not_guessed(watching):
    hall = whole(watching)
    hall.go_on(9 * MINUTE_MS)  # ten minutes with, but the first look knows of nothing before it
    hall.goes()
    hall.go_on(30 * MINUTE_MS)
    hall.rounds.rest()  # the broker is away
    hall.now += 60 * MINUTE_MS
    hall.go_on(MINUTE_MS)
    hall.rounds.flush()
    hall.restart()  # the controller is away
    hall.now += 24 * 60 * MINUTE_MS
    for place in PLACES:
        hall.says(place)
    hall.go_on(2 * MINUTE_MS)
    hall.now += 8 * 60 * MINUTE_MS  # it was asleep
    hall.go_on(10 * MINUTE_MS)  # and the hall is closed
    hall.rounds.flush()
    shown = hall.inside.admin.get(f"/sites/{hall.site}/health").json()
    assert shown["uplink"] == "fibre"
    assert [(one["day"], one["open"], one["online"]) for one in shown["availability"]] == [
        ("2025-11-26", 105, 105),
        ("2025-11-25", 9 * 60 + 45 + 30 * 60 + 45, 9 * 60 + 45),
    ]
    rebuild(hall.parts.db, hall.parts.store.projectors)
    with hall.parts.db.read() as session:
        assert len(session.exec(select(Availability).where(Availability.site == hall.site)).all()) == 2


def test_how_a_hall_does_is_what_its_devices_have_last_said(watching):
    hall = whole(watching)
    hall.says("kiosk-1", heap=5, rssi=-81, clock=2, backlog=7, reset="soft", code="E-06")
    hall.tells("kiosk-1", ("paper.low", {}))
    hall.goes("kiosk-1")
    hall.go_on(MINUTE_MS)
    shown = hall.inside.admin.get(f"/sites/{hall.site}/health").json()
    assert shown["online"] is True
    kiosk = next(one for one in shown["devices"] if one["position"] == "kiosk-1")
    known = {name: kiosk[name] for name in ("online", "heap", "rssi", "clock", "backlog", "reset", "code", "paper")}
    told = {"backlog": 7, "clock": 2, "code": "E-06", "heap": 5, "reset": "soft", "rssi": -81}
    assert known == {**told, "online": False, "paper": "low"}
    assert kiosk["since"] > NINE, "when it went"


def test_one_message_waits_for_each_opening_and_each_closing_and_none_where_nobody_is_to_be_told(watching):
    hall = whole(watching, ways=("mail", "webhook"))
    silent = whole(watching)
    for one in (hall, silent):
        one.tells("kiosk-1", ("paper.out", {}))
        one.go_on(2 * MINUTE_MS)
        one.tells("kiosk-1", ("paper.ok", {}))
        one.go_on(SETTLE_MS + MINUTE_MS)
    ids = {one.site: one.incidents()[0]["id"] for one in (hall, silent)}
    with hall.parts.db.read() as session:
        told = [(one.incident, one.what, one.way) for one in session.exec(select(Notice).order_by(Notice.id))]
    assert [(what, way) for id_, what, way in told if id_ == ids[hall.site]] == [
        ("opened", "mail"),
        ("opened", "webhook"),
        ("closed", "mail"),
        ("closed", "webhook"),
    ]

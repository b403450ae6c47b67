"""How devices stand to their configurations: what is waited for, how long, and what is known of it after the fact."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.fleet.configuration.delivery import Patience, Standing, Way, after_open_days, has_drifted, standing
from controller.fleet.configuration.models import Delivery
from controller.fleet.hours.calendar import DAY_MS, Calendar, calendar
from controller.fleet.models import Position
from controller.fleet.presence import Session
from controller.ingest.mqtt.lane import Message
from protocol import topics
from protocol.canonical import encode
from tests.controller.inside import Inside

PATIENCE = Patience(60, 3)
SITE, MONDAY = "genteng", 1_795_996_800_000 - 7 * 3_600_000  # 30 November 2026, 00:00 WIB
WEEK = calendar(420, ({str(day): [["07:00", "14:00"]] for day in range(5)}, {"2026-12-02": []}))
WANTED, OTHER = "a" * 32, "b" * 32


def way(**known: object) -> Way:
    """A device that is there and has another configuration, of which nothing is known."""
    nothing: dict[str, object] = {
        "device": "d", "site": SITE, "position": "p", "online": True, "seen": MONDAY, "claimed": 1,
        "state": {"config": OTHER, "rejected": ""}, "desired": WANTED, "since": MONDAY,
        "sent_hash": "", "sent": 0, "applied": 0, "why": "", "told_hash": "", "told": 0, "told_why": "",
    }  # fmt: skip
    return Way(**{**nothing, **known})  # type: ignore[arg-type]


def at(now: int, **known: object) -> Standing:
    return standing(way(**known), lambda: WEEK, PATIENCE, now)


def test_one_that_is_there_is_sent_its_configuration_within_a_minute():
    assert at(MONDAY + 60_000) == ("pending", MONDAY, MONDAY + 60_000, "")
    assert at(MONDAY + 60_001).state == "overdue"
    assert has_drifted(way(), at(MONDAY + 60_001))
    assert not has_drifted(way(), at(MONDAY))


def test_one_that_was_sent_it_answers_within_a_minute():
    sent = {"sent_hash": WANTED, "sent": MONDAY + 5}
    assert at(MONDAY + 60_005, **sent) == ("delivered", MONDAY + 5, MONDAY + 60_005, "")
    assert at(MONDAY + 60_006, **sent).state == "overdue"
    assert at(MONDAY + 60_006, **sent, why="no space").why == "no space"
    assert at(MONDAY, sent_hash=OTHER, sent=MONDAY).state == "pending", "what was sent was another"


def test_one_that_is_away_has_days_on_which_its_hall_opens():
    """Tuesday, Thursday and Friday: on Wednesday there is a holiday."""
    saturday = MONDAY + 5 * DAY_MS
    assert at(MONDAY + DAY_MS, online=False) == ("pending", MONDAY, saturday, "")
    assert at(saturday + 1, online=False).state == "overdue"
    assert not has_drifted(way(online=False), at(saturday + 1, online=False)), "nobody knows what it has"
    sent = {"sent_hash": WANTED, "sent": MONDAY + 5}
    assert at(MONDAY + DAY_MS, online=False, **sent).state == "pending", "nobody knows whether it came"
    assert after_open_days(Calendar(), 0, 2) == 3 * DAY_MS, "a hall of unknown hours counts as open"
    never = Calendar(0, {0: ()})
    assert after_open_days(never, 0, 2) > 365 * DAY_MS, "and one that never opens is not waited for for ever"


def test_what_a_device_refuses_is_known_with_the_reason_and_is_never_overdue():
    state = {"config": OTHER, "rejected": WANTED}
    told = {"told_hash": WANTED, "told": MONDAY + 9, "told_why": "crashed"}
    later = MONDAY + 99 * DAY_MS
    assert at(later, state=state, **told) == ("rejected", MONDAY + 9, 0, "crashed")
    sent = {"sent_hash": WANTED, "sent": MONDAY + 5, "why": "lang"}
    assert at(later, state=state, **sent) == ("rejected", MONDAY + 5, 0, "lang")
    assert at(MONDAY, state={"config": OTHER, "rejected": OTHER}, **told).state == "pending", "it refused another"
    assert at(MONDAY, state=state, told_hash=OTHER, told=5, told_why="old").why == ""


HASHES = st.sampled_from(["", WANTED, OTHER])
TIMES = st.integers(MONDAY - DAY_MS, MONDAY + 30 * DAY_MS)


KNOWN = {
    "online": st.booleans(),
    "seen": TIMES,
    "claimed": TIMES,
    "since": TIMES,
    "sent_hash": HASHES,
    "sent": TIMES,
    "applied": st.just(0) | TIMES,
    "why": st.sampled_from(["", "lang"]),
    "told_hash": HASHES,
    "told": TIMES,
    "state": st.fixed_dictionaries({}, optional={"config": HASHES, "rejected": HASHES}),
}


@given(st.fixed_dictionaries(KNOWN), TIMES)
def test_it_stands_one_way_and_time_alone_makes_only_overdue_of_it(known, now):
    found, later = at(now, **known), at(now + 400 * DAY_MS, **known)
    has = known["state"].get("config") == WANTED
    assert (found.state == "applied") == has
    assert (found.state == "rejected") == (not has and known["state"].get("rejected") == WANTED)
    if found.state in ("applied", "rejected"):
        assert later == found
        assert found.deadline == 0
    else:
        assert later == found._replace(state="overdue")
        assert (found.state == "overdue") == (now > found.deadline)
        assert found.deadline > found.since


macs = (f"02ba1ade{number:04x}" for number in itertools.count())


@pytest.fixture(scope="module")
def hall(inside: Inside) -> Inside:
    inside.site(SITE)
    return inside


def says(inside: Inside, device: str, online: bool = True, **state: object) -> None:
    """Have a device say its state, and wait until that is written."""
    whole = {"fw": "0.1.0", "config": "", "rejected": "", **state}
    inside.parts.roster.seen(device, Session("0" * 16, online, whole, int(time.time() * 1000), 0))
    inside.parts.db.write(lambda session: None)


def stand(inside: Inside, device: str) -> dict:
    return inside.admin.get(f"/devices/{device}/configuration").json()


def test_the_way_of_a_configuration_is_told_by_the_device(hall: Inside):
    device = next(macs)
    hall.position(SITE, "layar-1", "display")
    hall.claim(device, SITE, "layar-1")
    first = stand(hall, device)
    assert (first["state"], first["online"], first["drift"]) == ("pending", False, False)
    says(hall, device, config=OTHER)
    hash_ = stand(hall, device)["hash"]
    hall.parts.db.write(lambda db: db.merge(Delivery(device=device, hash=hash_, sent=1)) and None)
    late = stand(hall, device)
    assert (late["state"], late["drift"], late["reported"], late["deadline"]) == ("overdue", True, OTHER, 60_001)
    says(hall, device, config=hash_)
    assert (stand(hall, device)["state"], stand(hall, device)["drift"]) == ("applied", False)
    since = stand(hall, device)["since"]
    says(hall, device, config=hash_, uptime=300)
    assert stand(hall, device)["since"] == since, "since when it first said so"
    assert hall.admin.patch(f"/sites/{SITE}", json={"name": "Balai"}).status_code == 200
    assert stand(hall, device)["state"] == "pending"
    assert stand(hall, device)["since"] >= since
    says(hall, device, config=hash_, rejected=stand(hall, device)["hash"])
    assert stand(hall, device)["state"] == "rejected"


def test_an_event_tells_why_a_device_gave_a_configuration_up(hall: Inside):
    device = next(macs)
    hall.position(SITE, "layar-2", "display")
    hall.claim(device, SITE, "layar-2")
    hash_ = stand(hall, device)["hash"]
    data = {"hash": hash_, "why": "crashed"}
    event = [1, 1_795_996_800_000, 3, 1000, "config.rejected", data]
    body = encode({"v": 1, "log": "0" * 16, "boot": 1, "lo": 1, "e": [event]})
    hall.parts.store.ingest([Message(topics.up(device, "event").encode(), body, b"", False)])
    says(hall, device, config=OTHER, rejected=hash_)
    assert (stand(hall, device)["state"], stand(hall, device)["why"]) == ("rejected", "crashed")


def test_the_list_counts_all_and_shows_what_is_asked_for(hall: Inside):
    devices = [next(macs) for _ in range(4)]
    for number, device in enumerate(devices):
        hall.position(SITE, f"pad-{number}", "counter", counter="1")
        hall.claim(device, SITE, f"pad-{number}")
    says(hall, devices[0], config=stand(hall, devices[0])["hash"])
    says(hall, devices[1], config=OTHER, rejected=stand(hall, devices[1])["hash"])
    whole = hall.admin.get("/configuration/states", params={"site": SITE}).json()
    assert sum(whole["counts"].values()) == len(whole["devices"])
    for state in whole["counts"]:
        listed = hall.admin.get("/configuration/states", params={"site": SITE, "state": state}).json()
        assert {one["state"] for one in listed["devices"]} <= {state}
        assert len(listed["devices"]) == whole["counts"][state]
        assert listed["counts"] == whole["counts"]
    assert {one["device"]: one["state"] for one in whole["devices"]} | {
        devices[0]: "applied", devices[1]: "rejected"
    } == {one["device"]: one["state"] for one in whole["devices"]}  # fmt: skip
    paged, after = [], ""
    while True:
        page = hall.admin.get("/configuration/states", params={"site": SITE, "limit": 2, "after": after}).json()
        paged += page["devices"]
        after = page["next"]
        if not after:
            break
    assert paged == whole["devices"]
    assert hall.admin.get("/configuration/states", params={"state": "lost"}).status_code == 422
    figures = hall.admin.get(hall.address + "/metrics").text
    everywhere = hall.admin.get("/configuration/states").json()["counts"]
    for state, count in everywhere.items():
        assert f'balai_configurations{{state="{state}"}} {count}.0' in figures


def test_nothing_is_written_while_nothing_changes(hall: Inside):
    """A state every five minutes of each device must not cost a write of its own."""
    device = next(macs)
    hall.position(SITE, "layar-9", "display")
    hall.claim(device, SITE, "layar-9")
    hash_ = stand(hall, device)["hash"]
    says(hall, device, config=hash_)
    with hall.parts.db.read() as session:
        first = session.get(Delivery, device)
        assert first is not None
    for uptime in range(3):
        says(hall, device, config=hash_, uptime=uptime)
    with hall.parts.db.read() as session:
        assert session.get(Delivery, device) == first
        found = session.get(Position, (SITE, "layar-9"))
        assert found is not None
        assert found.desired == hash_

"""Clocks that lie: a number is there once a day, the day's events tell the right date, and no wrong time is printed."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from hil.demo.hall import SITE
from hil.demo.stage import Stage
from hil.device import HANGS
from tests.scenarios.conftest import OpenHall, shifted
from tests.scenarios.waiting import until
from tests.scenarios.witness import Witness, flash

DAY_S = 86_400
MORNING = 9 * 60 + 30  # minutes after midnight


def zone(minute: int) -> int:
    """Return the time zone (minutes east of UTC) in which it is now this minute of the day."""
    now = datetime.now(UTC)
    east = (minute - now.hour * 60 - now.minute) % 1_440
    return east if east <= 840 else east - 1_440


def date(tz: int, days: int = 0) -> str:
    """Return today's date in a time zone, or that of some days later."""
    return f"{datetime.now(UTC) + timedelta(minutes=tz, days=days):%Y-%m-%d}"


def times(witness: Witness, start: int = 0) -> list[str]:
    """Return the times that are printed on papers, "" for none, from the paper `start` on."""
    found = [re.search(r"\d\d-\d\d-\d{4} \d\d:\d\d", ticket.text) for ticket in witness.kiosk.tickets[start:]]
    return [one[0] if one else "" for one in found]


def days(witness: Witness) -> list[tuple[object, object]]:
    """Return (date, whether the numbers began anew) of each day that was opened, repeats left out."""
    found: list[tuple[object, object]] = []
    for one in witness.ledger.kinds(SITE, "day.opened"):
        if (one["date"], 0) != (found[-1][0] if found else None, one["restart"]):
            found.append((one["date"], one["restart"]))
    return found


def clock(days: int, tz: int) -> str:
    """Return how a ticket shows the time now and some days later."""
    return f"{datetime.now(UTC) + timedelta(minutes=tz, days=days):%d-%m-%Y %H:%M}"


async def waiting(hall: Stage) -> list[int]:
    """Return the numbers that wait at the controller."""
    tickets = (await hall.queue())["tickets"]
    assert isinstance(tickets, list)
    return [ticket["no"] for ticket in tickets if ticket["state"] == "waiting"]


async def evening(open_hall: OpenHall, tz: int) -> Witness:
    """Give a hall that was closed yesterday after three tickets: kiosk and controller are switched off."""
    hall = await open_hall("kiosk", site={"tz": tz}, shift=-DAY_S, BALAI_CLOCK="")
    witness = Witness(hall)
    await witness.ready()
    for button in "ABC":
        await hall.take(button)
    await witness.settled()
    assert days(witness) == [(date(tz, -1), 1)]
    await witness.kiosk.cut_power()
    await hall.controller.stop()
    return witness


async def uplink(witness: Witness, shift: int = 0) -> None:
    """Start the controller, its machine's clock being right or off, and let it tell the kiosk another time."""
    hall, steps = witness.stage, len(witness.ledger.kinds(SITE, "clock.stepped"))
    await hall.controller.stop()
    shifted(hall, shift)
    await hall.controller.start()
    assert hall.api is not None
    await hall.api.sign_in(hall.controller.name, hall.controller.password)
    hall.bench.uplink("kiosk", True)
    await until(lambda: len(witness.ledger.kinds(SITE, "clock.stepped")) > steps, "the kiosk's clock is set")
    await witness.settled()


async def test_a_morning_without_uplink_and_without_a_clock_is_dated_when_the_uplink_comes(open_hall: OpenHall):
    tz = zone(MORNING)
    witness = await evening(open_hall, tz)
    began = time.time() * 1000
    await witness.kiosk.power_on(BALAI_RTC="dead", BALAI_CLOCK="")
    await witness.ready()
    assert [await witness.stage.take(button) for button in "DAB"] == ["D 4", "A 5", "B 6"]
    assert times(witness, 3) == ["", "", ""], "a time that nobody trusts is not printed"
    await uplink(witness)
    await until(lambda: days(witness)[-1] == (date(tz), 0), "the day is dated")
    assert await witness.stage.take("C") == "C 7"
    assert times(witness, 6)[0][:10] == clock(0, tz)[:10]
    await witness.settled()
    assert days(witness) == [(date(tz, -1), 1), (date(tz), 0)]
    assert await waiting(witness.stage) == [4, 5, 6, 7], "yesterday's have expired, this morning's have not"
    happened = witness.ledger.ask("SELECT time FROM event WHERE kind = 'ticket.begun' ORDER BY pos")
    assert all(began <= int(str(at)) <= time.time() * 1000 for (at,) in happened[3:]), "and happened this morning"
    witness.count()


@pytest.mark.parametrize(
    ("off", "given"), [(1, [1, 2]), pytest.param(-1, [4, 5], marks=pytest.mark.soak)], ids=["ahead", "behind"]
)
async def test_a_clock_chip_that_is_wrong_by_a_day_is_put_right_and_the_numbers_go_on(
    open_hall: OpenHall, off: int, given: list[int]
):
    tz = zone(MORNING)
    witness = await evening(open_hall, tz)
    await witness.kiosk.power_on(BALAI_RTC=str(off * DAY_S), BALAI_CLOCK="")
    await witness.ready()
    for _ in given:
        await witness.stage.take("A")
    assert {one[:10] for one in times(witness, 3)} <= {clock(off, tz)[:10], ""}  # "" where it is before the floor
    await uplink(witness)
    await until(lambda: days(witness)[-1][0] == date(tz), "the day is dated")
    assert await witness.stage.take("B") == f"B {given[-1] + 1}"
    assert times(witness, 5)[0][:10] == clock(0, tz)[:10]
    await witness.settled()
    assert await waiting(witness.stage) == [*given, given[-1] + 1]
    witness.count()
    await witness.kiosk.cut_power()
    await witness.kiosk.power_on(BALAI_CLOCK="")  # the chip was set, and its battery keeps that
    await witness.ready()
    await witness.stage.take("C")
    assert times(witness, 6)[0][:10] == clock(0, tz)[:10]


async def test_a_clock_that_leaps_ahead_in_the_morning_and_back_again_takes_no_number_back(open_hall: OpenHall):
    tz = zone(MORNING)
    hall = await open_hall("kiosk", site={"tz": tz}, BALAI_CLOCK="")
    witness = Witness(hall)
    await witness.ready()
    assert await hall.take("A") == "A 1"
    witness.kiosk.say({"clock": {"jump": DAY_S}})  # the chip's own wall clock is not believed
    assert await hall.take("B") == "B 2"
    await witness.settled()
    assert days(witness) == [(date(tz), 1)]
    await uplink(witness, DAY_S)  # now the controller's is wrong, which is
    await until(lambda: days(witness)[-1] == (date(tz, 1), 0), "the day is that of the controller")
    assert await hall.take("C") == "C 3"
    await uplink(witness)
    assert await hall.take("D") == "D 4"
    await witness.settled()
    assert witness.count() == [1, 2, 3, 4]
    assert await waiting(hall) == [1, 2, 3, 4]
    assert [one[:10] for one in times(witness)] == [clock(n, tz)[:10] for n in (0, 0, 1, 0)]


@pytest.mark.parametrize("again", [False, pytest.param(True, marks=pytest.mark.soak)])
async def test_a_midnight_begins_the_numbers_anew_and_a_leap_back_across_it_does_not(open_hall: OpenHall, again: bool):
    """The kiosk's chip is a minute or two fast: it sees midnight before the controller does."""
    tz = zone(23 * 60 + 58)
    hall = await open_hall("kiosk", site={"tz": tz}, BALAI_CLOCK="")
    witness = Witness(hall)
    await witness.ready()
    assert [await hall.take(button) for button in "AB"] == ["A 1", "B 2"]
    await witness.settled()
    today = days(witness)[0][0]
    await witness.kiosk.cut_power()
    hall.bench.uplink("kiosk", False)
    midnight = DAY_S - (int(time.time()) + tz * 60) % DAY_S
    await witness.kiosk.power_on(BALAI_RTC=str(midnight - 8), BALAI_CLOCK="")
    await witness.ready()
    assert await hall.take("C") == "C 3"
    await until(lambda: flash(witness.kiosk.folder)[1].serial == 2, "midnight is seen")
    assert [await hall.take(button) for button in "AB"] == ["A 1", "B 2"]
    hall.bench.uplink("kiosk", True)
    await until(lambda: days(witness)[-1] == (today, 0), "the day is put right")
    assert await hall.take("C") == "C 3", "the numbers did not begin anew"
    await witness.settled()
    assert witness.count() == [1, 2, 3]
    assert len(days(witness)) == 3
    if again:
        await until(lambda: days(witness)[-1][1] == 1, "the real midnight", hangs=3 * HANGS)  # it is two minutes off
        assert await hall.take("A") == "A 1"
        await witness.settled()
        assert witness.count() == [1]

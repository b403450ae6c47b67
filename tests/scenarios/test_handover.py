"""Another device leads a hall: nobody in the queue is forgotten, and no number is given twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hil.api import Json
from hil.demo.hall import SITE
from hil.demo.stage import READY, Stage, heading
from hil.device import HANGS


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Give a hall that is on."""
    made = Stage(tmp_path)
    try:
        await made.open()
        yield made
    finally:
        await made.close()


async def until(stage: Stage, seen: Callable[[Json], bool]) -> Json:
    """Look at the controller's queue until `seen(queue)`; a hang fails with what was seen last."""
    for _ in range(20 * HANGS):
        queue = await stage.queue()
        if seen(queue):
            return queue
        await asyncio.sleep(0.05)
    raise AssertionError(queue)


def waiting(queue: Json) -> list[int]:
    """Return the numbers that wait, in their order."""
    tickets = queue["tickets"]
    assert isinstance(tickets, list)
    return [ticket["no"] for ticket in tickets if ticket["state"] == "waiting"]


async def done(stage: Stage, key: str, **command: object) -> Json:
    """Give a command until its outcome is definite."""
    assert stage.api is not None
    while (outcome := await stage.api.command(SITE, key, **command))["outcome"] == "unknown":
        pass
    assert outcome["outcome"] == "done", outcome
    return outcome


async def test_a_kiosk_that_replaces_a_dead_one_goes_on_with_its_queue(stage: Stage) -> None:
    kiosk = stage.device("kiosk")
    await kiosk.wait(lambda: kiosk.digits == READY)
    assert [await stage.take(button) for button in "ABC"] == ["A 1", "B 2", "C 3"]
    term = (await until(stage, lambda queue: waiting(queue) == [1, 2, 3]))["term"]
    assert isinstance(term, int)
    first = await done(stage, "the.call", op="call_next", counter="2")
    await kiosk.cut_power()  # for good
    assert stage.api is not None
    identity = {**await stage.api.claim("02ba1a1000ff", SITE, "kiosk-1"), "role": "kiosk"}
    spare = await stage.bench.add("spare", identity, BALAI_CLOCK="host", BALAI_LINE_MS="2")
    await spare.power_on()
    await spare.wait(lambda: spare.digits == READY)
    await until(stage, lambda queue: queue["term"] == term + 1)
    again = await done(stage, "the.call", op="call_next", counter="2")
    assert {**again, "rev": 0} == {**first, "rev": 0}, "the key's first answer has been handed over"
    spare.press("D")
    await spare.wait(lambda: len(spare.tickets) == 1 and spare.tickets[0].whole)
    assert heading(spare.tickets[0]) == "D 104", "what the dead one gave and did not send stays clear of it"
    queue = await until(stage, lambda queue: len(waiting(queue)) == 3)
    assert waiting(queue) == [2, 3, 104]
    assert (await done(stage, "next", op="call_next", counter="2"))["ticket"] == 2


async def test_a_second_kiosk_takes_over_and_learns_what_the_first_did_in_the_dark(stage: Stage) -> None:
    api, kiosk = stage.api, stage.device("kiosk")
    assert api is not None
    await kiosk.wait(lambda: kiosk.digits == READY)
    await api.post("/positions", {"site": SITE, "id": "kiosk-2", "role": "kiosk", "name": "Anjungan 2", "leads": True})
    identity = {**await api.claim("02ba1a1000fe", SITE, "kiosk-2"), "role": "kiosk"}
    second = await stage.bench.add("second", identity, BALAI_CLOCK="host", BALAI_LINE_MS="2")
    await second.power_on()
    assert await stage.take("A") == "A 1"
    await until(stage, lambda queue: waiting(queue) == [1])
    await stage.switch("kiosk", "uplink", False)
    assert await stage.take("B") == "B 2", "cut off it goes on"
    await api.post(f"/sites/{SITE}/leader", {"leader": "kiosk-2"})
    issued = await done(stage, "walk-in", op="issue", service="usaha", paper=0)
    assert issued["ticket"] == 500, "from a band of its own"
    assert await stage.take("D") == "D 3"
    await stage.switch("kiosk", "uplink", True)
    queue = await until(stage, lambda queue: len(waiting(queue)) == 4)
    assert sorted(waiting(queue)) == [1, 2, 3, 500]
    called = [(await done(stage, f"call.{n}", op="call_next", counter="2"))["ticket"] for n in range(4)]
    assert called == waiting(queue), "the leader calls them in the order in which the controller shows them"
    await kiosk.wait(lambda: kiosk.digits == READY)
    kiosk.press("A")
    await kiosk.wait(lambda: kiosk.digits.startswith("E-"))  # it knows that it does not lead any more


async def test_a_leader_in_reach_lays_it_down_and_the_other_knows_everything(stage: Stage) -> None:
    api, kiosk = stage.api, stage.device("kiosk")
    assert api is not None
    await kiosk.wait(lambda: kiosk.digits == READY)
    assert await stage.take("A") == "A 1"
    await api.post(f"/sites/{SITE}/leader", {"leader": "controller"})
    issued = await done(stage, "walk-in", op="issue", service="usaha", paper=0)
    assert issued["ticket"] == 800
    assert waiting(await until(stage, lambda queue: len(waiting(queue)) == 2)) == [1, 800]
    await api.post(f"/sites/{SITE}/leader", {"leader": "kiosk-1"})
    assert [(await done(stage, f"call.{n}", op="call_next", counter="2"))["ticket"] for n in range(2)] == [1, 800]
    events = await api.get("/events", site=SITE, kind="lead.passed")
    assert isinstance(events["events"], list)
    assert len(events["events"]) == 1
    await kiosk.wait(lambda: kiosk.digits == READY)
    assert await stage.take("B") == "B 2", "the numbering goes on in its own band"

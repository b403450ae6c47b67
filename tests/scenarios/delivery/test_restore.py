"""The controller restored from yesterday's backup: what devices still hold comes again, what they do not is a gap."""

import asyncio
from pathlib import Path

from hil.demo.hall import SITE
from tests.scenarios.conftest import OpenHall
from tests.scenarios.witness import Witness

SEGMENTS = 150  # tickets that fill several segments of the journal and bring snapshots, so that old segments go

AT_ONCE = 10


async def issue(witness: Witness, key: str, count: int) -> list[int]:
    """Have numbers given, some at a time; return them."""
    given: list[int] = []
    for start in range(0, count, AT_ONCE):
        keys = [f"{key}.{n}" for n in range(start, min(count, start + AT_ONCE))]
        made = await asyncio.gather(*(witness.command(one, op="issue", service="surat", paper=0) for one in keys))
        given += sorted(int(str(outcome["ticket"])) for outcome in made)
    return given


async def test_yesterdays_backup_goes_on_with_a_gap_an_alarm_and_new_numbers(open_hall: OpenHall, tmp_path: Path):
    hall = await open_hall("kiosk")
    witness, controller = Witness(hall), hall.controller
    await witness.ready()
    assert await issue(witness, "before", 10) == list(range(1, 11))
    await witness.settled()
    await controller.balai("backup", tmp_path / "yesterday.tar")
    kept = witness.ledger.events(hall.device("kiosk").environment["BALAI_DEVICE"])

    given = await issue(witness, "after", SEGMENTS)
    assert given == list(range(11, 11 + SEGMENTS))
    await witness.settled()
    await controller.stop()
    await controller.balai("restore", tmp_path / "yesterday.tar", "--force")
    await controller.start()
    assert await hall.take("A") == f"A {11 + SEGMENTS}"
    await witness.settled()

    events = witness.ledger.events(hall.device("kiosk").environment["BALAI_DEVICE"])
    assert events[: len(kept)] == kept
    numbers = [event[2] for event in events]
    lost = sorted(set(range(1, numbers[-1] + 1)) - set(numbers))
    assert lost, "the kiosk still held everything: nothing was put to the test"
    lo, hi = lost[0], lost[-1]
    assert lost == list(range(lo, hi + 1)), "what is missing is one stretch"
    assert lo == kept[-1][2] + 1
    (gap,) = witness.ledger.kinds(SITE, "gap")
    assert (gap["lo"], gap["hi"], gap["log"]) == (lo, hi, events[0][0])
    assert hall.api is not None
    (alarm,) = (await hall.api.get("/alarms", site=SITE))["items"]
    assert (alarm["kind"], alarm["device"]) == ("gap", hall.device("kiosk").environment["BALAI_DEVICE"])

    known = {number for day in witness.ledger.days(SITE) for number in day}
    assert max(known) == 11 + SEGMENTS
    assert not set(await issue(witness, "later", 5)) & set(given), "a number was handed out twice"
    witness.consistent()
    assert (await witness.command("call", op="call_next", counter="2"))["outcome"] == "done"

"""A journal without room: the kiosk says so and gives no more numbers, goes on calling, and drains with the uplink."""

from hil.demo.stage import READY, whole
from protocol.codes import JOURNAL_FULL
from tests.scenarios.conftest import OpenHall
from tests.scenarios.witness import Witness, journal

BLOCKS = 28  # of flash: so small that a morning without uplink fills it


async def refused(witness: Witness) -> bool:
    """Press a button; return whether the kiosk refuses for want of room."""
    kiosk, before = witness.kiosk, whole(witness.kiosk)
    await witness.press("A")
    await kiosk.wait(lambda: kiosk.digits == JOURNAL_FULL or (whole(kiosk) > before and kiosk.digits == READY))
    return whole(kiosk) == before


async def test_a_morning_without_uplink_fills_a_small_flash_and_loses_nothing(open_hall: OpenHall):
    hall = await open_hall("kiosk", blocks=BLOCKS, BALAI_LINE_MS="1")
    witness = Witness(hall)
    await witness.ready()
    await witness.settled()
    hall.bench.uplink("kiosk", False)
    while not await refused(witness):
        pass
    before = len(witness.papers())
    assert "journal.full" in [event[4] for event in journal(witness.kiosk.folder)]
    await witness.ready()
    assert await refused(witness)
    await witness.kiosk.cut_power()
    await witness.kiosk.power_on()
    await witness.ready()
    while not await refused(witness):
        pass
    given = witness.papers()
    assert len(given) <= before + 5, "a power cut makes no room"
    assert given == list(range(1, len(given) + 1)), "and a refusal burns no number"

    await witness.kiosk.cut_power()
    hall.bench.uplink("kiosk", True)
    await witness.kiosk.power_on()
    calls = [await witness.command(f"call.{number}", op="call_next", counter="2") for number in given]
    assert [one.get("ticket") for one in calls] == given, "everybody who waits is called all the same"
    await witness.settled()
    await witness.ready()
    assert await hall.take("B") == f"B {len(given) + 1}"
    await witness.settled()
    assert witness.count() == [*given, len(given) + 1]

"""The broker is never trusted: restarted without memory, or losing what it had queued while all stay connected."""

import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from bench.broker import Mosquitto
from tests.scenarios.conftest import OpenFleet
from tests.scenarios.fleet import Fleet
from tests.scenarios.ledger import rebuilt


def sizes(normal: tuple[int, ...], large: tuple[int, ...]) -> list[object]:
    return [normal, pytest.param(*large, marks=pytest.mark.soak)]


@pytest.mark.parametrize(("kiosks", "each", "kills"), sizes((10, 300, 3), (100, 500, 10)))
async def test_a_broker_killed_in_the_middle_comes_back_empty_and_nothing_is_missing(
    open_fleet: OpenFleet, dice: Random, kiosks: int, each: int, kills: int
):
    fleet = await open_fleet(kiosks)
    fleet.fill(each)
    moments = sorted(dice.sample(range(kiosks * each), kills))
    for moment in moments:
        await fleet.until(lambda moment=moment: fleet.acked >= moment)
        await fleet.controller.kill("broker")
        fleet.safe()
    await fleet.delivered()
    fleet.count()
    await rebuilt(fleet.controller)


async def held_up(fleet: Fleet) -> None:
    """Stop the application in its tracks, until the broker holds several copies of a batch of each kiosk for it."""
    await fleet.until(lambda: all(kiosk.acked for kiosk in fleet.kiosks))
    await fleet.controller.signal("application", signal.SIGSTOP)
    before = [(kiosk, kiosk.sent + 3) for kiosk in fleet.kiosks if kiosk.acked < kiosk.last]
    assert before, "all was delivered before anything could go wrong"
    await fleet.until(lambda: all(kiosk.sent >= sent for kiosk, sent in before))


async def test_of_what_the_broker_had_queued_every_copy_comes_or_none_and_one_is_stored(open_fleet: OpenFleet):
    fleet = await open_fleet(10)
    fleet.fill(300)
    await held_up(fleet)
    await fleet.controller.signal("application", signal.SIGCONT)
    await fleet.delivered()
    fleet.fill(300)
    await held_up(fleet)
    await fleet.controller.kill("application")  # its session was clean: the broker drops what waits for it
    await fleet.delivered()
    fleet.count()


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Mosquitto]:
    """An outside broker that drops what is beyond a few messages for a client, without a word to anybody."""
    log = f"log_dest file {tmp_path / 'mosquitto.log'}\n"
    broker = Mosquitto(tmp_path, more=f"max_inflight_bytes 1000\nmax_queued_bytes 20000\n{log}")
    broker.start()
    yield broker
    broker.stop()


async def test_a_broker_that_drops_messages_silently_delays_and_loses_nothing(
    narrow: Mosquitto, open_fleet: OpenFleet, tmp_path: Path
):
    fleet = await open_fleet(15, broker_url=f"mqtt://127.0.0.1:{narrow.port}", broker_dynsec=False)
    fleet.fill(200)
    await held_up(fleet)
    await fleet.controller.signal("application", signal.SIGCONT)
    await fleet.delivered()
    assert "being dropped" in (tmp_path / "mosquitto.log").read_text(), "nothing went wrong"
    fleet.count()
    await rebuilt(fleet.controller)

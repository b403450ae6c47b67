"""Nothing lost and nothing doubled while the controller dies under a fleet that sends, counted on both sides."""

from random import Random

import pytest

from tests.scenarios.conftest import OpenFleet
from tests.scenarios.ledger import rebuilt


@pytest.mark.parametrize(
    ("kiosks", "each", "kills"), [(25, 400, 3), pytest.param(100, 1_000, 8, marks=pytest.mark.soak)]
)
async def test_an_application_killed_again_and_again_stores_every_event_once(
    open_fleet: OpenFleet, dice: Random, kiosks: int, each: int, kills: int
):
    fleet = await open_fleet(kiosks)
    fleet.fill(each)
    moments = sorted(dice.sample(range(kiosks * each), kills))
    for moment in moments:
        await fleet.until(lambda moment=moment: fleet.acked >= moment)
        await fleet.controller.kill("application")
        fleet.safe()
    await fleet.delivered()
    fleet.count()
    await rebuilt(fleet.controller)

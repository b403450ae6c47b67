"""A clerk's call from the console while the uplink fails: unknown within two seconds, the same key until it is known,
and one call."""

import time

import pytest

from hil.demo.hall import SITE
from hil.proxy import Proxy
from tests.scenarios.conftest import OpenHall
from tests.scenarios.witness import Witness

UNKNOWN_S = 2.0  # the contract's promise to the clerk (docs/contract.md, section 6)
SLACK_S = 1.0  # of a busy machine

FAILURES = {
    "cut": Proxy.cut,
    "swallowing everything": Proxy.stall,
    "swallowing commands": lambda uplink: Proxy.stall(uplink, up=False),
    "swallowing answers": lambda uplink: Proxy.stall(uplink, down=False),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_call_whose_answer_is_lost_is_unknown_in_two_seconds_and_carried_out_once(
    open_hall: OpenHall, failure: str
):
    hall = await open_hall("kiosk")
    witness = Witness(hall)
    await witness.ready()
    for button in "AB":
        await hall.take(button)
    await witness.settled()
    assert hall.api is not None
    uplink = hall.bench.uplinks["kiosk"]
    FAILURES[failure](uplink)
    for _ in range(2):
        began = time.monotonic()
        outcome = await hall.api.command(SITE, "call.1", op="call_next", counter="2")
        assert time.monotonic() - began < UNKNOWN_S + SLACK_S
        assert outcome == {"key": "call.1", "outcome": "unknown", "rev": 0}
    uplink.cut()
    uplink.restore()
    first = await witness.command("call.1", op="call_next", counter="2")
    assert (first["outcome"], first["ticket"]) == ("done", 1)
    for _ in range(3):
        assert await witness.command("call.1", op="call_next", counter="2") == first
    assert (await witness.command("call.2", op="call_next", counter="2"))["ticket"] == 2
    await witness.settled()
    calls = witness.ledger.kinds(SITE, "ticket.called")
    assert [(one["key"], one["no"]) for one in calls] == [("call.1", 1), ("call.2", 2)]
    assert witness.count() == [1, 2]

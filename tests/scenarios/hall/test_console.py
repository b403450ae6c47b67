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
ALL = pytest.param(tuple(FAILURES), marks=pytest.mark.soak)


@pytest.mark.parametrize("failures", [("cut", "swallowing answers"), ALL])
async def test_a_call_whose_answer_is_lost_is_unknown_in_two_seconds_and_carried_out_once(
    open_hall: OpenHall, failures: tuple[str, ...]
):
    hall = await open_hall("kiosk")
    witness = Witness(hall)
    await witness.ready()
    calls = []
    for number, failure in enumerate(failures, start=1):
        await hall.take("A")
        await witness.settled()
        await lost(witness, failure, number)
        calls.append((failure.replace(" ", "."), number))
    await witness.settled()
    assert [(one["key"], one["no"]) for one in witness.ledger.kinds(SITE, "ticket.called")] == calls
    assert witness.count() == [number for _, number in calls]


async def lost(witness: Witness, failure: str, number: int) -> None:
    """Call while the uplink fails, then again until the outcome is definite: it is the call of ticket `number`."""
    api, uplink = witness.stage.api, witness.stage.bench.uplinks["kiosk"]
    assert api is not None
    key = failure.replace(" ", ".")
    FAILURES[failure](uplink)
    for _ in range(2):
        began = time.monotonic()
        outcome = await api.command(SITE, key, op="call_next", counter="2")
        assert time.monotonic() - began < UNKNOWN_S + SLACK_S
        assert outcome == {"key": key, "outcome": "unknown", "rev": 0}
    uplink.cut()
    uplink.restore()
    first = await witness.command(key, op="call_next", counter="2")
    assert (first["outcome"], first["ticket"]) == ("done", number)
    for _ in range(3):
        assert await witness.command(key, op="call_next", counter="2") == first

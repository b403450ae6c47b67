"""What the tests of errands share: a role with its parts, as orders know it; and a device at a broker."""

import pytest

from tests.firmware.core.conftest import centre, device, mosquitto  # noqa: F401
from tests.firmware.roles.conftest import in_hall  # noqa: F401

ORDERS = """
from firmware.errands import errand, signs
signs.BLINKS, signs.HALF_MS, signs.ALL_MS, signs.DIGIT_MS = 3, 60, 60, 40

class Identity:
    device = "020000000001"

class Orders:
    identity = Identity
    printing = False

orders = Orders()
orders.parts, orders.role = parts, role

def answer(outcome, reason="", result=None):
    tell(answer=[outcome, reason])

board.front.on("order", lambda op, line: errand.begin(op, line.get("args", {}), answer, orders))
"""
RUN = "asyncio.run(with_panel(lambda: keep(role)))"


@pytest.fixture
def under_orders(in_hall):  # noqa: F811
    """`await under_orders("kiosk", source that makes `role`)`: a running role that takes `send(order=...)`."""

    async def begin(role: str, source: str):
        waiting = "issue(3)" if role == "counter" else ""
        rig = await in_hall(role, waiting, source, ORDERS, RUN)
        await rig.told_of("running")
        return rig

    return begin


async def ordered(rig, op: str) -> list[str]:
    """Give an order and wait for its answer, [outcome, reason]."""
    rig.send(order=op)
    return await rig.told_of("answer")

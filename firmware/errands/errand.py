"""Which errand an order is. All but `testslip`, which needs the words of paper, are loaded together."""

import asyncio

from firmware.core.loan import give_back
from firmware.errands import signs, upkeep


def begin(op: str, args, answer, orders) -> None:
    """Carry out a seldom order, or begin to; `answer` is called then or when it is done.

    Raises OSError where the flash fails.
    """
    if op == "reboot":
        orders.restart(lambda: True)
        answer("done")
    elif op == "connect":
        from firmware.core.broker.offer import tried

        give_back("firmware.core.broker.offer")
        answer(*tried(orders.connection, args.get("hash"), args.get("doc")))
    elif op in ("update", "cancel"):
        from firmware.core.update import work

        give_back("firmware.core.update.work")
        answer(*(work.order if op == "update" else work.cancel)(orders.updates, args))
    elif op in signs.OPS:
        signs.begin(op, answer, orders)
    elif op == "test_print":
        if orders.printing or "printer" not in orders.parts:
            answer("refused", "busy" if orders.printing else "no_part")
        else:
            orders.printing = True
            asyncio.create_task(_print(orders, answer))
    elif op in upkeep.OPS:
        upkeep.carry_out(op, args, answer, orders)
    else:
        answer("refused", "unknown_op")


async def _print(orders, answer):
    from firmware.errands.testslip import printed

    give_back("firmware.errands.testslip")
    give_back("firmware.roles.words.paper")
    try:
        await printed(orders.parts["printer"], orders.identity.device, answer)
    finally:
        orders.printing = False

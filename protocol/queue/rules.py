"""What the queue is told from outside: the hall's rules and the time."""

from collections import namedtuple

from protocol.queue.state import HIGHEST

Now = namedtuple("Now", ("t", "q"))  # Unix milliseconds (0: unknown), quality of the clock 0..4


class Rules:
    """What a configuration document (contract, section 3) says about the queue; `me` is the position that decides."""

    def __init__(self, doc, me: str):
        self.me = me
        self.tz = doc["site"]["tz"]
        self.share = doc.get("share", 3)
        self.services = [service["id"] for service in doc["services"]]
        self.counters = {counter["id"]: counter["services"] for counter in doc["counters"]}
        self.order = [counter["id"] for counter in doc["counters"]]
        low, high = doc["bands"].get(me, (1, 0))
        self.low, self.high = max(1, low), min(HIGHEST, high)

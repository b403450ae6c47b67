"""What a kiosk's journal holds after some busy days: the events that the queue itself decides, one after the other."""

import random
from collections.abc import Iterator

from protocol.queue import Now, Rules, State, apply, decide

SERVICES = ("adm", "kk", "skck")
COUNTERS = ("1", "2", "3")
DAY_MS = 86_400_000
MIDNIGHT = 1_764_003_610_000  # 25 November 2025, ten seconds into the day at Banyuwangi (UTC+7)
OPENS_MS = 7 * 3_600_000
TICKETS_A_DAY = 180

Event = tuple[int, str, dict[str, object]]  # t (Unix ms), kind, data


def document(site: str) -> dict[str, object]:
    """Return the configuration of a hall with one kiosk, three services and three counters."""
    return {
        "v": 1,
        "site": {"id": site, "name": site, "tz": 420},
        "position": {"id": "kiosk-1", "role": "kiosk", "name": "Kiosk 1", "counter": ""},
        "lang": "id",
        "bands": {"kiosk-1": [1, 499], "kiosk-2": [500, 799], "controller": [800, 999]},
        "share": 3,
        "services": [
            {"id": name, "letter": letter, "name": name, "need": "KTP dan KK", "mins": 10}
            for name, letter in zip(SERVICES, "ABC", strict=True)
        ],
        "counters": [{"id": name, "name": f"Loket {name}", "services": []} for name in COUNTERS],
        "paper": 1,
    }


def events(site: str, seed: int) -> Iterator[Event]:
    """Yield events for ever: each day 180 visitors take a ticket, are called and served, and a third of them rate."""
    rng = random.Random(seed)
    state, rules = State(), Rules(document(site), "kiosk-1")
    number = 0

    def do(t: int, op: str, **operands: object) -> list[Event]:
        nonlocal number
        number += 1
        done = decide(state, rules, {"op": op, "key": f"kiosk-1.{seed}.{number}", **operands}, Now(t, 3))
        for kind, data in done:
            apply(state, kind, data, t)
        return [(t, kind, data) for kind, data in done]

    yield from do(MIDNIGHT, "grant", term=1, leader="kiosk-1")
    day = MIDNIGHT
    while True:
        yield from do(day, "tick")
        t = day + OPENS_MS
        for _ in range(TICKETS_A_DAY):
            t += rng.randrange(20_000, 140_000)
            begun = do(t, "issue", service=rng.choice(SERVICES), paper=1, priority=rng.choice(("", "", "", "elderly")))
            yield from begun
            no = begun[-1][2]["no"]
            yield from do(t + 2500, "printed", ticket=no)
            called = do(t + 9000, "call_next", counter=rng.choice(COUNTERS))
            yield from called
            no = called[-1][2]["no"]
            if rng.random() < 0.07:
                yield from do(t + 12_000, "recall", ticket=no)
                yield from do(t + 15_000, "no_show", ticket=no)
            else:
                yield from do(t + 14_000, "serve", ticket=no)
                yield from do(t + 19_000, "finish", ticket=no)
                if rng.random() < 0.3:
                    yield from do(t + 19_500, "rate", ticket=no, score=rng.randrange(1, 5))
        day += DAY_MS

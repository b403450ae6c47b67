"""Counting on both sides: what stands in the controller's database, and what its tables must then be."""

import contextlib
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from hil.demo.controller import Controller
from protocol.queue import State, apply
from protocol.queue.applying import KINDS

Json = dict[str, object]
Event = tuple[str, int, int, int, int, int, str, Json]  # log, boot, seq, t, q, up, kind, data


class Ledger:
    """Reads the SQLite file below a controller's data folder; looks anew each time it is asked."""

    def __init__(self, data: Path) -> None:
        self._file = data / "balai.db"

    def events(self, device: str) -> list[Event]:
        """Return a device's events in the order of its site, that is, as they were taken in."""
        query = "SELECT log, boot, seq, t, q, up, kind, data FROM event WHERE device = ? ORDER BY site, pos"
        return [(*row[:-1], json.loads(row[-1])) for row in self.ask(query, device)]

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        """Return the queue's tables, whole; of the state machines what they amount to, not when they were kept."""
        made: dict[str, list[tuple[object, ...]]] = {
            "ticket": self.ask("SELECT * FROM queue_ticket ORDER BY site, pos"),
            "period": self.ask("SELECT * FROM queue_period ORDER BY site, pos, n"),
        }
        sites = [site for (site,) in self.ask("SELECT DISTINCT site FROM event ORDER BY site")]
        return {**made, "state": [(site, self.state(str(site)).dump()) for site in sites]}

    def state(self, site: str) -> State:
        """Return the controller's state machine of a hall: its last snapshot and the events after it."""
        kept = self.ask("SELECT pos, state FROM queue_state WHERE site = ?", site)
        pos, state = (kept[0][0], State.load(json.loads(str(kept[0][1])))) if kept else (0, State())
        query = "SELECT kind, data, time FROM event WHERE site = ? AND pos > ? ORDER BY pos"
        return replayed(((str(k), json.loads(str(d)), int(str(t))) for k, d, t in self.ask(query, site, pos)), state)

    def days(self, site: str) -> list[list[int]]:
        """Return the numbers that were handed out at a site, in the order in which they came, for each day on which
        the numbers began anew."""
        query = (
            "SELECT kind, data FROM event WHERE site = ? AND kind IN ('day.opened', 'ticket.begun', 'ticket.issued')"
            " ORDER BY pos"
        )
        found: list[list[int]] = []
        for kind, text in self.ask(query, site):
            data = json.loads(str(text))
            if kind != "day.opened":
                found[-1].append(data["no"])
            elif data["restart"]:
                found.append([])
        return found

    def kinds(self, site: str, *kinds: str) -> list[Json]:
        """Return the data of a site's events of some kinds, in order, each with its kind and the event's number."""
        query = "SELECT kind, data, pos FROM event WHERE site = ? ORDER BY pos"
        found = [(str(kind), json.loads(str(data)), pos) for kind, data, pos in self.ask(query, site)]
        return [{**data, "kind": kind, "pos": pos} for kind, data, pos in found if kind in kinds]

    def letters(self, *reasons: str) -> list[tuple[str, str, int]]:
        """Return the dead letters as (device, reason, seq), the oldest first; of `reasons` where some are given."""
        found = self.ask("SELECT device, reason, seq FROM dead_letter ORDER BY id")
        return [(str(d), str(r), int(str(s))) for d, r, s in found if not reasons or r in reasons]

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Return the rows of a query."""
        with contextlib.closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as connection:
            return connection.execute(query, values).fetchall()


async def rebuilt(controller: Controller) -> None:
    """End the controller, and see that `balai rebuild` makes the same tables from the events."""
    await controller.stop()
    ledger = Ledger(controller.data)
    before = ledger.tables()
    assert before["ticket"]
    await controller.balai("rebuild")
    assert ledger.tables() == before


def replayed(events: Iterable[tuple[str, Json, int]], state: State | None = None) -> State:
    """Return the state machine after `events` (kind, data, Unix ms)."""
    state = state or State()
    for kind, data, t in events:
        if kind in KINDS:
            apply(state, kind, data, t)
    return state

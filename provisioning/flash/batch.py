"""Boards by the dozen: several ports at once, and the next boards when those are done."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from provisioning.controller import Place
from provisioning.flash.report import FAILED, SKIPPED, Made

Pair = tuple[str, Place]  # a port, and the place that the board at it is for


class Maker(Protocol):
    """What makes a board, and cancels the claim of one that has failed for good."""

    def make(self, port: str, place: Place, tell: Callable[[str, float | None], None]) -> Made: ...

    def give_up(self, made: Made) -> None: ...


class Person(Protocol):
    """Who stands at the bench, or nobody."""

    def tell(self, port: str, place: Place, step: str, share: float | None) -> None:
        """Hear how far a board is."""

    def finished(self, made: Made) -> None:
        """Hear what became of a board."""

    def next(self, pairs: list[Pair]) -> str:
        """Put in the next boards: "" go on, "s" skip these places, "q" stop."""

    def again(self, made: Made) -> bool:
        """Whether to try a board that failed once more, or another one in its stead."""


def run(maker: Maker, ports: list[str], places: Iterable[Place], person: Person) -> list[Made]:
    """Make a device for each place, as many at once as there are ports, and return what became of each.

    A failed board does not stop the others; when nobody wants to try it again its claim is cancelled.
    """
    left = deque(places)
    rows: list[Made] = []
    failed: dict[Place, Made] = {}  # places for which another try is wanted, and what failed there
    first = True
    while left:
        pairs = [(port, left.popleft()) for port in ports[: len(left)]]
        answer = "" if first else person.next(pairs)
        first = False
        if answer in ("s", "q"):
            for port, place in pairs:
                made = failed.pop(place, None) or Made(port, place, SKIPPED, said="skipped: run the same again for it")
                _close(maker, made, rows, person)
            if answer == "q":
                break
            continue
        for made in _together(maker, pairs, person):
            before = failed.pop(made.place, None)
            if before is not None and before.device != made.device:
                maker.give_up(before)
            if made.outcome == FAILED and person.again(made):
                failed[made.place] = made
                left.appendleft(made.place)
            else:
                _close(maker, made, rows, person)
    return rows


def _close(maker: Maker, made: Made, rows: list[Made], person: Person) -> None:
    """Nothing more will be tried for a board."""
    if made.outcome == FAILED:
        maker.give_up(made)
    rows.append(made)
    person.finished(made)


def _together(maker: Maker, pairs: list[Pair], person: Person) -> Iterable[Made]:
    """Make boards side by side; gives each when it is done.

    The threads are no reason for the process to stay: a board that is interrupted is repaired by running it again.
    """
    done: queue.Queue[Made] = queue.Queue()

    def one(port: str, place: Place) -> None:
        done.put(maker.make(port, place, lambda step, share: person.tell(port, place, step, share)))

    for port, place in pairs:
        threading.Thread(target=one, args=(port, place), daemon=True, name=f"board at {port}").start()
    for _ in pairs:
        yield done.get()

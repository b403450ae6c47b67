"""Makes one board into one device: reads what it is, claims it, writes it, starts it, waits until it was seen."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from provisioning.boards import Board, board_of
from provisioning.claims import Claims
from provisioning.controller import Controller, Place, Seen, may_not_ask
from provisioning.errors import (
    BoardError,
    BootError,
    ControllerError,
    PortError,
    ProvisioningError,
    RefusedError,
    UnseenError,
    WriteError,
)
from provisioning.flash import console
from provisioning.flash.chip import Chip, check
from provisioning.flash.console import Console
from provisioning.flash.report import FAILED, SEEN, UNSEEN, WRITTEN, Made
from provisioning.identity import Network, complete, encode
from provisioning.image.build import Image, build
from provisioning.image.interpreter import Interpreter

ATTEMPTS = 2  # at a board, before it counts as failed
_SPEAKS_S = 10.0  # within which MicroPython introduces itself; it takes one to two
_ASK_S = 0.5  # between two questions to the controller

Tell = Callable[[str, float | None], None]  # called with the step, and the share of it that is done


@dataclass(frozen=True)
class Wishes:
    """How boards are to be made."""

    board: Board | None = None  # None: whichever the chip is for
    networks: Sequence[Network] = ()
    release_key: str = ""
    bench: bool = False
    baud: int = 460_800
    stub: bool = True
    wait: float = 60.0  # seconds for the controller to see it, 0 for not waiting


class Work:
    """Makes boards, several at once, each in a thread of its own."""

    def __init__(
        self, controller: Controller, claims: Claims, interpreter: Callable[[Board], Interpreter], wishes: Wishes
    ) -> None:
        """`interpreter` gives the MicroPython of a board."""
        self._controller = controller
        self._claims = claims
        self._interpreter = interpreter
        self._wishes = wishes
        self._lock = threading.Lock()
        self._loaded: dict[str, Interpreter] = {}
        self._made: dict[str, Place] = {}

    def make(self, port: str, place: Place, tell: Tell) -> Made:
        """Make the board at `port` the device of `place`. Whatever goes wrong is in what it returns."""
        made = Made(port, place)
        began = time.monotonic()
        for left in reversed(range(ATTEMPTS)):
            made.outcome, made.code, made.said = FAILED, 0, ""
            try:
                self._make(made, tell)
            except (PortError, WriteError, BootError) as error:
                made.outcome, made.code, made.said = FAILED, error.code, str(error)
                if left and made.device:  # where nothing answers at all it does not the second time either
                    continue
            except UnseenError as error:
                made.outcome, made.code, made.said = UNSEEN, error.code, str(error)
            except ProvisioningError as error:
                made.outcome, made.code, made.said = FAILED, error.code, str(error)
            except Exception as error:  # the others go on; its own words are not shown, they may hold a secret
                made.outcome, made.code, made.said = FAILED, 1, f"a defect of this tool ({_where(error)}): report it"
            break
        if made.outcome != FAILED:
            with self._lock:
                self._made[made.device] = place
        made.seconds = time.monotonic() - began
        made.finished = datetime.now(UTC).isoformat(timespec="seconds")
        return made

    def load(self, board: Board) -> Interpreter:
        """Return the MicroPython of a board, having fetched it once for all. Raises ImageError."""
        with self._lock:  # one of them fetches it, and the others wait
            if board.name not in self._loaded:
                self._loaded[board.name] = self._interpreter(board)
            return self._loaded[board.name]

    def give_up(self, made: Made) -> None:
        """Cancel the claim of a board that has failed for good, so that nothing trusts it."""
        if not made.claimed:
            return
        try:
            self._claims.cancel(made.device)
            made.claimed = False
        except ControllerError as error:
            made.said += f"; its claim could not be cancelled ({error}): `balai device cancel {made.device}`"

    def rehearse(self, port: str, place: Place) -> tuple[Made, Image]:
        """Return what making the board at `port` would come to. Nothing is claimed and nothing is written.

        Raises what `make` would have failed with.
        """
        with self._open(port) as chip:
            made = Made(port, place, device=chip.facts.mac, chip=chip.facts.chip, flash=chip.facts.flash)
            image = build(self._check(chip), b"{}", self._wishes.bench)
            chip.start()
        if place.site:
            try:
                position = self._controller.position(place)
            except RefusedError as error:
                if not may_not_ask(error):
                    raise
            else:
                if position is None:
                    raise RefusedError(f"the controller knows no {place}: check --site and --position")
        return made, image

    # Inside.

    def _make(self, made: Made, tell: Tell) -> None:
        tell("connecting", None)
        with self._open(made.port) as chip:
            facts = chip.facts
            made.device, made.chip, made.flash = facts.mac, facts.chip, facts.flash
            interpreter = self._check(chip)
            with self._lock:
                if facts.mac in self._made:
                    raise BoardError(f"this board was made already, for {self._made[facts.mac]}: put in the next one")
            tell("claiming", None)
            claim = self._claims.take(facts.mac, made.place)
            made.claimed = True
            identity = complete(claim, self._wishes.networks, self._wishes.release_key)
            made.generation = int(str(identity["generation"]))
            made.stands = Place(str(identity["site"]), str(identity["position"]), str(identity["role"]))
            tell("building", None)
            image = build(interpreter, encode(identity), self._wishes.bench)
            chip.write(image.parts, lambda share: tell("writing", share))
            tell("starting", None)
            before = self._ask(facts.mac)
            first = Console(chip.port)
            chip.start()
            console.check(first.interpreter(_SPEAKS_S, lambda: tell("starting: press EN", None)))
            self._wait(made, first, before, tell)

    def _open(self, port: str) -> Chip:
        return Chip(port, self._wishes.baud, self._wishes.stub)

    def _check(self, chip: Chip) -> Interpreter:
        """Return the interpreter for a board. Raises BoardError where it is another board, or too small."""
        board = self._wishes.board or board_of(chip.facts.chip)
        assert board is not None, "a chip without a board is not opened"
        interpreter = self.load(board)
        check(chip.facts, board, interpreter.flash, chip.name)
        return interpreter

    def _ask(self, device: str) -> Seen | None:
        """Return what the controller knows of a device; None also where the token may not ask."""
        if not self._wishes.wait:
            return None
        try:
            return self._controller.seen(device)
        except RefusedError as error:
            if not may_not_ask(error):
                raise
            return None

    def _wait(self, made: Made, first: Console, before: Seen | None, tell: Tell) -> None:
        """Wait until the controller has seen the device, and listen to what it says meanwhile.

        Raises BootError, UnseenError.
        """
        made.outcome = WRITTEN
        if not self._wishes.wait:
            made.said = "not waited for"
            return
        tell("waiting to be seen", None)
        end = time.monotonic() + self._wishes.wait
        asked, why = 0.0, ""
        while (now := time.monotonic()) < end:
            text = first.read()
            if wrong := console.trouble(text):
                raise BootError(wrong)
            if said := console.crash(text):
                raise BootError(f"the firmware ends with {said!r}: report it")
            if now - asked < _ASK_S:
                continue
            asked = now
            try:
                seen = self._controller.seen(made.device)
            except RefusedError as error:
                if may_not_ask(error):
                    made.said = "the token may not ask whether it was seen: look at the controller"
                    return
                raise
            except ControllerError as error:
                why = f"; {error}"
                continue
            if seen and seen.online and seen.generation == made.generation and seen != before:
                made.outcome = SEEN
                with suppress(OSError):
                    self._claims.was_seen(made.device)
                return
        raise UnseenError(
            f"the controller has not seen it within {self._wishes.wait:.0f} s{why}: check the Wi-Fi of its place; its "
            "claim waits, and running the same again takes it up"
        )


def _where(error: BaseException) -> str:
    """Return the kind of an error and the line that it comes from."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}, Python {sys.version_info.major}.{sys.version_info.minor}"

"""The hall's display: shows the last call, speaks new ones, and says calmly when what it shows may be old."""

import asyncio

from firmware.roles.role import Role
from firmware.roles.words.diagnosis import pages
from firmware.roles.words.names import Names, digits
from protocol.announce import CLIPS, clips
from protocol.codes import NO_CONFIG

YOUNG_MS = 60_000  # an older call is shown, not spoken
SHOWN_MS = 4_000  # a number stays at least this long, and as long as it is spoken
PAGE_MS = 2_000
REFRESH_MS = 30_000
PAUSE_MS = 200
WAITING = 10  # calls that wait to be spoken at most: the others are too old by the time it is their turn
NOTHING = "- - -"


class Display(Role):
    """Shows the newest (term, rev) that arrives, from wherever it arrives."""

    def __init__(self, parts, hall, clock, status):
        """`parts`: matrix and digits, at least one of them; speaker and buttons where there are any."""
        self._matrix = parts.get("matrix")
        self._digits = parts.get("digits")
        self._speaker = parts.get("speaker")
        self._buttons = parts.get("buttons")
        self._clock = clock
        self._status = status
        self._names = None
        self._stays = SHOWN_MS
        self._newest = (-1, -1)
        self._calls = []
        self._linked = False  # the controller is in reach
        self._led = True  # and so was the leader, as the newest board says
        self._heard = None  # up time at which what is shown was last surely the newest
        self._spoken = -1
        self._queue = []  # (up time of the call, call), oldest first
        self._busy = False
        self._pages = []  # what somebody asked to see: (eight characters, four)
        super().__init__()
        if self._buttons is not None:
            self._buttons.on_hold = self.hold
        hall.on_board(self.board)
        self._draw()

    def configure(self, doc) -> None:
        """Take over a configuration document."""
        self._names = Names(doc)
        self._stays = doc["shown"] * 1000 if "shown" in doc else SHOWN_MS
        for screen in (self._matrix, self._digits):
            if screen is not None:
                screen.dim(doc["brightness"]) if "brightness" in doc else screen.dim()
        if self._speaker is not None:
            self._speaker.loud(doc["volume"]) if "volume" in doc else self._speaker.loud()
        self._draw()

    def tasks(self):
        """(name, coroutine function) of what must keep running."""
        tasks = [("display", self.run), ("refresh", self.refresh)]
        if self._buttons is not None:
            tasks.append(("buttons", self._buttons.run))
        return tasks

    def line(self, up: bool, silent_ms: int = 0) -> None:
        """The way to the leader is there, or not; something was last heard of it `silent_ms` ago."""
        if self._linked and not up:
            self._heard = self._clock.up() - silent_ms
        self._linked = up
        self._draw()

    def board(self, board, retained: bool = False) -> None:
        """Take a board; `retained` tells that it may have waited at the broker, so that its ages are too low."""
        version = (board["term"], board["rev"])
        if version < self._newest:
            return
        now = self._clock.up()
        if board["term"] != self._newest[0]:  # another leader may count its calls from a lower number
            known = [(call["c"], call["no"]) for call in self._calls]
            self._spoken = max([call["c"] for call in board["calls"] if (call["c"], call["no"]) in known] or [-1])
        away = 0
        if retained:
            away = YOUNG_MS if self._heard is None else now - self._heard
        self._newest = version
        self._board = board
        self._calls = board["calls"]
        self._led = board["line"] != "down"
        self._heard = now
        for call in reversed(self._calls):
            if call["c"] > self._spoken:
                self._spoken = call["c"]
                age = call["ago"] * 1000 + away
                if age < YOUNG_MS:
                    self._queue = self._queue[1 - WAITING :] + [(now - age, call)]
        self._wake.set()
        self._draw()

    def hold(self, name: str) -> None:
        """The button was held: show what a technician asks."""
        self._pages = list(pages(self._status()))
        self._wake.set()

    async def run(self) -> None:
        """One speech queue: a call never cuts off another."""
        while True:
            if self._queue:
                self._pages = []
                called, call = self._queue.pop(0)
                if self._clock.up() - called < YOUNG_MS:
                    self._busy = True
                    try:
                        await self._announce(call)
                    finally:
                        self._busy = False
                        self._draw()
            elif self._pages:
                await self._page(*self._pages.pop(0))
            elif self.guest is not None:
                await self._host(self.guest, lambda: self._queue or self._pages)
            else:
                self._wake.clear()
                await self._wake.wait()

    async def refresh(self) -> None:
        """Send the matrix everything again now and then: a dip of the supply makes it forget."""
        while True:
            await asyncio.sleep_ms(REFRESH_MS)
            if self._matrix is not None:
                self._matrix.refresh()

    async def _announce(self, call) -> None:
        began = self._clock.up()
        self._show(call)
        if self._speaker is not None and self._names is not None:
            names = self._names
            for clip in clips(names.letter(call["service"]), call["no"], names.counter(call["counter"]), names.lang):
                if clip:
                    await self._speaker.play(CLIPS.index(clip) + 1)
                else:
                    await asyncio.sleep_ms(PAUSE_MS)
        left = self._stays - (self._clock.up() - began)
        if left > 0:
            await asyncio.sleep_ms(left)

    async def _page(self, long: str, short: str) -> None:
        """Show a page for a while, or until somebody is called."""
        self._busy = True
        try:
            self._write(long, short)
            until = self._clock.up() + PAGE_MS
            while not self._queue and self._clock.up() < until:
                self._wake.clear()
                try:
                    await asyncio.wait_for_ms(self._wake.wait(), until - self._clock.up())
                except asyncio.TimeoutError:
                    pass
        finally:
            self._busy = bool(self._pages)
            self._draw()

    def _draw(self) -> None:
        if self._busy or self._hosting:
            return
        code = self.notice or ("" if self._names else NO_CONFIG)
        if self._calls and self._names is not None:
            self._show(self._calls[0])
        else:
            self._write(code or NOTHING, code or "----")

    def _show(self, call) -> None:
        if self._names is None:
            self._write(NOTHING, "----")
            return
        text = self._names.label(call["service"], call["no"])
        desk = str(self._names.counter(call["counter"]))
        long = text + ">" + desk
        self._write(long if len(long) <= 8 else text.replace(" ", "") + ">" + desk, digits(text))

    def _write(self, long: str, short: str) -> None:
        stale = not self._linked or not self._led
        if self._matrix is not None:
            self._matrix.show(long, stale)
        if self._digits is not None:
            self._digits.show(short, stale)

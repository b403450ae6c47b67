"""Puts a device together: its identity, journal, clock, link, and the role it plays; keeps all of it running."""

import asyncio
import gc

from firmware import BUILT, VERSION, cast
from firmware.core import crashlog
from firmware.core.broker.connection import Connection
from firmware.core.clock import CHIP, CONTROLLER, Clock
from firmware.core.console import NEWS, console
from firmware.core.field import Field
from firmware.core.flash.identity import Identity
from firmware.core.flash.journal import Journal
from firmware.core.flash.settings import Settings
from firmware.core.supervision import WATCHDOG_MS, Supervisor
from firmware.core.uplink.link import Link
from firmware.core.wlan import Wlan
from firmware.orders import Orders
from firmware.report import Report

WELL_S = 600  # a device that has run this long is well, and so is its configuration
SECOND_MS = 1_000
LINK_MS = 600_000  # the link hears a packet, or gives up an attempt, far more often


class Node:
    """One device. `run()` never returns."""

    def __init__(self, board):
        root = board.root
        self._board = board
        crash = crashlog.take("crash")
        reset = "crash" if crash else board.reset_cause()
        self.settings = settings = Settings(root + "/state")
        given_up = settings.booted(reset in ("crash", "watchdog"))
        self._identity = identity = Identity(root + "/identity.json")
        connection = Connection(identity, settings)
        if settings.doc:
            identity.place(settings.doc)
        parts = board.parts(identity.role)
        floor = max(BUILT, settings.floor)
        self._clock = clock = Clock(board.time_source, parts.get("clock_chip"), floor, self._stepped, BUILT)
        leads = identity.role == "kiosk" and bool(identity.position)
        self._journal = journal = Journal(root + "/journal", clock, remembers=leads)
        self._supervisor = Supervisor(clock, board.watchdog(WATCHDOG_MS), self._crashed)
        self._wlan = wlan = Wlan(board.wlan(), connection)
        self._leader = self._remote = self._grants = None
        if leads:
            from firmware.roles.hall.leader import Leader

            hall = self._leader = Leader(journal, clock, identity.position)
            self._leader.stand(settings, identity.site)
        else:
            from firmware.roles.hall.remote import RemoteHall

            hall = self._remote = RemoteHall(lambda op, args: self._link.inbox.request(op, args))
        self.role = cast.make(identity.role, parts, hall, clock, self.note, self.status, identity.device, journal.boot)
        self._link = link = Link(identity, journal, clock, lambda: self._report.state(), self, connection, wlan)
        self._orders = orders = Orders(
            board, parts, identity, settings, connection, link, self.role, clock, journal, self._leader, self.note
        )
        self.command = orders.carry_out
        updates = self._updates = orders.updates
        if updates.trial and reset == "soft":
            reset = "update"
        self._report = Report(
            identity, settings, journal, clock, wlan, link, self.role, reset, crash, connection, updates
        )
        self._field = Field(wlan, connection, clock, self.role.notify, identity.device, leads)
        self._field.watch(parts.get("buttons"))
        if self._leader is not None:
            from firmware.roles.hall.grants import Grants

            self._grants = Grants(self._leader, link)
            self._leader.on_board(lambda board: link.appended())
        if settings.doc:
            self.configure(settings.doc)
        self.note("device.booted", {"fw": VERSION, "reset": reset, "boots": journal.boot})
        if crash:
            self.note("device.crashed", {"text": crash})
        if given_up:
            self.note("config.rejected", {"hash": given_up, "why": "crashed"})

    async def run(self) -> None:
        """Start every task; serves the panel of a bench."""
        keep = self._supervisor.start
        for name, job in self.role.tasks():
            keep(name, job)
        if self._leader is not None:
            leader = self._leader
            keep("leader", lambda: self._lead(leader))
            self._supervisor.expect("leader", WATCHDOG_MS)
        keep("wlan", self._wlan.run)
        keep("field", self._field.run)
        console = self._board.console()
        if console is not None:
            keep("console", lambda: self._field.console(*console))
        keep("link", self._link.run)
        self._supervisor.expect("link", LINK_MS)
        keep("updates", lambda: self._updates.run(self._link.inbox.request, lambda: self._link.welcome))
        keep("time", self._time)
        keep("watchdog", self._supervisor.run)
        await self._board.panel()
        while True:  # a board without a panel has nothing more to do here
            await asyncio.sleep(3600)

    # What the link hears.

    def configure(self, doc) -> None:
        """Let the role and the leader take over a configuration. Raises ValueError where this board cannot be that."""
        if not self._orders.moves(doc):
            if self._leader is not None:
                self._leader.configure(doc)
            self.role.configure(doc)

    def board(self, board, retained: bool) -> None:
        """A board from the broker; a leader has its own."""
        if self._remote is not None:
            self._remote.board(board, retained)

    def line(self, up: bool) -> None:
        """The controller is in reach, or not."""
        line = getattr(self.role, "line", None)
        if line is not None:
            line(up, self._clock.up() - self._link.heard)

    def timed(self) -> None:
        """The time is trusted: save it now and then, and look whether the day has changed."""
        t, q = self._clock.now()
        if q >= CONTROLLER:  # a chip may lie
            self.settings.passed(t // 1000)
        if self._leader is not None and self._leader.state.leader:
            self._leader.tick()

    def queue(self, command):
        """A queue command for the leader, None where this device does not lead."""
        return None if self._leader is None else self._leader.command(command)

    def lead(self, id: str, args) -> None:
        """A grant of leadership: {"term", "leader"}, and the queue's state where this device is to go on from it."""
        if self._grants is None:
            self._link.send("reply", {"id": id, "outcome": "refused", "reason": "not_leader"})
        else:
            self._grants.take(id, args)

    def progress(self) -> None:
        """The link is alive."""
        self._supervisor.beat("link")

    def note(self, kind: str, data) -> None:
        """Put an event of the device itself into the journal; where it is full the queue's come first."""
        console.say(NEWS, kind)
        try:
            self._journal.append(kind, data, self._journal.limit // 3)
        except OSError:
            return
        self._link.appended()

    def status(self) -> dict:
        """What the diagnosis slip and pages show."""
        return self._report.status()

    # Inside.

    async def _lead(self, leader):
        """The leader's loop, with its sign of life."""
        leader.resume()
        while True:
            leader.tick()
            self._supervisor.beat("leader")
            await asyncio.sleep_ms(SECOND_MS)

    async def _time(self):
        while True:
            await asyncio.sleep(WELL_S)
            self.timed()  # this also looks at the ticks, so that no wrap is missed
            self.settings.proved()

    def _stepped(self, before, after, q):
        if q >= CHIP:
            self.note("clock.stepped", {"from": before, "to": after, "q": q})

    def _crashed(self, name, error):
        self.note("device.crashed", {"text": name + ": " + crashlog.trace(error)})
        crashlog.keep(crashlog.LAST, error)


def run(board) -> None:
    """Run the device on `board`; returns only where something could not be kept running."""
    gc.collect()
    gc.threshold(16_384)  # collect before the heap grows: memory is one pool, shared with TLS
    asyncio.run(Node(board).run())

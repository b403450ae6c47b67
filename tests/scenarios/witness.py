"""The hall's side of the count: what citizens hold, what the kiosk's flash remembers, and whether all of it agrees."""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from firmware.core.flash.journal import Journal
from hil.api import Json
from hil.bench import IMAGE
from hil.demo.hall import SITE
from hil.demo.stage import HUGE, READY, Stage
from hil.device import Device
from protocol.queue import State
from provisioning.image.filesystem import Flash, mount
from tests.scenarios.ledger import Ledger, replayed
from tests.scenarios.waiting import until

Row = list  # [seq, t, q, up, kind, data]


class _NoClock:
    def now(self) -> tuple[int, int]:
        return 0, 0

    def up(self) -> int:
        return 0


def flash(folder: Path) -> tuple[int, State]:
    """Return what a kiosk's flash holds: the seq of its last event, and the queue's state as a boot would find it."""
    with _journal(folder) as kept:
        value, later = kept.recover()
        return kept.seq, replayed(((e[4], e[5], e[1]) for e in later), State.load(value) if value else None)


def journal(folder: Path) -> list[Row]:
    """Return the events that a device's flash holds, [seq, t, q, up, kind, data]."""
    with _journal(folder) as kept:
        return list(kept.after(0))


@contextmanager
def _journal(folder: Path) -> Iterator[Journal]:
    """Open a copy of a device's journal, which may be written meanwhile."""
    image = folder / IMAGE
    if image.exists():
        files = _unpacked(_at_once(lambda: [image])[IMAGE], "/journal")
    else:
        files = _at_once(lambda: (folder / "journal").iterdir())
    with tempfile.TemporaryDirectory() as work:
        for name, data in files.items():
            (Path(work) / name).write_bytes(data)
        yield Journal(work, _NoClock())


def _at_once(paths: Callable[[], Iterable[Path]]) -> dict[str, bytes]:
    """Return what is in these files by their names, all at one moment: again where one has changed or gone."""

    def marks() -> dict[Path, tuple[int, int, int]]:
        found = {}
        for path in paths():
            with suppress(FileNotFoundError):
                about = path.stat()
                found[path] = (about.st_ino, about.st_size, about.st_mtime_ns)
        return found

    while True:
        before = marks()
        with suppress(FileNotFoundError):
            files = {path.name: path.read_bytes() for path in before}
            if marks() == before:
                return files


def _unpacked(cells: bytes, folder: str) -> dict[str, bytes]:
    """Return the files of a folder of a littlefs."""
    flash = Flash(len(cells))
    flash.buffer[:] = cells
    system = mount(flash)
    found = {}
    for one in system.listdir(folder):
        with system.open(f"{folder}/{one}", "rb") as file:
            found[one] = file.read()
    system.unmount()
    return found


class Witness:
    """Watches one kiosk of a hall and counts on both sides."""

    def __init__(self, stage: Stage, name: str = "kiosk") -> None:
        self.stage = stage
        self.kiosk: Device = stage.device(name)
        self.ledger = Ledger(stage.controller.data)
        self.shown: list[int] = []  # numbers that citizens have read on the display and confirmed
        self._settled: tuple[int, State] = (0, State())  # what was on the flash when all of it was in the database

    async def ready(self) -> None:
        """Wait until the kiosk waits for the next citizen."""
        await self.kiosk.wait(lambda: self.kiosk.digits == READY)

    async def confirm(self, shown: str) -> None:
        """Wait until the kiosk shows `shown` ("A  3") for want of paper, and press to confirm that it was read."""
        await self.kiosk.wait(lambda: self.kiosk.digits == shown)
        self.shown.append(_number(shown))
        await self.press("A")
        await self.ready()

    async def press(self, button: str) -> None:
        """Press a button, when the hand before has let go of it, and let go."""
        await self.kiosk.released(button)
        self.kiosk.press(button)
        await self.kiosk.released(button)

    def papers(self) -> list[int]:
        """Return the numbers that can be read on papers, torn ones too, in the order in which they came out."""
        headings = (line.text for one in self.kiosk.tickets for line in one.lines if line.size >= HUGE)
        return [number for number in map(_number, headings) if number]

    async def settled(self) -> None:
        """Wait until the database has everything that is on the kiosk's flash at that moment.

        A kiosk writes when it likes, a ticket that is printed after the paper has come out: `count` goes by this.
        """
        device = self.kiosk.environment["BALAI_DEVICE"]

        def same() -> bool:
            self._settled = flash(self.kiosk.folder)
            events = self.ledger.events(device)
            return bool(events) and events[-1][2] >= self._settled[0]

        await until(same, "events are on the kiosk and not in the database")

    def count(self) -> list[int]:
        """Count on both sides, as it was when all `settled`, where this kiosk alone has led; return today's numbers."""
        seq, state = self._settled
        self.arrived()
        assert state.dump() == replayed(self.history(seq)).dump(), "the flash says otherwise than the database"
        self.consistent()
        return self.ledger.days(SITE)[-1]

    def history(self, seq: int) -> list[tuple[str, Json, int]]:
        """Return what has happened in the hall, (kind, data, Unix ms by who wrote it), as far as the kiosk's `seq`.

        The controller led until the kiosk was there, and may have opened the day.
        """
        query = "SELECT kind, data, t FROM event WHERE site = ? AND (device <> ? OR seq <= ?) ORDER BY pos"
        found = self.ledger.ask(query, SITE, self.kiosk.environment["BALAI_DEVICE"], seq)
        return [(str(kind), json.loads(str(data)), int(str(t))) for kind, data, t in found]

    def arrived(self) -> None:
        """See that the kiosk's log is in the database whole and once, that no number was handed out twice in a day,
        and that every number that a citizen holds is known."""
        events = self.ledger.events(self.kiosk.environment["BALAI_DEVICE"])
        assert [event[2] for event in events] == list(range(1, len(events) + 1))
        assert len({event[0] for event in events}) == 1
        days = self.ledger.days(SITE)
        for numbers in days:
            assert len(set(numbers)) == len(numbers), "a number was handed out twice"
        held = [*self.papers(), *self.shown]
        assert set(held) <= {number for numbers in days for number in numbers}, "somebody holds a number nobody knows"
        assert self.ledger.letters() == []

    def consistent(self) -> None:
        """See that the controller's state of the hall is what a replay of all its events gives."""
        query = "SELECT kind, data, time FROM event WHERE site = ? ORDER BY pos"
        replay = replayed((str(k), json.loads(str(d)), int(str(t))) for k, d, t in self.ledger.ask(query, SITE))
        assert self.ledger.state(SITE).dump() == replay.dump()

    async def command(self, key: str, **command: object) -> Json:
        """Give the hall a command under `key`, again until the outcome is definite."""
        assert self.stage.api is not None
        api, found = self.stage.api, []

        async def definite() -> bool:
            found.append(await api.command(SITE, key, **command))
            return found[-1]["outcome"] != "unknown"

        await until(definite, f"the outcome of {command['op']} stays unknown")
        return found[-1]


def _number(text: str) -> int:
    """Return the number in "A 12" or "A  12", 0 where there is none."""
    letter, number = text[:1], text[1:].strip()
    return int(number) if letter.isalpha() and number.isdecimal() else 0

"""The stage: a controller and the devices of one hall, and the story of what happens to them."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from hil.api import Api, Json
from hil.bench import Bench
from hil.boards import HERE, Boards
from hil.demo.controller import Controller
from hil.demo.hall import PLACES, SITE, furnish
from hil.device import Device
from hil.parts import Ticket
from protocol.announce import CLIPS
from protocol.sentences import spoken

# The clock is right, and a ticket comes out in about half a second.
BOARD = {"BALAI_CLOCK": "host", "BALAI_LINE_MS": "25"}
STORY = 40  # lines that are kept
MORNING = "ABDAC"  # the first citizens of the demo
# Keys of the keypad and what it shows then: the first is called, served (the point) and done, the next is called.
SERVING = (("A", "A  1"), ("C", "A . 1"), ("C", "N  2"), ("A", "B  2"))
READY = "5IAP"  # "SIAP" on seven segments
HUGE = 3  # the size of a ticket's number, at least


class Stage:
    """One hall on real MicroPython below `folder`. `open()` it, then press, look and unplug; `close()` ends it all.

    `boards` are real ones, by the name of the place at which each stands; `options` are the controller's.
    """

    def __init__(self, folder: Path, port: int = 0, boards: Boards | None = None, **options: str | bool) -> None:
        names = {"broker_names": boards.host} if boards is not None and boards.host != HERE else {}
        self.controller = Controller(folder, port, **names, **options)
        self.bench = Bench(folder / "devices", boards)
        self.api: Api | None = None
        self.story: list[tuple[float, str]] = []  # Unix seconds, what happened; the newest first
        self.on_change: Callable[[], None] = lambda: None
        self._seen: dict[str, tuple[int, str, int]] = {}

    async def open(self, *names: str, site: Json | None = None, blocks: int = 0, **environment: str) -> None:
        """Start the controller, make the hall, flash the devices called `names` (all where none is), power them on.

        Args:
            names: of PLACES.
            site: what is to be different at the site.
            blocks: of their flash, see Bench.add.
            environment: of their virtual boards, see hil/README.md.
        """
        await self.controller.start()
        self.api = Api(self.controller.address)
        await self.api.sign_in(self.controller.name, self.controller.password)
        macs = {place.name: await self.bench.boards.mac(place.name, place.device) for place in PLACES}
        for name, identity in (await furnish(self.api, macs)).items():
            if not names or name in names:
                await self.add(name, identity, blocks, **environment)
        if site:
            await self.api.patch(f"/sites/{SITE}", site)
        await asyncio.gather(*(device.power_on() for device in self.bench.devices.values()))

    async def add(self, name: str, identity: Json, blocks: int = 0, **environment: str) -> Device:
        """Put one more device into the hall, unpowered; the rest as `Bench.add` has it."""
        device = await self.bench.add(name, identity, blocks=blocks, **{**BOARD, **environment})
        device.on_change = partial(self._watch, device)
        return device

    async def close(self) -> None:
        """End every process."""
        await self.bench.stop()
        if self.api is not None:
            await self.api.__aexit__(None, None, None)
        await self.controller.stop()

    def device(self, name: str) -> Device:
        """Return the device called `name`; KeyError for none."""
        return self.bench.devices[name]

    def tell(self, text: str) -> None:
        """Add a line to the story."""
        self.story.insert(0, (time.time(), text))
        del self.story[STORY:]
        self.on_change()

    async def switch(self, name: str, what: str, on: bool) -> None:
        """Pull or put back a plug: `what` is uplink, power or paper."""
        device, title = self.device(name), self._title(name)
        if what == "uplink":
            self.bench.uplink(name, on)
            self.tell(f"{title}: uplink {'tersambung lagi' if on else 'dicabut'}")
        elif what == "power":
            if on and not device.powered:
                await device.power_on()
            elif not on:
                await device.cut_power()
            self.tell(f"{title}: listrik {'menyala lagi' if on else 'dicabut'}")
        else:
            device.paper(on)
            self.tell(f"{title}: kertas {'diisi' if on else 'dikeluarkan'}")

    async def fill(self) -> None:
        """Play the start of a morning: citizens take tickets at the kiosk, the clerk at counter 1 serves the first."""
        kiosk, counter = self.device("kiosk"), self.device("counter")
        await kiosk.wait(lambda: kiosk.digits == READY)
        for button in MORNING:
            await self.take(button)
        for key, shown in SERVING:
            counter.key(key)
            await counter.wait(partial(_shows, counter, shown))
            await counter.released(key)

    async def take(self, button: str) -> str:
        """Press a button of the kiosk, wait for the paper, and return the number on it."""
        kiosk = self.device("kiosk")
        before = whole(kiosk)
        kiosk.press(button)
        await kiosk.wait(lambda: whole(kiosk) > before and kiosk.digits == READY)
        return heading(kiosk.tickets[-1])

    def uplink(self, name: str) -> bool:
        """Whether the uplink of a device is up."""
        return self.bench.uplinks[name].up

    def said(self) -> str:
        """Return the last call as the display's speaker has said it so far."""
        clips = self.device("display").parts.player.clips
        names = [CLIPS[number - 1] for number in clips]
        last = len(names) - names[::-1].index("chime") if "chime" in names else 0
        return " ".join(spoken(name, "id") for name in names[last:])

    def links(self) -> dict[str, str]:
        """Return the addresses of the hall's pages."""
        return {page: f"{self.controller.address}/{page}?site={SITE}" for page in ("board", "console")}

    async def queue(self) -> Json:
        """Return the hall's queue as the controller has it."""
        assert self.api is not None
        return await self.api.get(f"/sites/{SITE}/queue")

    def _watch(self, device: Device) -> None:
        """Tell what a citizen would notice: papers, and numbers that appear."""
        papers = whole(device)
        digits, clips = device.digits.strip(), len(device.parts.player.clips)
        before = self._seen.get(device.name, (0, "", 0))
        self._seen[device.name] = (papers, digits, clips)
        if papers > before[0]:
            self.tell(f"Anjungan mencetak {heading(device.tickets[papers - 1])}")
        elif device.name == "display" and digits != before[1] and ">" in digits and "#" not in digits:
            self.tell(f"Papan menunjukkan {digits.replace('>', ' → loket ')}")
        elif (papers, digits, clips) != before:
            self.on_change()

    @staticmethod
    def _title(name: str) -> str:
        return next(place.title for place in PLACES if place.name == name)


def _shows(device: Device, digits: str) -> bool:
    return device.digits == digits


def whole(device: Device) -> int:
    """Return how many papers have come out of a device, torn ones left out."""
    return sum(ticket.whole for ticket in device.tickets)


def heading(ticket: Ticket) -> str:
    """Return the number on a ticket, or what else the paper is."""
    largest = max(ticket.lines, key=lambda line: line.size)
    return largest.text.strip() if largest.size >= HUGE else "slip diagnosis"

"""A hall for the pages: led by the controller inside the test's process, with clips that last a moment."""

import wave
from itertools import count
from pathlib import Path

from playwright.sync_api import BrowserContext

from protocol.announce import CLIPS
from tests.controller.inside import Inside
from tests.controller.waiting import until

SERVICES = [
    {"id": "adm", "letter": "A", "name": "Administrasi", "need": "KTP dan KK", "mins": 10},
    {"id": "kk", "letter": "B", "name": "Kartu keluarga", "need": "", "mins": 5},
]
COUNTERS = [{"id": "1", "name": "Loket 1", "services": []}, {"id": "2", "name": "Loket 2", "services": []}]
CLERK = "petugas"
AT_ONCE = 10


class House:
    """The controller, and a clerk who works in all of its halls."""

    def __init__(self, folder: Path) -> None:
        self.inside = Inside(folder / "data")
        self.clerk = self.inside.person(CLERK, "clerk")
        self.numbers = count(1)
        self._halls: list[Hall] = []
        clips(folder / "data" / "voice" / "id")

    def hall(self, **fields: object) -> "Hall":
        """Return one more hall, with its day opened; `fields` are those of its site that are to be different."""
        if not self._halls:  # days are opened once a second: for several halls at once
            self._halls = [Hall(self, f"balai-{next(self.numbers)}") for _ in range(AT_ONCE)]
            for one in self._halls:
                self.inside.site(one.site, name="Desa Genteng Kulon", services=SERVICES, counters=COUNTERS)
        made = self._halls.pop(0)
        until(lambda: made.board()["day"], "no day is opened")
        if fields:
            answer = self.inside.admin.patch(f"/sites/{made.site}", json=fields)
            assert answer.status_code == 200, answer.text
        return made

    def sign_in(self, browser: BrowserContext, name: str = CLERK) -> None:
        """Have a browser hold a session, as after the sign-in page."""
        body = {"name": name, "password": f"kata-sandi-{name}"}
        assert browser.request.post(f"{self.inside.address}/api/v1/session", data=body).ok


class Hall:
    """One hall: what others than the page do in it, and what has happened."""

    def __init__(self, house: House, site: str) -> None:
        self.house, self.site = house, site
        self.console = f"{house.inside.address}/console?site={site}"
        self.board_page = f"{house.inside.address}/board?site={site}"
        self._keys = count(1)

    def command(self, **command: object) -> dict:
        """Give a command by another way than the page, and return its outcome, which must be `done`."""
        headers = {"Idempotency-Key": f"k{next(self._keys)}"}
        path = f"/sites/{self.site}/queue/commands"

        def known() -> dict:
            outcome = self.house.clerk.post(path, json=command, headers=headers).json()
            return {} if outcome["outcome"] == "unknown" else outcome

        outcome = until(known, "nobody leads")
        assert isinstance(outcome, dict)
        assert outcome["outcome"] == "done", outcome
        return outcome

    def issue(self, *services: str, **fields: object) -> None:
        """Issue a ticket for each of `services`."""
        for service in services:
            self.command(op="issue", service=service, **fields)

    def board(self) -> dict:
        """Return the public board."""
        return self.house.clerk.get(f"/sites/{self.site}/board").json()["board"]

    def events(self, *kinds: str) -> list[tuple[str, dict]]:
        """Return (kind, data) of what has happened here: all, or of some kinds."""
        found = self.house.inside.admin.get("/events", params={"site": self.site, "limit": 1000}).json()["events"]
        return [(one["kind"], one["data"]) for one in found if not kinds or one["kind"] in kinds]

    def led_by(self, leader: str) -> None:
        """Make a position, or the controller, lead."""
        answer = self.house.inside.admin.post(f"/sites/{self.site}/leader", json={"leader": leader})
        assert answer.status_code == 200, answer.text

    def cut_off(self) -> None:
        """Have the hall led by a kiosk that nobody hears of."""
        self.house.inside.position(self.site, "kiosk-1", leads=True)
        self.house.inside.claim(f"02ba1a49{next(self.house.numbers):04x}", self.site, "kiosk-1")
        self.led_by("kiosk-1")


def clips(folder: Path) -> None:
    """Write a clip of 20 ms for each of the names."""
    folder.mkdir(parents=True)
    for name in CLIPS:
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(bytes(320))

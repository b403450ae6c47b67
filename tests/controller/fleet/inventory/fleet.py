"""A small fleet in two sub-districts, and those who look after it."""

from controller.fleet.presence import Session
from tests.controller.inside import Inside, Someone

HALLS = {"genteng-kulon": "genteng", "genteng-wetan": "genteng", "srono": "srono", "muncar": "srono"}
ROLES = {"kiosk-1": "kiosk", "layar": "display"}
SPARE = "02ba1a5000ff"
SECRET = "RAHASIA-SRONO"  # in every text of the halls of srono
NOW = 1_800_000_000_000


class Fleet:
    """`devices` by hall and position; `near` looks after genteng, `far` after srono, `all` after both."""

    def __init__(self, inside: Inside) -> None:
        self.inside = inside
        self.devices: dict[tuple[str, str], str] = {}
        for hall, district in HALLS.items():
            name = SECRET if district == "srono" else f"Desa {hall}"
            inside.site(hall, district=district, name=name)
            for position, role in ROLES.items():
                inside.position(hall, position, role, name=name)
                mac = f"02ba1a5000{len(self.devices):02x}"
                inside.claim(mac, hall, position)
                self.devices[hall, position] = mac
        inside.born(inside.reserve(device=SPARE, role="kiosk"))
        self.near = inside.person("teknisi-genteng", "technician", "district:genteng")
        self.far = inside.person("teknisi-srono", "technician", "district:srono")
        self.all = inside.person("teknisi", "technician")
        self.viewer = inside.person("pemirsa-genteng", "viewer", "district:genteng")

    def of(self, district: str) -> set[str]:
        """Return the devices of a sub-district."""
        return {mac for (hall, _), mac in self.devices.items() if HALLS[hall] == district}

    def says(self, mac: str, at: int = NOW, online: bool = True, **state: object) -> None:
        """Have a device say its state at `at`, Unix ms."""
        figures = {"heap": 30_000, "rssi": -60, "backlog": 0, "boots": 1, "uptime": 60, "code": "", "fw": "0.1.0"}
        self.inside.parts.roster.seen(mac, Session("0" * 16, online, {**figures, **state}, at, 0))
        self.inside.parts.db.write(lambda session: None)  # what was submitted before is written

    def found(self, who: Someone, **params: object) -> list[str]:
        """Return the ids of a list of devices."""
        answer = who.get("/devices", params=params)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()]

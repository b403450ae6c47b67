"""The believable hall of the demo: what it is called, what it offers, and how it comes to life over the HTTP API.

Names of services follow the letters that village offices of Banyuwangi issue; minutes and requirements are examples.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hil.api import Api, Json

SITE = "genteng-kulon"
NAME = "Desa Genteng Kulon"
SERVICES: list[Json] = [
    {"id": "adminduk", "letter": "A", "name": "KK, e-KTP, akta", "need": "Fotokopi KK, pengantar RT/RW", "mins": 8},
    {"id": "surat", "letter": "B", "name": "Surat keterangan", "need": "KTP, pengantar RT/RW", "mins": 6},
    {"id": "usaha", "letter": "C", "name": "Izin usaha", "need": "KTP, foto tempat usaha", "mins": 12},
    {"id": "bansos", "letter": "D", "name": "Bantuan sosial", "need": "KTP dan KK asli", "mins": 10},
]
COUNTERS: list[Json] = [
    {"id": "1", "name": "Loket 1", "services": ["adminduk", "surat"]},
    {"id": "2", "name": "Loket 2", "services": []},
]


@dataclass(frozen=True)
class Place:
    """One piece of hardware of the hall: its name on the bench, its MAC, its role and position."""

    name: str
    device: str
    role: str
    title: str
    counter: str = ""
    leads: bool = False


PLACES = (
    Place("kiosk", "02ba1a100001", "kiosk", "Anjungan 1", leads=True),
    Place("display", "02ba1a100002", "display", "Papan nomor"),
    Place("counter", "02ba1a100003", "counter", "Papan tombol Loket 1", counter="1"),
)


async def furnish(api: Api, macs: Mapping[str, str] | None = None) -> dict[str, Json]:
    """Make the site and its positions where they are missing; return a fresh identity for each place by name.

    `macs`: the devices that stand at places instead of those that are thought of, by the names of the places.
    """
    sites = await api.get("/sites")
    if SITE not in str(sites):
        await api.post(
            "/sites",
            {
                "id": SITE,
                "name": NAME,
                "kind": "village",
                "tz": 420,
                "lang": "id",
                "services": SERVICES,
                "counters": COUNTERS,
                "share": 3,
                "paper": 1,
            },
        )
    there = str(await api.get("/positions", site=SITE))
    identities = {}
    for place in PLACES:
        position = f"{place.role}-1"
        if f"'{position}'" not in there:
            body: Json = {"site": SITE, "id": position, "role": place.role, "name": place.title, "leads": place.leads}
            if place.counter:
                body["counter"] = place.counter
            await api.post("/positions", body)
        identities[place.name] = {
            **await api.claim((macs or {}).get(place.name, place.device), SITE, position),
            "role": place.role,
        }
    return identities

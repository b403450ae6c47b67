"""A hall led by the device under test: the real queue and leader, a journal in memory, a clock that can be trusted."""

import pytest

DOC = {
    "v": 1,
    "site": {"id": "genteng-kulon", "name": "Desa Genteng Kulon", "tz": 420},
    "position": {"id": "kiosk-1", "role": "kiosk", "name": "Kiosk 1", "counter": "1"},
    "lang": "id",
    "bands": {"kiosk-1": [1, 499], "controller": [800, 999]},
    "share": 3,
    "services": [
        {"id": "adm", "letter": "A", "name": "Administrasi", "need": "KTP dan KK", "mins": 10},
        {"id": "sehat", "letter": "B", "name": "Poli Umum", "need": "", "mins": 5},
    ],
    "counters": [{"id": "1", "name": "Loket 1", "services": []}, {"id": "2", "name": "Loket 2", "services": []}],
    "paper": 1,
}

HALL = """
from firmware.roles.hall.leader import Leader

DOC = {doc!r}

class Memory:
    boot = 1
    full = False

    def append_many(self, events, reserve=0):
        if self.full:
            raise OSError(28)
        self.t = hall_clock.now()[0]
        for kind, data in events:
            tell(kind=kind, data=data)

    def append(self, kind, data):
        self.append_many([(kind, data)])

    def snapshot(self, value):
        pass

    def recover(self):
        return None, iter(())

class Clock:
    def __init__(self):
        self.began = clock.ticks_ms()

    def up(self):
        return clock.ticks_diff(clock.ticks_ms(), self.began)

    def now(self):
        return 1795505400000 + self.up(), 4

def status():
    return {{"device": "020000000001", "site": "genteng-kulon", "position": "kiosk-1", "network": "desa", "rssi": -61,
             "broker": 1, "clock": 4, "config": "3f2a9c", "fw": "0.1.0", "boots": 7, "reset": "power", "backlog": 12,
             "heap": 65536, "crash": "", "code": ""}}

hall_clock, journal = Clock(), Memory()
hall = Leader(journal, hall_clock, "kiosk-1")
hall.configure(DOC)
hall.command({{"op": "grant", "term": 1, "leader": "kiosk-1", "key": "grant"}})
hall.tick()

issued = []

def issue(n=1, service="adm"):
    for _ in range(n):
        issued.append("issue.%d" % len(issued))
        hall.command({{"op": "issue", "service": service, "paper": 0, "key": issued[-1]}})

async def keep(role):
    tell(running=1)
    await asyncio.gather(*[run() for _, run in role.tasks()])
"""


@pytest.fixture
def in_hall(start):
    """`await in_hall("kiosk", source, ...)`: start a program with the hall's names at hand."""

    async def begin(role: str, *sources: str, **environment: str):
        return await start(HALL.format(doc=DOC), *sources, role=role, **environment)

    return begin

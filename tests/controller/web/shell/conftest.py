"""What the tests of the staff pages share: one controller a module, with two halls in two sub-districts."""

import itertools
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from sqlmodel import update

from controller.incidents.models import Entry, Incident
from controller.ingest.alarms import now_ms
from tests.controller.inside import Inside, Someone

GENTENG, SRONO = "genteng-kulon", "srono"


class House(Inside):
    """A controller whose halls have troubles."""

    def trouble(self, site: str, kind: str = "paper_out", position: str = "kiosk-1") -> int:
        """Have something go wrong at a hall, and those who follow told; return the incident's id."""

        def fn(session) -> int:
            row = Incident(
                site=site, device=position and f"{site}-1", position=position, kind=kind, detail="", since=now_ms()
            )
            session.add(row)
            session.flush()
            session.add(Entry(incident=row.id, at=row.since, who="", what="opened", text=""))
            return row.id

        made = self.parts.db.write(fn)
        self.parts.incidents.changed([made])
        return made

    def incident(self, id_: int) -> Incident:
        """Return an incident's row."""
        with self.parts.db.read() as session:
            found = session.get(Incident, id_)
        assert found is not None
        return found

    def settle(self) -> None:
        """Nothing is wrong any more."""

        over = update(Incident).where(Incident.until == 0).values(until=now_ms())
        self.parts.db.write(lambda session: session.exec(over) and None)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    one = House(tmp_path_factory.mktemp("shell") / "data")
    one.site(GENTENG, name="Desa Genteng Kulon", district="genteng", lat=-8.37, lon=114.15)
    one.site(SRONO, name="Desa Kebaman", district="srono", lat=-8.4, lon=114.27)
    one.position(GENTENG, "kiosk-1", leads=True, name="Anjungan 1")
    one.claim("b0a732000001", GENTENG, "kiosk-1")
    yield one
    one.stop()


@pytest.fixture(autouse=True)
def _quiet(house: House) -> Iterator[None]:
    yield
    house.settle()


@pytest.fixture(scope="module")
def newcomer(house: House) -> Callable[..., Someone]:
    """Return somebody new who has signed in, whose account the test may change."""
    names = itertools.count()
    return lambda role, *sites: house.person(f"{role}-{next(names)}", role, *sites)


@pytest.fixture(scope="module")
def people(newcomer: Callable[..., Someone]) -> Callable[..., Someone]:
    """Return somebody who has signed in; the same for the same role and halls."""
    return cache(newcomer)

"""A claim is a reservation: whatever is claimed, cancelled, seen, swapped and revoked in whatever order."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from controller.broker.security import Account
from controller.broker.vault import Vault
from controller.db import Database
from controller.fleet import service
from controller.fleet.models import Device, Grant, Position, Site
from controller.fleet.roster import Roster
from controller.fleet.schemas import SiteCreate
from controller.fleet.service import CONTROLLER, FleetError
from controller.fleet.trust import claims, places, rotation
from controller.fleet.trust.claims import Asked
from controller.fleet.trust.models import Claim
from controller.fleet.trust.places import Change
from controller.ingest.alarms import now_ms
from controller.migrations import upgrade
from tests.controller.inside import SERVICES, Inside

DEVICES = ["d1", "d2", "d3"]
PLACES = [("a", "kiosk-1"), ("a", "kiosk-2"), ("b", "kiosk-1"), ("a", "layar"), ("", "kiosk"), ("", "display")]
POSITIONS = (("kiosk-1", "kiosk"), ("kiosk-2", "kiosk"), ("layar", "display"))
# A device that is claimed and then seen is what other steps need before they mean anything: it is drawn most often.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("install"), st.sampled_from(DEVICES), st.sampled_from(PLACES)),
        st.tuples(st.just("install"), st.sampled_from(DEVICES), st.sampled_from(PLACES[:2])),
        st.tuples(st.just("claim"), st.sampled_from(DEVICES), st.sampled_from(PLACES)),
        st.tuples(st.sampled_from(["rotate", "revoke", "fail", "cancel", "expire"]), st.sampled_from(DEVICES)),
        st.tuples(
            st.just("born"), st.sampled_from(DEVICES), st.sampled_from(["claim", "next", "present", "old", "mute"])
        ),
        st.tuples(st.just("swap"), st.sampled_from(DEVICES), st.sampled_from(DEVICES)),
    ),
    min_size=2,
    max_size=25,
)
fleets = count(1)


class Fleet:
    """Two halls of their own in a database, and a broker's accounts that hear only of changes."""

    def __init__(self, db: Database, vault: Vault, roster: Roster) -> None:
        self.db, self.vault, self.roster = db, vault, roster
        self.prefix = f"f{next(fleets)}-"
        self.broker: dict[str, Account] = {}
        self.secrets: dict[str, str] = {}
        db.write(self._make)

    def _make(self, session: Session) -> None:
        for site in ("a", "b"):
            body = SiteCreate(id=self.prefix + site, name=site, services=SERVICES, counters=[])
            session.add(Site(**body.model_dump(mode="json")))
            session.flush()
            service.grant(session, self.prefix + site)
            for name, role in POSITIONS:
                service.add_position(session, self.prefix + site, name, role, name, "", role == "kiosk", None)

    def write(self, fn: Callable[[Session], Change | list[Change] | None]) -> bool:
        """Do something, tell the broker what has changed, and return whether anything has."""
        try:
            made = self.db.write(fn)
        except FleetError:
            return False
        changes = made if isinstance(made, list) else [made] if made else []
        for change in changes:
            for device, usernames in change.accounts.items():
                wanted = {one.username: one for one in self.roster.accounts(device)}
                for name in usernames:
                    self.broker.pop(name, None)
                    if name in wanted:
                        self.broker[name] = wanted[name]
        return bool(changes)

    def looks(self) -> dict[str, dict[str, object]]:
        """Return every device and grant, but for the number of generations that were ever given."""
        with self.db.read() as session:
            devices = session.exec(select(Device).where(col(Device.id).startswith(self.prefix))).all()
            grants = session.exec(select(Grant).where(col(Grant.site).startswith(self.prefix))).all()
            return {
                **{one.id: one.model_dump(exclude={"last"}) for one in devices},
                **{one.site: one.model_dump() for one in grants},
            }

    def step(self, what: str, device: str, more: object = None) -> None:
        """Do one step; what only reserves or forgets changes no device, no place and no leader."""
        if what == "install":
            self.step("claim", device, more)
            self.check()
            return self.step("born", device, "claim")
        before, id_ = self.looks(), self.prefix + device
        if what == "claim":
            self.write(lambda session: self._claim(session, id_, more))
        elif what == "cancel":
            self.write(lambda session: claims.cancel(session, id_, "wati"))
        elif what == "expire":
            self.write(lambda session: self._expire(session, id_))
        if what in ("claim", "cancel", "expire"):
            assert self.looks() == before
        elif what == "revoke":
            self.write(lambda session: places.revoke(session, id_, "wati"))
        elif what == "rotate":
            self.write(lambda session: rotation.begin(session, self.vault, id_, "wati"))
        elif what == "fail":
            self.write(lambda session: self._fail(session, id_))
        elif what == "swap":
            self.write(lambda session: places.swap(session, id_, self.prefix + str(more), "wati")[1])
        else:
            self.born(id_, str(more))
        return None

    def born(self, device: str, which: str) -> None:
        """Have a device say its state, with one of its generations."""
        with self.db.read() as session:
            claim, found = session.get(Claim, device), session.get(Device, device)
        generation = {
            "claim": claim.generation if claim else 99,
            "next": found.next if found else 99,
            "present": found.generation if found else 99,
            "old": 1,
            "mute": None,
        }[which]
        before = self.looks()

        def fn(session: Session) -> Change | None:
            return claims.take(session, device, generation, now_ms()) or (
                rotation.finish(session, device, generation) if generation else None
            )

        changed = self.write(fn)
        if claim is not None and generation == claim.generation:
            assert changed
            after = self.looks()[device]
            assert (after["generation"], after["sealed"]) == (claim.generation, claim.sealed)
            assert (after["site"], after["position"]) == (claim.site, claim.position)
        elif found is not None and found.sealed and which in ("present", "mute"):
            assert self.looks() == before, "nothing new"

    def _claim(self, session: Session, device: str, place: object) -> Change:
        assert isinstance(place, tuple)
        site, name = place
        asked = Asked(device, self.prefix + site, name) if site else Asked(device, role=name)
        made = claims.reserve(session, self.vault, asked, "wati", now_ms(), 1)
        assert made.secret not in self.secrets.values()
        self.secrets[f"{device}.{made.claim.generation}"] = made.secret
        return made.change

    @staticmethod
    def _expire(session: Session, device: str) -> list[Change]:
        claim = session.get(Claim, device)
        if claim is not None:
            claim.expires = 1
            session.add(claim)
        return claims.expire(session, 2)

    @staticmethod
    def _fail(session: Session, device: str) -> Change | None:
        found = session.get(Device, device)
        return rotation.give_up(session, device, found.next, now_ms()) if found else None

    def check(self) -> None:
        """One device at a place and with a secret; one who leads; the broker has what it should."""
        with self.db.read() as session:
            devices = session.exec(select(Device).where(col(Device.id).startswith(self.prefix))).all()
            stood = [(one.site, one.position) for one in devices if one.position]
            assert len(set(stood)) == len(stood)
            for one in devices:
                assert bool(one.site) == bool(one.position)
                assert one.sealed or not (one.site or one.next or one.next_sealed)
                assert bool(one.next) == bool(one.next_sealed)
                assert one.last >= max(one.generation, one.next)
            for site in ("a", "b"):
                grant = session.get(Grant, self.prefix + site)
                assert grant is not None
                able = {name for name, role in POSITIONS if role == "kiosk" and (self.prefix + site, name) in stood}
                assert grant.leader in able or (grant.leader == CONTROLLER and not able)
        wanted = [one for name in DEVICES for one in self.roster.accounts(self.prefix + name)]
        assert {one.username: one for one in wanted} == self.broker, "every change of accounts is told"
        for one in wanted:
            assert self.secrets.get(one.username, one.secret) == one.secret
            self.secrets[one.username] = one.secret


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, Vault, Roster]]:
    folder = tmp_path_factory.mktemp("fleet")
    db = Database(f"sqlite:///{folder}/balai.db")
    upgrade(db)
    vault = Vault(folder / "secrets.key")
    yield db, vault, Roster(db, vault)
    db.close()


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_whatever_happens_a_place_has_one_device_and_the_broker_what_it_should(parts, steps):
    fleet = Fleet(*parts)
    for step in steps:
        fleet.step(*step)
        fleet.check()


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_a_cancelled_or_expired_claim_leaves_nothing_behind(parts, steps):
    fleet = Fleet(*parts)
    for step in steps:
        fleet.step(*step)
    for device in DEVICES:
        fleet.step("cancel" if device == "d1" else "expire", device)
    before, broker = fleet.looks(), dict(fleet.broker)
    for device, end in (("d1", "cancel"), ("d2", "expire")):
        fleet.step("claim", device, ("b", "kiosk-1"))
        assert fleet.broker != broker
        fleet.step(end, device)
    assert (fleet.looks(), fleet.broker) == (before, broker)


def test_whoever_is_dismissed_or_revoked_loses_every_account_also_one_on_its_way(parts):
    fleet = Fleet(*parts)
    for end in (("install", "d2", ("a", "kiosk-1")), ("revoke", "d1"), ("swap", "d1", "d3")):
        fleet.step("install", "d3", ("", "kiosk"))
        fleet.step("install", "d1", ("a", "kiosk-1"))
        fleet.step("rotate", "d1")
        assert len([name for name in fleet.broker if name.startswith(f"{fleet.prefix}d1.")]) == 2
        fleet.step(*end)
        assert not [name for name in fleet.broker if name.startswith(f"{fleet.prefix}d1.")], end
        fleet.check()


def test_a_new_secret_in_use_is_the_only_one_and_one_that_failed_is_none(parts):
    fleet = Fleet(*parts)
    fleet.step("install", "d1", ("a", "kiosk-1"))
    for what, left in ((("born", "d1", "next"), ".2"), (("fail", "d1"), ".2")):
        fleet.step("rotate", "d1")
        fleet.step(*what)
        fleet.check()
        assert set(fleet.broker) == {f"{fleet.prefix}d1{left}"}


def test_a_device_takes_its_place_when_it_is_seen_and_not_before(inside: Inside):
    inside.site("reservasi")
    inside.position("reservasi", "kiosk-1", leads=True)
    old = inside.claim("02ba1a400001", "reservasi", "kiosk-1")
    before = inside.admin.get("/devices/02ba1a400001").json()
    new = inside.reserve(device="02ba1a400002", site="reservasi", position="kiosk-1")
    assert inside.admin.get("/devices/02ba1a400001").json() == before
    shown = inside.admin.get("/devices/02ba1a400002").json()
    assert (shown["status"], shown["generation"], shown["site"]) == ("claimed", 0, "")
    assert shown["pending"]["generation"] == 1
    assert [one["device"] for one in inside.admin.get("/devices/claims").json()] == ["02ba1a400002"]
    assert [one["id"] for one in inside.admin.get("/devices?site=reservasi").json()] == ["02ba1a400001"]
    inside.born(new)
    shown = inside.admin.get("/devices/02ba1a400002").json()
    assert (shown["status"], shown["generation"], shown["pending"]) == ("in_use", 1, None)
    assert (shown["site"], shown["position"]) == ("reservasi", "kiosk-1")
    gone = inside.admin.get("/devices/02ba1a400001").json()
    assert (gone["status"], gone["site"], gone["position"]) == ("out_of_use", "", "")
    inside.born(old)
    assert inside.admin.get("/devices/02ba1a400001").json() == gone, "who is trusted no more stays so"


def test_firmware_that_does_not_say_its_generation_is_believed_where_there_is_only_one(inside: Inside):
    inside.site("lama")
    inside.position("lama", "kiosk-1", leads=True)
    inside.born({**inside.reserve(device="02ba1a400011", site="lama", position="kiosk-1"), "generation": None})
    assert inside.admin.get("/devices/02ba1a400011").json()["status"] == "in_use"
    inside.born({**inside.reserve(device="02ba1a400011", site="lama", position="kiosk-1"), "generation": None})
    shown = inside.admin.get("/devices/02ba1a400011").json()
    assert (shown["generation"], shown["pending"]["generation"]) == (1, 2), "nobody knows which one it was"


def test_a_claim_is_for_a_place_that_is_there_or_for_a_spare(inside: Inside):
    inside.site("salah")
    inside.position("salah", "kiosk-1", leads=True)
    device = "02ba1a400021"
    for body, status in (
        ({"site": "salah", "position": "nowhere"}, 404),
        ({"site": "nowhere", "position": "kiosk-1"}, 404),
        ({"site": "salah", "position": "kiosk-1", "role": "display"}, 409),
        ({"site": "salah"}, 409),
        ({}, 409),
        ({"position": "kiosk-1"}, 422),
        ({"role": "printer"}, 422),
    ):
        assert inside.admin.post("/devices/claims", json={"device": device, **body}).status_code == status, body
    assert inside.admin.get(f"/devices/{device}").status_code == 404
    spare = inside.reserve(device=device, role="display")
    assert (spare["site"], spare["position"], spare["role"]) == ("", "", "display")
    inside.born(spare)
    assert inside.admin.get(f"/devices/{device}").json()["status"] == "spare"


def test_of_sixteen_claims_of_one_device_at_once_the_last_one_holds(inside: Inside):
    inside.site("serempak")
    inside.position("serempak", "kiosk-1", leads=True)
    body = {"device": "02ba1a400031", "site": "serempak", "position": "kiosk-1"}
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: inside.admin.post("/devices/claims", json=body), range(16)))
    assert {answer.status_code for answer in answers} == {201}
    made = sorted((answer.json() for answer in answers), key=lambda one: one["generation"])
    assert [one["generation"] for one in made] == list(range(1, 17))
    assert len({one["secret"] for one in made}) == 16
    assert [one.username for one in inside.parts.roster.accounts(body["device"])] == [made[-1]["username"]]
    inside.born(made[0])
    assert inside.admin.get(f"/devices/{body['device']}").json()["status"] == "claimed", "an earlier one is over"
    inside.born(made[-1])
    assert inside.admin.get(f"/devices/{body['device']}").json()["status"] == "in_use"


def test_of_sixteen_devices_claimed_for_one_place_and_seen_at_once_one_stands_there(inside: Inside):
    inside.site("rebutan")
    inside.position("rebutan", "kiosk-1", leads=True)
    names = [f"02ba1a4001{number:02x}" for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda name: inside.reserve(device=name, site="rebutan", position="kiosk-1"), names))
        assert inside.admin.get("/devices?site=rebutan").json() == []
        list(pool.map(inside.born, made))
    shown = [inside.admin.get(f"/devices/{name}").json() for name in names]
    assert sorted(one["status"] for one in shown) == ["in_use"] + ["out_of_use"] * 15
    (there,) = inside.admin.get("/devices?site=rebutan").json()
    trusted = [one.username for name in names for one in inside.parts.roster.accounts(name)]
    assert trusted == [f"{there['id']}.1"], "nobody is half trusted"
    with inside.parts.db.read() as session:
        grant = session.get(Grant, "rebutan")
        assert grant is not None
        assert grant.leader == "kiosk-1"


def test_a_site_is_not_removed_under_a_claim(inside: Inside):
    inside.site("sementara")
    inside.position("sementara", "kiosk-1", leads=True)
    inside.reserve(device="02ba1a400041", site="sementara", position="kiosk-1")
    inside.admin.put("/sites/sementara/networks", json=[{"ssid": "balai", "password": "rahasia-wifi"}])
    assert inside.admin.delete("/sites/sementara").status_code == 409
    assert inside.admin.delete("/devices/claims/02ba1a400041").status_code == 204
    assert inside.admin.delete("/devices/claims/02ba1a400041").status_code == 404
    assert inside.admin.delete("/sites/sementara").status_code == 204
    inside.site("sementara")
    assert inside.admin.get("/sites/sementara/networks").json() == [], "nothing of the former one is left"


def test_an_expired_claim_is_swept_away(inside: Inside):
    inside.site("terlambat")
    inside.position("terlambat", "kiosk-1", leads=True)
    identity = inside.reserve(device="02ba1a400051", site="terlambat", position="kiosk-1")

    def late(session: Session) -> None:
        claim = session.get(Claim, "02ba1a400051")
        assert claim is not None
        assert claim.expires - claim.at == 24 * 3_600_000
        claim.expires = now_ms()
        session.add(claim)

    inside.parts.db.write(late)
    inside.born(identity)
    assert inside.admin.get("/devices/02ba1a400051").status_code == 404, "too late, also before it is swept away"
    inside.parts.identities.sweep()
    with inside.parts.db.read() as session:
        assert session.get(Claim, "02ba1a400051") is None
    assert inside.audit()[-1]["what"] == "device.claim.expire"


def test_a_place_that_is_gone_when_its_device_is_seen_makes_a_spare_of_it(inside: Inside):
    inside.site("pindah")
    inside.position("pindah", "kiosk-9", leads=True)
    identity = inside.reserve(device="02ba1a400061", site="pindah", position="kiosk-9")

    def remove(session: Session) -> None:
        session.delete(session.get(Position, ("pindah", "kiosk-9")))

    inside.parts.db.write(remove)
    inside.born(identity)
    assert inside.admin.get("/devices/02ba1a400061").json()["status"] == "spare"

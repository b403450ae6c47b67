"""The fleet as ingest, the link and the broker's accounts see it."""

import threading
from collections.abc import Collection, Iterable

from sqlalchemy import bindparam
from sqlmodel import Session as Db
from sqlmodel import col, select

from controller.broker.security import Account
from controller.broker.vault import Vault
from controller.db import Database
from controller.fleet import service
from controller.fleet.configuration import delivery
from controller.fleet.inventory import history
from controller.fleet.link import Desired
from controller.fleet.models import Device, Grant, Position, Site
from controller.fleet.presence import Session
from controller.fleet.search import figures
from controller.fleet.trust.models import Claim
from controller.ingest import Place
from controller.ingest.alarms import now_ms

STATE = (
    *("role", "fw", "config", "rejected", "boots", "reset", "uptime", "heap", "rssi", "clock", "backlog", "code"),
    *("gen", "conn", "bad_conn", "rel", "bad_rel"),
)
REMEMBERED = 4096  # documents
DESIRED = (
    select(Site.id, Site.rev, Position.desired)
    .join(Device, col(Device.site) == Site.id)
    .join(Position, (col(Position.site) == Device.site) & (col(Position.id) == Device.position))
    .where(col(Device.id) == bindparam("device"))
)
Json = dict[str, object]


class Roster:
    """Answers from the fleet's tables, remembering what is asked for each message. `days`: for which a device's figures
    are kept."""

    def __init__(self, db: Database, vault: Vault, days: int = 14) -> None:
        self._db, self._vault, self._days = db, vault, days
        self._places: dict[str, Place | None] = {}
        self._documents: dict[str, Json] = {}  # by hash
        self._moves = 0
        self._lock = threading.Lock()

    def place(self, device: str) -> Place | None:
        """Return where a device stands, a spare at no site, None where it is not in the fleet. Called for each message
        of events."""
        try:
            return self._places[device]
        except KeyError:
            pass
        moves = self._moves
        with self._db.read() as session:
            found = session.get(Device, device)
            place = Place(found.site, found.position) if found and found.sealed else None
        with self._lock:
            if len(self._places) >= 20_000:  # strangers may make up names
                self._places.clear()
            if moves == self._moves:  # else it was claimed while we looked
                self._places[device] = place
        return place

    def forget(self) -> None:
        """Devices have moved: look again."""
        with self._lock:
            self._moves += 1
            self._places.clear()

    def accounts(self, device: str = "") -> Iterable[Account]:
        """Return the accounts at the broker of a device, or of all: of the secret in use, of the one to which it is
        being changed, and of the claim that waits."""
        with self._db.read() as session:
            known = select(Device).where(col(Device.sealed) != "")
            claimed = select(Claim).where(col(Claim.expires) > now_ms())
            if device:
                known, claimed = known.where(Device.id == device), claimed.where(Claim.device == device)
            for found in session.exec(known):
                yield self._account(found.id, found.generation, found.site, found.sealed)
                if found.next:
                    yield self._account(found.id, found.next, found.site, found.next_sealed)
            for claim in session.exec(claimed):
                yield self._account(claim.device, claim.generation, claim.site, claim.sealed)

    def _account(self, device: str, generation: int, site: str, sealed: str) -> Account:
        return Account(device, generation, site, self._vault.open(sealed, f"{device}.{generation}"))

    def trusted(self, devices: Iterable[str]) -> set[str]:
        """Return those of some devices that have a secret in use."""
        query = select(Device.id).where(col(Device.id).in_(list(devices)), col(Device.sealed) != "")
        with self._db.read() as session:
            return set(session.exec(query))

    def desired(self, device: str) -> Desired | None:
        """Return what a device should be configured to, None where it stands nowhere.

        One look at the database, by keys. Documents are remembered by their hash, which is written beside the position:
        what is remembered cannot be out of date, whoever has changed what.
        """
        with self._db.read() as session:
            found = session.exec(DESIRED, params={"device": device}).first()
            if found is None:
                return None
            site, rev, hash_ = found
            doc = self._documents.get(hash_) if hash_ else None
            if doc is None:
                doc = self._make(session, site, device)
                hash_ = service.config_hash(doc)
            return Desired(rev, hash_, doc)

    def _make(self, session: Db, id_: str, device: str) -> Json:
        """Make the documents of a device's whole site, which share their lists, and return its own."""
        site, stands = session.get(Site, id_), session.get(Device, device)
        assert site is not None
        assert stands is not None
        positions = service.positions_of(session, id_)
        if len(self._documents) >= REMEMBERED:
            self._documents.clear()
        made = {one.id: service.document_of(site, positions, one) for one in positions}
        for doc in made.values():
            self._documents[service.config_hash(doc)] = doc
        return made[stands.position]

    def online(self) -> list[tuple[str, dict[str, object], int]]:
        """Return the devices that were there when we last heard of them, with their states and when that was."""
        with self._db.read() as session:
            found = session.exec(select(Device).where(col(Device.online)))
            return [(device.id, device.state, device.seen) for device in found]

    def seen(self, device: str, session: Session) -> None:
        """Keep what a device has said of itself."""

        def fn(db: Db) -> None:
            found = db.get(Device, device)
            if found is not None and found.seen <= session.at:
                config = session.state.get("config")
                if isinstance(config, str) and config.isalnum() and config != found.state.get("config"):
                    delivery.applied(db, device, config, session.at)
                found.online, found.seen = session.online, session.at
                found.state = {name: session.state[name] for name in STATE if name in session.state}
                figures.note(found, found.state)
                db.add(found)
                if session.online:
                    history.take(db, found, session.at, self._days)

        self._db.submit(fn)

    def forget_silent(self) -> None:
        """Forget the figures of devices that have been silent for so long that they have none to show."""
        self._db.submit(lambda db: history.forget(db, now_ms() - self._days * history.DAY_MS))

    def leader(self, site: str) -> tuple[str, str | None]:
        """Return who leads a site ("controller" or a position) and the device that stands there."""
        with self._db.read() as session:
            grant = session.get(Grant, site)
            if grant is None or grant.leader == service.CONTROLLER:
                return service.CONTROLLER, None
            found = session.exec(select(Device).where(Device.site == site, Device.position == grant.leader)).first()
            return grant.leader, found.id if found else None

    def standing(self, places: Collection[tuple[str, str]]) -> list[str]:
        """Return the devices that stand at some places, each a site and a position."""
        sites = {site for site, _ in places}
        query = select(Device.id, Device.site, Device.position).where(col(Device.position) != "")
        if len(sites) == 1:
            query = query.where(Device.site == next(iter(sites)))
        with self._db.read() as session:
            return [id_ for id_, site, position in session.exec(query) if (site, position) in places]

    def devices(self, site: str) -> list[str]:
        """Return the devices that stand at a site."""
        with self._db.read() as session:
            return list(session.exec(select(Device.id).where(Device.site == site)))

"""The devices' identities at work: what is decided in the database is told to the broker, the queue and the devices.

Everything that changes who is trusted goes through here: a write, and after its commit the broker (who lost an account
is thrown out at once), the halls concerned, and the devices that are there. Where the broker is out of reach it is
told when it is back; nothing that it was not told has been forgotten meanwhile.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from sqlmodel import Session as Db
from sqlmodel import col, select

from controller.accounts.service import Who
from controller.broker.access import Access, AccessError
from controller.broker.vault import Vault
from controller.db import Closed, Database
from controller.fleet.link import Link
from controller.fleet.models import Device
from controller.fleet.presence import Session
from controller.fleet.roster import Roster
from controller.fleet.trust import claims, connections, places, rotation, tokens
from controller.fleet.trust.claims import Asked
from controller.fleet.trust.connections import Connection
from controller.fleet.trust.models import Claim, ClaimToken
from controller.fleet.trust.places import Change
from controller.ingest.alarms import now_ms
from controller.settings import Settings

log = logging.getLogger(__name__)

SWEEP_S = 15.0
TTL_MS = 10_000  # of a connection that is sent; where it was not answered it is sent again
AGAIN_S = 60.0  # the same connection is not sent to a device sooner: it may be trying it


class Identity(NamedTuple):
    """What a claim has made. The secret in `connection` is told only once."""

    claim: Claim
    connection: Connection


class Identities:
    """Keeps who is trusted.

    Args:
        ca: returns the certificates that devices trust the broker by, PEM, "" for the system's.
        access: the accounts at the broker, None where they are not ours to keep.
        site_changed: hears of a site whose devices are others.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        vault: Vault,
        ca: Callable[[], str],
        roster: Roster,
        link: Link,
        access: Access | None,
        site_changed: Callable[[str], None],
    ) -> None:
        self.ca = ca
        self._settings, self._db, self._vault = settings, db, vault
        self._roster, self._link, self._access, self._site_changed = roster, link, access, site_changed
        self._worker = ThreadPoolExecutor(1, "identities")  # tells the broker for the link, which must not wait
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._sent: dict[str, tuple[str, float]] = {}
        link.on_state(self.heard)
        link.on_equip(self._equip)

    async def start(self) -> None:
        """Begin, on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._keep(self._sweeping())

    async def stop(self) -> None:
        """End."""
        self._loop = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._worker.shutdown, cancel_futures=True)

    # What people do. Raise FleetError; those that end somebody's trust raise AccessError where the broker could not be
    # told at once.

    def reserve(self, asked: Asked, who: Who) -> Identity:
        """Make a claim. The caller has looked whether `who` may."""

        def fn(session: Db) -> tuple[claims.Reserved, Connection]:
            return self._reserved(session, asked, who.name, "")

        return self._made(fn)

    def reserve_by(self, token: str, asked: Asked) -> Identity:
        """Make a claim by a claim token. Raises TokenError too."""

        def fn(session: Db) -> tuple[claims.Reserved, Connection]:
            found, whole = tokens.use(session, token, asked, now_ms())
            return self._reserved(session, whole, found.who, found.id)

        return self._made(fn)

    def token(self, asked: Asked, minutes: int, who: Who) -> tuple[str, ClaimToken]:
        """Make a claim token for what `asked` names, its device left open."""

        def fn(session: Db) -> tuple[str, ClaimToken]:
            if asked.position:
                claims.role_of(session, asked)
            return tokens.make(session, who, asked, minutes, now_ms())

        return self._db.write(fn)

    def cancel(self, device: str, who: str) -> None:
        """Take a claim back that was not used."""
        self._told(self._db.write(lambda session: claims.cancel(session, device, who)))

    def swap(self, old: str, new: str, who: str) -> Device:
        """Let a spare take the place of another device."""
        found, change = self._db.write(lambda session: places.swap(session, old, new, who))
        self._told(change)
        return found

    def rotate(self, device: str, who: str) -> None:
        """Give a device another secret."""
        self._told(self._db.write(lambda session: rotation.begin(session, self._vault, device, who)))
        self._link.changed([device])

    def revoke(self, device: str, who: str) -> None:
        """Trust a device no more."""
        self._told(self._db.write(lambda session: places.revoke(session, device, who)))

    def sweep(self) -> None:
        """Take back the claims whose time is over."""
        with self._db.read() as session:
            if not claims.any_over(session, now_ms()):
                return
        for change in self._db.write(lambda session: claims.expire(session, now_ms())):
            log.info("claims of %s have expired", ", ".join(change.accounts))
            self._quietly(change)

    # What devices do. On the link's thread, before they are answered.

    def heard(self, sessions: Mapping[str, Session]) -> None:
        """Devices have said their states: carry out what waits for that."""
        with self._db.read() as db:
            waiting = set(db.exec(select(Claim.device).where(col(Claim.device).in_(sessions))))
            waiting |= set(db.exec(select(Device.id).where(col(Device.id).in_(sessions), col(Device.next) != 0)))
        for device in waiting:
            try:
                self.seen(device, sessions[device])
            except Exception:  # the others have nothing to do with it
                log.exception("what waits for device %s could not be done", device)

    def seen(self, device: str, session: Session) -> None:
        """Carry out what waits for a device's word: its claim, its new secret."""
        with self._db.read() as db:
            found, claim = db.get(Device, device), db.get(Claim, device)
            changing = found.next if found else 0
            failed = bool(found and changing and self._failed(db, found, session))
        if claim is None and not changing:
            return
        said = session.state.get("gen")
        generation = said if isinstance(said, int) else None

        def fn(db: Db) -> Change | None:
            made = claims.take(db, device, generation, now_ms())
            if made is None and generation is not None:
                made = rotation.finish(db, device, generation)
            if made is None and failed:
                made = rotation.give_up(db, device, changing, now_ms())
            return made

        change = self._db.write(fn)
        if change is not None:
            log.info("device %s is trusted by what it was born with: generation %s", device, generation)
            self._after(change)
            self._worker.submit(self._quietly, change)

    def _failed(self, db: Db, found: Device, session: Session) -> bool:
        """Whether a device says that it could not connect with the secret that it was given."""
        wanted = self._wanted(db, found)
        has, refused = _said(found, session)
        return connections.refused_secret(has, refused, connections.name(self._vault, wanted))

    def _equip(self, device: str) -> None:
        """Send a device what it lacks of how it is to connect. On the link's thread."""
        session = self._link.session(device)
        if session is None or not session.online or "conn" not in session.state or not self._settings.protected:
            return
        with self._db.read() as db:
            found = db.get(Device, device)
            if found is None or not found.sealed:
                return
            if found.next and self._access is not None and not self._access.settled:
                return  # the broker may not know the new account yet
            wanted = self._wanted(db, found)
        due = connections.due(wanted, connections.name(self._vault, wanted), *_said(found, session))
        loop = self._loop
        if due is None or loop is None or loop.is_closed() or not self._is_time(device, session, due.hash):
            return
        loop.call_soon_threadsafe(self._begin, device, due)

    def _is_time(self, device: str, session: Session, hash_: str) -> bool:
        now, key = time.monotonic(), f"{session.sid}.{hash_}"
        before, at = self._sent.get(device, ("", 0.0))
        if before == key and now - at < AGAIN_S:
            return False
        self._sent[device] = (key, now)
        return True

    def _wanted(self, db: Db, found: Device) -> Connection:
        """Return how a device is to connect, with the secret that it is to have."""
        generation, sealed = (found.next, found.next_sealed) if found.next else (found.generation, found.sealed)
        secret = self._vault.open(sealed, f"{found.id}.{generation}")
        return connections.connection(db, self._settings, self._vault, self.ca(), found.site, generation, secret)

    # How it is told.

    def _reserved(self, session: Db, asked: Asked, who: str, token: str) -> tuple[claims.Reserved, Connection]:
        made = claims.reserve(session, self._vault, asked, who, now_ms(), self._settings.claim_hours, token)
        how = connections.connection(
            session, self._settings, self._vault, self.ca(), asked.site, made.claim.generation, made.secret
        )
        made.claim.connection = connections.name(self._vault, how)
        return made, how

    def _made(self, fn: Callable[[Db], tuple[claims.Reserved, Connection]]) -> Identity:
        made, how = self._db.write(fn)
        self._quietly(made.change)  # a device can be flashed all the same; the broker is told when it is back
        return Identity(made.claim, how)

    def _told(self, change: Change) -> None:
        self._after(change)
        self._tell(change)

    def _quietly(self, change: Change) -> None:
        try:
            self._tell(change)
        except AccessError as error:
            log.warning("the broker is told of %s later: %s", ", ".join(change.accounts), error)
        except Exception:
            log.exception("the broker could not be told of %s", ", ".join(change.accounts))

    def _tell(self, change: Change) -> None:
        """Tell the broker. Raises AccessError."""
        if self._access is not None:
            for device, usernames in change.accounts.items():
                self._access.tell(device, sorted(usernames))

    def _after(self, change: Change) -> None:
        """Tell everybody but the broker."""
        self._roster.forget()
        for site in change.sites:
            self._site_changed(site)
        trusted = set(self._roster.trusted(change.accounts))
        self._link.dismiss(device for device in change.accounts if device not in trusted)
        self._link.changed(device for site in change.sites for device in self._roster.devices(site))

    # The loop.

    async def _sweeping(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            try:
                await asyncio.to_thread(self.sweep)
            except Closed:
                return
            except Exception:
                log.exception("claims could not be looked through")

    async def _send(self, device: str, due: connections.Due) -> None:
        reply = await self._link.command(device, "connect", {"hash": due.hash, "doc": due.doc}, TTL_MS)
        if reply is None:
            self._sent.pop(device, None)
            self._link.changed([device])
        elif reply["outcome"] != "done":
            log.warning("device %s does not try its new connection: %s", device, str(reply.get("reason"))[:200])

    def _begin(self, device: str, due: connections.Due) -> None:
        self._keep(self._send(device, due))

    def _keep(self, job: Coroutine[None, None, None]) -> None:
        if self._loop is None:
            job.close()
            return
        task = self._loop.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a connection could not be sent", exc_info=error)


def _said(found: Device, session: Session) -> tuple[str, str]:
    """Return the hashes of the connection that a device has and of the last that did not work. With that of its
    identity it says nothing; what that was is known from its claim."""
    return str(session.state.get("conn") or found.connection), str(session.state.get("bad_conn") or "")

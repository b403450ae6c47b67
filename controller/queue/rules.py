"""What the queue needs to know of sites, remembered: their rules, their texts, and who leads them."""

import threading

from sqlmodel import Session, select

from controller.db import Database
from controller.fleet import service
from controller.fleet.models import Device, Grant, Site
from protocol.queue import Rules

Json = dict[str, object]


class Halls:
    """Looks sites up once and remembers until `forget`; not what it looked up while something changed."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[str, tuple[Rules, Json]] = {}
        self._leaders: dict[str, tuple[str, str | None]] = {}
        self._led: list[str] | None = None
        self._changes = 0
        self._lock = threading.Lock()
        db.on_rollback(self._forget_all)

    def forget(self, site: str) -> None:
        """A site has changed: look again."""
        with self._lock:
            self._changes += 1
            self._known.pop(site, None)
            self._leaders.pop(site, None)
            self._led = None

    def rules(self, site: str, session: Session | None = None) -> Rules | None:
        """Return the rules by which the controller decides for a site and shows its board."""
        found = self._known.get(site) or self._look(site, session)
        return found[0] if found else None

    def texts(self, site: str) -> Json | None:
        """Return what screens write beside the board's numbers, None where there is no such site."""
        found = self._known.get(site) or self._look(site, None)
        return found[1] if found else None

    def leader(self, site: str) -> tuple[str, str | None]:
        """Return who leads ("controller" or a position) and the device that stands there."""
        found = self._leaders.get(site)
        if found is None:
            changes = self._changes
            with self._db.read() as session:
                grant = session.get(Grant, site)
                position = grant.leader if grant else service.CONTROLLER
                query = select(Device.id).where(Device.site == site, Device.position == position)
                found = position, None if position == service.CONTROLLER else session.exec(query).first()
            with self._lock:
                if changes == self._changes and grant is not None:
                    self._leaders[site] = found
        return found

    def led_here(self) -> list[str]:
        """Return the sites that the controller leads."""
        led = self._led
        if led is None:
            changes = self._changes
            with self._db.read() as session:
                led = list(session.exec(select(Grant.site).where(Grant.leader == service.CONTROLLER)))
            with self._lock:
                if changes == self._changes:
                    self._led = led
        return led

    def known(self) -> list[str]:
        """Return the sites whose boards have been made."""
        return list(self._known)

    def _look(self, site: str, session: Session | None) -> tuple[Rules, Json] | None:
        if session is None:
            with self._db.read() as fresh:
                return self._look(site, fresh)
        changes = self._changes
        found = session.get(Site, site)
        if found is None:
            return None  # not remembered: anybody may ask for any name
        texts = {**service.texts(found), "hall_url": found.hall_url}
        made = Rules(service.document(session, found, None), service.CONTROLLER), texts
        with self._lock:
            if changes == self._changes:
                self._known[site] = made
        return made

    def _forget_all(self) -> None:
        with self._lock:
            self._changes += 1
            self._known.clear()
            self._leaders.clear()
            self._led = None

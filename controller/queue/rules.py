"""What the queue needs to know of sites, remembered: their rules, their texts, and who leads them."""

import threading

from sqlmodel import Session, select

from controller.db import Database
from controller.fleet import service
from controller.fleet.models import Device, Grant, Site
from protocol.queue import Rules

Json = dict[str, object]


class Halls:
    """Looks sites up once and remembers until `forget`."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rules: dict[str, Rules | None] = {}
        self._texts: dict[str, Json | None] = {}
        self._leaders: dict[str, tuple[str, str | None]] = {}
        self._led: list[str] | None = None
        self._lock = threading.Lock()

    def forget(self, site: str) -> None:
        """A site has changed: look again."""
        with self._lock:
            self._rules.pop(site, None)
            self._texts.pop(site, None)
            self._leaders.pop(site, None)
            self._led = None

    def rules(self, site: str, session: Session | None = None) -> Rules | None:
        """Return the rules by which the controller decides for a site and shows its board."""
        if site not in self._rules:
            self._look(site, session)
        return self._rules[site]

    def texts(self, site: str) -> Json | None:
        """Return what screens write beside the board's numbers, None where there is no such site."""
        if site not in self._texts:
            self._look(site, None)
        return self._texts[site]

    def leader(self, site: str) -> tuple[str, str | None]:
        """Return who leads ("controller" or a position) and the device that stands there."""
        found = self._leaders.get(site)
        if found is None:
            with self._db.read() as session:
                grant = session.get(Grant, site)
                position = grant.leader if grant else service.CONTROLLER
                query = select(Device.id).where(Device.site == site, Device.position == position)
                found = position, None if position == service.CONTROLLER else session.exec(query).first()
            with self._lock:
                self._leaders[site] = found
        return found

    def led_here(self) -> list[str]:
        """Return the sites that the controller leads."""
        led = self._led
        if led is None:
            with self._db.read() as session:
                led = list(session.exec(select(Grant.site).where(Grant.leader == service.CONTROLLER)))
            self._led = led
        return led

    def known(self) -> list[str]:
        """Return the sites whose boards have been made."""
        return [site for site, rules in list(self._rules.items()) if rules is not None]

    def _look(self, site: str, session: Session | None) -> None:
        if session is None:
            with self._db.read() as fresh:
                self._look(site, fresh)
            return
        found = session.get(Site, site)
        with self._lock:
            self._texts[site] = {**service.texts(found), "hall_url": found.hall_url} if found else None
            self._rules[site] = Rules(service.document(session, found, None), service.CONTROLLER) if found else None

"""The fleet as ingest, the link and the broker's accounts see it."""

from collections.abc import Iterable

from controller.broker.security import Account
from controller.broker.vault import Vault
from controller.db import Database
from controller.fleet.link import Desired
from controller.fleet.presence import Session
from controller.ingest import Place


class Roster:
    """Answers from the fleet's tables, remembering what is asked for each message."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self._db, self._vault = db, vault

    def place(self, device: str) -> Place | None:
        """Return where a device stands, None where it is not in the fleet. Called for each message of events."""
        return None

    def accounts(self) -> Iterable[Account]:
        """Return the accounts of all devices at the broker."""
        return []

    def desired(self, device: str) -> Desired | None:
        """Return what a device should be, None where it is not in the fleet."""
        return None

    def seen(self, device: str, session: Session) -> None:
        """Keep what a device has said of itself."""

"""Keeps the devices' accounts at a running broker, over the dynamic security plugin's own topic.

For single changes: each rewrites the plugin's file. When a session with the broker begins, what is missing there is
added and what should not be there is removed, so that a change which could not be told is not lost.
"""

import json
import logging
import re
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late

import paho.mqtt.client as paho

from controller.broker.security import CONTROL, Account, Json, client, role
from controller.ingest.mqtt.connection import Broker, Connection

log = logging.getLogger(__name__)

ANSWER_S = 10.0
PAGE = 200  # clients or roles asked for at a time, so that the answer is no giant
DEVICE = re.compile(r"[a-z0-9-]{1,32}\.\d{1,9}")
ALREADY = ("already exists", "not found")  # what a repeated change is told


class AccessError(Exception):
    """The broker has not taken a change of accounts; the text says why."""


class Access:
    """Gives devices their accounts at the broker and takes them away. Blocks; for any thread but the session's own.

    Args:
        broker: where it is, and the account that may change accounts.
        accounts: returns all that should be there.
    """

    def __init__(self, broker: Broker, accounts: Callable[[], Iterable[Account]]) -> None:
        self._accounts = accounts
        self._one = threading.Lock()  # one message at a time
        self._whole = threading.RLock()  # a change does not fall between a look at what should be there and its doing
        self._answer: Future[list[Json]] | None = None
        self._connection = Connection(
            broker, "balai-keeper", [f"{CONTROL}/response"], message=self._heard, ready=self._ready
        )
        self._worker = ThreadPoolExecutor(1, "accounts")

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._connection.start()

    @property
    def connected(self) -> threading.Event:
        """Set while the session stands."""
        return self._connection.connected

    def stop(self) -> None:
        """End the session."""
        self._connection.stop()
        self._worker.shutdown(cancel_futures=True)

    def put(self, account: Account) -> None:
        """Let a device in with this secret, and let its role reach its site. It is thrown out if it is in.

        Raises AccessError where the broker cannot be told; it will be told when it is back.
        """
        as_role, as_client = role(account.device, account.site), client(account)
        self._change(
            {"command": "createRole", **as_role},
            {"command": "modifyRole", **as_role},
            {"command": "createClient", "password": account.secret, **as_client},
            {"command": "modifyClient", "password": account.secret, **as_client},
        )

    def move(self, device: str, site: str) -> None:
        """Let a device reach another site's board; "" for none. Raises AccessError as `put` does."""
        self._change({"command": "modifyRole", **role(device, site)})

    def remove(self, username: str) -> None:
        """Throw an account out and forget it. Raises AccessError as `put` does."""
        self._change({"command": "deleteClient", "username": username})

    def settle(self) -> None:
        """Make the broker's accounts those that should be there. Raises AccessError as `put` does."""
        with self._whole:
            self._make_right()

    def _make_right(self) -> None:
        wanted = {account.username: account for account in self._accounts()}
        there = self.usernames()
        roles = {str(one["rolename"]): one for one in self._list("listRoles", "roles", True) if isinstance(one, dict)}
        for username in sorted(there - wanted.keys()):
            self.remove(username)
        for username in sorted(wanted.keys() - there):
            self.put(wanted[username])
        for account in wanted.values():
            if account.username in there and not _same(roles.get(account.device), account):
                self.move(account.device, account.site)

    def usernames(self) -> set[str]:
        """Return the devices' accounts that the broker has. Raises AccessError as `put` does."""
        return {str(name) for name in self._list("listClients", "clients", False) if DEVICE.fullmatch(str(name))}

    def _ready(self) -> None:
        self._worker.submit(self._settle)

    def _settle(self) -> None:
        try:
            self.settle()
        except AccessError as error:
            log.warning("the broker's accounts could not be looked through: %s", error)
        except Exception:
            log.exception("the broker's accounts could not be looked through")

    def _list(self, command: str, what: str, verbose: bool) -> list[object]:
        found: list[object] = []
        while True:
            ask: Json = {"command": command, "verbose": verbose, "count": PAGE, "offset": len(found)}
            data = self._send([ask])[0].get("data")
            page = data.get(what) if isinstance(data, dict) else None
            if not isinstance(page, list):
                raise AccessError(f"the broker answers {command} with nothing")
            found += page
            if len(page) < PAGE:
                return found

    def _change(self, *commands: Json) -> None:
        with self._whole:
            answers = self._send(list(commands))
        for answer in answers:
            error = str(answer.get("error", ""))
            if error and not any(known in error for known in ALREADY):
                raise AccessError(f"the broker refuses {answer.get('command')}: {error}")

    def _send(self, commands: list[Json]) -> list[Json]:
        with self._one:
            answer: Future[list[Json]] = Future()
            self._answer = answer
            if not self._connection.publish(CONTROL, json.dumps({"commands": commands}).encode(), 1, False):
                raise AccessError("the broker cannot be reached now")
            try:
                return answer.result(ANSWER_S)
            except Late:
                raise AccessError("the broker does not answer: has it the dynamic security plugin?") from None
            finally:
                self._answer = None

    def _heard(self, message: paho.MQTTMessage) -> None:
        body = json.loads(message.payload)
        answer = self._answer
        if answer is not None and not answer.done():
            answer.set_result([one for one in body.get("responses", []) if isinstance(one, dict)])


def _same(there: Json | None, account: Account) -> bool:
    """Whether a role of the broker allows what it should."""
    if there is None or not isinstance(acls := there.get("acls"), list):
        return False
    wanted = role(account.device, account.site)["acls"]
    assert isinstance(wanted, list)
    return {(a["acltype"], a["topic"]) for a in acls} == {(a["acltype"], a["topic"]) for a in wanted}

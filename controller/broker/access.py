"""Keeps the devices' accounts at a running broker, over the dynamic security plugin's own topic.

For single changes: each rewrites the plugin's file. When a session with the broker begins, what is missing there is
added and what should not be there is removed, so that a change which could not be told is not lost.
"""

import json
import logging
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from typing import NamedTuple, Protocol

import paho.mqtt.client as paho

from controller.broker.security import CONTROL, DEVICE, Account, Json, client, role
from controller.ingest.mqtt.connection import Broker, Connection

log = logging.getLogger(__name__)

ANSWER_S = 10.0
LOOK_S = 0.1  # how often a wait for an answer looks whether the session has ended
PAGE = 200  # clients or roles asked for at a time, so that the answer is no giant
BATCH = 10  # accounts in one message, which has to stay below the broker's largest packet
THERE, GONE = "already exists", "not found"  # what a repeated change is told


class AccessError(Exception):
    """The broker has not taken a change of accounts; the text says why."""


class Ledger(Protocol):
    """Says which accounts should be there. Called on any thread."""

    def accounts(self, device: str = "") -> Iterable[Account]:
        """Return the accounts of a device, or all."""


class Settled(NamedTuple):
    """What was changed at the broker: usernames."""

    added: list[str]
    removed: list[str]
    mended: list[str]  # whose rights were others, or whose secret was set anew


class Access:
    """Gives devices their accounts at the broker and takes them away. Blocks; for any thread but the session's own.

    Args:
        broker: where it is, and the account that may change accounts.
        ledger: which accounts should be there.
        alone: make all right whenever a session begins.
    """

    def __init__(self, broker: Broker, ledger: Ledger, alone: bool = True) -> None:
        self._ledger, self._alone = ledger, alone
        self._one = threading.Lock()  # one message at a time
        self._whole = threading.RLock()  # a change does not fall between a look at what should be there and its doing
        self._asked = 0
        self._settled = 0  # the number of the session in which all was made right
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

    @property
    def settled(self) -> bool:
        """Whether the broker is known to have, in this session, the accounts that it should."""
        return self.connected.is_set() and self._settled == self._connection.sessions

    def stop(self) -> None:
        """End the session."""
        self._connection.stop()
        self._worker.shutdown(cancel_futures=True)

    def tell(self, device: str, usernames: Iterable[str]) -> None:
        """Have these accounts of a device be as they should be by now; who is in under one that has changed or is no
        more is thrown out at once.

        Changes that are told at the same time leave what the last of them meant, in whatever order they come here.
        Raises AccessError where the broker cannot be told; it will be told when it is back.
        """
        names = list(usernames)
        with self._whole:
            wanted = {account.username: account for account in self._ledger.accounts(device)}
            self._put([wanted[name] for name in names if name in wanted])
            for name in names:
                if name not in wanted:
                    self._remove(name)

    def settle(self, anew: bool = False) -> Settled:
        """Make the broker's accounts those that should be there; return what that took. Raises AccessError as `tell`.

        Args:
            anew: set every secret again, also of those who are there, whose sessions end by that.
        """
        with self._whole:
            wanted = {account.username: account for account in self._ledger.accounts()}
            there = self.usernames()
            roles = self._roles()
            removed = sorted((there | roles.keys()) - wanted.keys())
            for username in removed:
                self._remove(username)
            added = sorted(wanted.keys() - there)
            kept = [account for name, account in wanted.items() if name in there]
            mended = [account for account in kept if anew or not _same(roles.get(account.username), account)]
            self._put([*(wanted[name] for name in added), *mended])
        return Settled(added, removed, sorted(account.username for account in mended))

    def usernames(self) -> set[str]:
        """Return the devices' accounts that the broker has. Raises AccessError as `tell` does."""
        return {str(name) for name in self._list("listClients", "clients", False) if DEVICE.fullmatch(str(name))}

    def _roles(self) -> dict[str, Json]:
        found = (one for one in self._list("listRoles", "roles", True) if isinstance(one, dict))
        return {str(one["rolename"]): one for one in found if DEVICE.fullmatch(str(one["rolename"]))}

    def _put(self, accounts: list[Account]) -> None:
        """Let devices in with these secrets and rights."""
        for some in _batches(accounts):
            commands: list[Json] = []
            for account in some:
                commands.append({"command": "createRole", **role(account)})
                commands.append({"command": "createClient", "password": account.secret, **client(account)})
            refused = self._change(commands, THERE)
            self._change([{**one, "command": str(one["command"]).replace("create", "modify")} for one in refused])

    def _remove(self, username: str) -> None:
        """Throw an account out and forget it."""
        gone: list[Json] = [
            {"command": "deleteClient", "username": username},
            {"command": "deleteRole", "rolename": username},
        ]
        self._change(gone, GONE)

    def _ready(self) -> None:
        if self._alone:
            self._worker.submit(self._settle)

    def _settle(self) -> None:
        session = self._connection.sessions
        try:
            self.settle()
            self._settled = session
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

    def _change(self, commands: list[Json], harmless: str = "\0") -> list[Json]:
        """Have commands carried out; return those that were refused for the `harmless` reason."""
        refused = []
        for command, answer in zip(commands, self._send(commands) if commands else [], strict=True):
            error = str(answer.get("error", ""))
            if harmless in error:
                refused.append(command)
            elif error:
                raise AccessError(f"the broker refuses {answer.get('command')}: {error}")
        return refused

    def _send(self, commands: list[Json]) -> list[Json]:
        with self._one:
            self._asked += 1  # an answer that comes too late is not taken for the next one
            answer: Future[list[Json]] = Future()
            self._answer = answer
            body = {"commands": [{**command, "correlationData": str(self._asked)} for command in commands]}
            session = self._connection.sessions
            if not self._connection.publish(CONTROL, json.dumps(body).encode(), 1, False):
                raise AccessError("the broker cannot be reached now")
            try:
                for _ in range(int(ANSWER_S / LOOK_S)):
                    with suppress(Late):
                        return answer.result(LOOK_S)
                    if not self.connected.is_set() or self._connection.sessions != session:
                        raise AccessError("the broker has gone while it was told")
                raise AccessError("the broker does not answer: has it the dynamic security plugin?")
            finally:
                self._answer = None

    def _heard(self, message: paho.MQTTMessage) -> None:
        body = json.loads(message.payload)
        responses = [one for one in body.get("responses", []) if isinstance(one, dict)]
        answer = self._answer
        if answer is not None and not answer.done() and all(_of(one) == str(self._asked) for one in responses):
            answer.set_result(responses)


def _of(response: Json) -> object:
    """Return what was asked: a response of a broker that does not say is of the last question."""
    return response.get("correlationData", None)


def _batches(accounts: list[Account]) -> Iterator[list[Account]]:
    for start in range(0, len(accounts), BATCH):
        yield accounts[start : start + BATCH]


def _same(there: Json | None, account: Account) -> bool:
    """Whether a role of the broker allows what it should."""
    if there is None or not isinstance(acls := there.get("acls"), list):
        return False
    wanted = role(account)["acls"]
    assert isinstance(wanted, list)
    return {(a["acltype"], a["topic"]) for a in acls} == {(a["acltype"], a["topic"]) for a in wanted}

"""Who may do what at the broker: the document of Mosquitto's dynamic security plugin, as pure values.

A role per account, for the plugin's topics know no placeholder, and two generations of a device may stand at different
sites; a device publishes under its own `up/` and reads its own `down/`, its site's board and the controller's state.
Whatever is not allowed here is refused, and nobody is anonymous.
"""

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field

from protocol import topics

CONTROL = "$CONTROL/dynamic-security/v1"
CONTROLLER = "balai-controller"
KEEPER = "balai-keeper"  # keeps the accounts, and nothing else
DEVICE = re.compile(r"[a-z0-9-]{1,32}\.\d{1,9}")  # the username of a device's account

# Secrets are random, of 128 bits or more: a slow hash would protect nothing, and cost much when all devices come back
# at once.
ITERATIONS = 101
SALT_BYTES = 12  # what the plugin takes

Json = dict[str, object]


@dataclass(frozen=True)
class Account:
    """The account of one generation of a device's identity. `site` is "" while it stands nowhere."""

    device: str
    generation: int
    site: str
    secret: str = field(repr=False)

    @property
    def username(self) -> str:
        """The broker's username."""
        return f"{self.device}.{self.generation}"


@dataclass(frozen=True)
class Program:
    """An account of our own at the broker, and what it may do: CONTROLLER, KEEPER, or both."""

    username: str
    password: str = field(repr=False)
    roles: tuple[str, ...]


def document(accounts: Iterable[Account], programs: Iterable[Program]) -> Json:
    """Return the whole document, which the plugin reads once when the broker starts.

    Args:
        accounts: of all devices.
        programs: our own.
    """
    accounts = list(accounts)
    return {
        "defaultACLAccess": {
            "publishClientSend": False,
            "publishClientReceive": False,
            "subscribe": False,
            "unsubscribe": True,
        },
        "clients": [
            *({**_program(program), **hashed(program.password)} for program in programs),
            *({**client(account), **hashed(account.secret)} for account in accounts),
        ],
        "groups": [],
        "roles": [
            {"rolename": CONTROLLER, "acls": controller_acls()},
            {"rolename": KEEPER, "acls": keeper_acls()},
            *(role(account) for account in accounts),
        ],
    }


def client(account: Account) -> Json:
    """Return a device's client without its password. It connects under its own client id and no other's."""
    return {"username": account.username, "clientid": account.device, "roles": [{"rolename": account.username}]}


def role(account: Account) -> Json:
    """Return the role of a device's account: what it may say and hear where it stands."""
    acls = [_acl("publishClientSend", topics.up(account.device, what)) for what in topics.UP]
    down = topics.down(account.device, "#")
    acls += [_acl("subscribePattern", down), _acl("publishClientReceive", down)]
    for topic in (topics.CONTROLLER_STATE, *((topics.board(account.site),) if account.site else ())):
        acls += [_acl("subscribeLiteral", topic), _acl("publishClientReceive", topic)]
    return {"rolename": account.username, "acls": acls}


def controller_acls() -> list[Json]:
    """Return what the application may do."""
    up = topics.up("+", "+")
    sends = (topics.down("+", "+"), topics.board("+"), topics.CONTROLLER_STATE)
    return [
        *(_acl("publishClientSend", topic) for topic in sends),
        _acl("subscribePattern", up),
        _acl("publishClientReceive", up),
    ]


def keeper_acls() -> list[Json]:
    """Return what the keeper of the accounts may do."""
    return [
        _acl("publishClientSend", CONTROL),
        _acl("subscribePattern", f"{CONTROL}/response"),
        _acl("publishClientReceive", f"{CONTROL}/response"),
    ]


def hashed(password: str) -> Json:
    """Return a password as the plugin keeps it: PBKDF2 with SHA-512 (RFC 8018)."""
    salt = secrets.token_bytes(SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return {"password": b64encode(digest).decode(), "salt": b64encode(salt).decode(), "iterations": ITERATIONS}


def _program(program: Program) -> Json:
    return {"username": program.username, "roles": [{"rolename": name} for name in program.roles]}


def _acl(kind: str, topic: str) -> Json:
    return {"acltype": kind, "topic": topic, "priority": 0, "allow": True}

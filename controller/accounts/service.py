"""Accounts: who may sign in, with which role, and where; sessions, tokens and the audit log.

Roles include those below them: admin > technician > clerk > viewer. Clerks and viewers may be bound to sites.
"""

import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass

from pwdlib import PasswordHash
from sqlmodel import Session, col, delete, select

from controller.accounts.models import ApiToken, AuditEntry, SignIn, User
from controller.ingest.alarms import now_ms

ROLES = ("viewer", "clerk", "technician", "admin")
DAY_MS = 86_400_000
IDLE_MS = 12 * 3_600_000  # a session that was not used for so long is over
LONGEST_MS = 30 * DAY_MS
SEEN_MS = 300_000  # how exactly the last use is kept
SHORTEST = 10  # characters of a password

_hasher = PasswordHash.recommended()
_nobody = _hasher.hash(secrets.token_urlsafe(16))  # checked where there is no such name, so that time tells nothing


class AccountError(Exception):
    """An account cannot be made or changed; the text says why."""


@dataclass(frozen=True)
class Who:
    """Somebody who has proved who they are. `csrf` is "" where no cookie was used, `sites` empty for all."""

    name: str
    role: str
    sites: frozenset[str] = frozenset()
    csrf: str = ""

    def may(self, role: str, site: str | None = None) -> bool:
        """Whether this is at least a `role`, and for `site`."""
        return ROLES.index(self.role) >= ROLES.index(role) and (site is None or not self.sites or site in self.sites)


class Delay:
    """Slows down guessing: after five failures for a name or from an address each further one doubles the wait."""

    FREE, LONGEST_S, NAMES = 5, 300.0, 10_000

    def __init__(self) -> None:
        self._failures: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def left(self, *keys: str) -> float:
        """Return how many seconds must pass before another attempt."""
        now = time.monotonic()
        with self._lock:
            return max((self._failures.get(key, (0, 0.0))[1] - now for key in keys), default=0.0)

    def failed(self, *keys: str) -> None:
        """Hear of a failure."""
        with self._lock:
            if len(self._failures) >= self.NAMES:
                self._failures.clear()
            for key in keys:
                count = self._failures.get(key, (0, 0.0))[0] + 1
                wait = min(self.LONGEST_S, 2.0 ** (count - self.FREE)) if count >= self.FREE else 0.0
                self._failures[key] = (count, time.monotonic() + wait)

    def succeeded(self, key: str) -> None:
        """Hear that a name has signed in."""
        with self._lock:
            self._failures.pop(key, None)


def hashed(token: str) -> str:
    """Return what is kept of a session's or program's token: tokens are random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def add_user(session: Session, name: str, role: str, password: str, sites: str = "") -> User:
    """Make an account. Raises AccountError."""
    if not name or len(name) > 64 or any(letter.isspace() or not letter.isprintable() for letter in name):
        raise AccountError("a name has 1 to 64 printable characters and no spaces")
    if role not in ROLES:
        raise AccountError(f"a role is one of {', '.join(ROLES)}")
    _check_password(password)
    if session.get(User, name) is not None:
        raise AccountError("this name is taken")
    user = User(name=name, role=role, password=_hasher.hash(password), sites=sites, created=now_ms())
    session.add(user)
    return user


def set_password(session: Session, name: str, password: str) -> None:
    """Give an account another password and end its sessions. Raises AccountError."""
    user = session.get(User, name)
    if user is None:
        raise AccountError("there is no such account")
    _check_password(password)
    user.password = _hasher.hash(password)
    session.add(user)
    session.exec(delete(SignIn).where(col(SignIn.user) == name))


def remove_user(session: Session, name: str) -> None:
    """Remove an account with its sessions and tokens. Raises AccountError, also for the last admin."""
    user = session.get(User, name)
    if user is None:
        raise AccountError("there is no such account")
    if user.role == "admin" and len(session.exec(select(User).where(User.role == "admin")).all()) == 1:
        raise AccountError("the last admin cannot be removed")
    session.exec(delete(SignIn).where(col(SignIn.user) == name))
    session.exec(delete(ApiToken).where(col(ApiToken.user) == name))
    session.delete(user)


def first_admin(session: Session) -> tuple[str, str] | None:
    """Make the first admin where there is no account at all; return its name and random password, to be shown once."""
    if session.exec(select(User).limit(1)).first() is not None:
        return None
    password = secrets.token_urlsafe(12)
    add_user(session, "admin", "admin", password)
    audit(session, "controller", "user.add", "admin")
    return "admin", password


def check_password(session: Session, name: str, password: str) -> User | None:
    """Return the account where the password is right; takes as long where there is no such name."""
    user = session.get(User, name)
    good = _hasher.verify(password, user.password if user else _nobody)
    return user if good else None


def open_session(session: Session, user: User) -> tuple[str, str]:
    """Open a session; return its token for the cookie and its CSRF token."""
    token, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(18), now_ms()
    session.exec(delete(SignIn).where(col(SignIn.seen) < now - LONGEST_MS))
    session.add(SignIn(id=hashed(token), user=user.name, csrf=csrf, created=now, seen=now))
    return token, csrf


def by_cookie(session: Session, token: str) -> tuple[Who, bool] | None:
    """Return who a session's token belongs to, and whether its last use should be written down."""
    found = session.get(SignIn, hashed(token))
    now = now_ms()
    if found is None or now - found.seen > IDLE_MS or now - found.created > LONGEST_MS:
        return None
    user = session.get(User, found.user)
    if user is None:
        return None
    return Who(user.name, user.role, frozenset(user.sites.split()), found.csrf), now - found.seen > SEEN_MS


def by_token(session: Session, token: str) -> Who | None:
    """Return who a program's token stands for: never more than its owner is."""
    found = session.get(ApiToken, hashed(token))
    owner = session.get(User, found.user) if found else None
    if found is None or owner is None:
        return None
    role = min(found.role, owner.role, key=ROLES.index)
    sites = frozenset(found.sites.split())
    if owner.sites:
        own = frozenset(owner.sites.split())
        sites = (sites & own or frozenset({"-"})) if sites else own
    return Who(f"{owner.name}/{found.name}", role, sites)


def audit(session: Session, who: str, what: str, target: str, before: object = None, after: object = None) -> None:
    """Write down a change, in the transaction that makes it."""

    def text(value: object) -> str:
        return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)

    session.add(AuditEntry(at=now_ms(), who=who, what=what, target=target, before=text(before), after=text(after)))


def _check_password(password: str) -> None:
    if not SHORTEST <= len(password) <= 256:
        raise AccountError(f"a password has {SHORTEST} to 256 characters")

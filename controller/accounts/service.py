"""Accounts: who may sign in, with which role, and where; sessions, tokens and the audit log.

Roles include those below them: admin > technician > clerk > viewer. Any of them may be bound to sites and
sub-districts; what concerns the whole fleet (accounts, the audit log, new sites, the sub-district of a site) is then
not theirs.
"""

import hashlib
import json
import re
import secrets
import threading
from dataclasses import dataclass

from pwdlib import PasswordHash
from sqlmodel import Session, col, delete, select

from controller.accounts import scope
from controller.accounts.models import ApiToken, AuditEntry, Factor, SignIn, User
from controller.ingest.alarms import now_ms
from controller.settings import WORN

# What names of people and things are made of: no controls, no separators, nothing invisible that turns or hides its
# neighbours (Unicode 16, section 23.2 to 23.9).
PRINTED = (
    r"[^\x00-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff0-\uffff"
    "\U000e0000-\U000e007f]"
)
NAME = re.compile(f"{PRINTED}{{1,64}}")
ROLES = ("viewer", "clerk", "technician", "admin")
DAY_MS = 86_400_000
IDLE_MS = 12 * 3_600_000  # a session that was not used for so long is over
LONGEST_MS = 30 * DAY_MS
SEEN_MS = 300_000  # how exactly the last use is kept
SHORTEST = 10  # characters of a password
TOKENS = 20  # of one account
AGENT = 160  # characters of a browser's name that are kept
HASHING = 2  # passwords that are looked at at a time: each takes 64 MB and a processor

_hasher = PasswordHash.recommended()
_nobody = _hasher.hash(secrets.token_urlsafe(16))  # checked where there is no such name, so that time tells nothing


_hashing = threading.BoundedSemaphore(HASHING)


class AccountError(Exception):
    """An account cannot be made or changed; the text says why. `status`: that of HTTP which means the same."""

    def __init__(self, text: str, status: int = 409) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Who:
    """Somebody who has proved who they are. `csrf` is "" where no cookie was used; `sites`: those at which they may act
    now, None for everywhere; `scope`: the same as it was given to them, with sub-districts."""

    name: str
    role: str
    sites: frozenset[str] | None = None
    csrf: str = ""
    scope: tuple[str, ...] = ()

    @property
    def person(self) -> str:
        """The account: a program's token acts for one."""
        return self.name.partition("/")[0]

    @property
    def everywhere(self) -> bool:
        """Whether they are bound to nothing."""
        return self.sites is None

    def may(self, role: str, site: str | None = None) -> bool:
        """Whether this is at least a `role`, and for `site`."""
        return ROLES.index(self.role) >= ROLES.index(role) and (
            site is None or self.sites is None or site in self.sites
        )


def hashed(token: str) -> str:
    """Return what is kept of a session's or program's token: tokens are random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_name(name: str) -> bool:
    """Whether an account may be called so."""
    return NAME.fullmatch(name) is not None


def named(session: Session, name: str) -> User:
    """Return an account. Raises AccountError."""
    found = session.get(User, name) if is_name(name) else None
    if found is None:
        raise AccountError("there is no such account", 404)
    return found


def add_user(session: Session, name: str, role: str, password: str, sites: str = "") -> User:
    """Make an account. Raises AccountError."""
    if not is_name(name):
        raise AccountError("a name has 1 to 64 characters that can be printed, and no spaces", 422)
    if "/" in name:  # what a token does is written down as its owner's name, a slash and its own
        raise AccountError("a name has no slash", 422)
    if role not in ROLES:
        raise AccountError(f"a role is one of {', '.join(ROLES)}", 422)
    if wrong := [one for one in sites.split() if not scope.ENTRY.fullmatch(one)]:
        raise AccountError(f"{wrong[0]!r} is no id of a site, and no district: with the id of a sub-district", 422)
    _check_password(name, password)
    if session.get(User, name) is not None:
        raise AccountError("this name is taken")
    user = User(name=name, role=role, password=_hasher.hash(password), sites=sites, created=now_ms())
    session.add(user)
    return user


def set_password(session: Session, name: str, password: str) -> None:
    """Give an account another password and end its sessions. Raises AccountError."""
    user = named(session, name)
    _check_password(name, password)
    user.password = _hasher.hash(password)
    session.add(user)
    session.exec(delete(SignIn).where(col(SignIn.user) == name))


def remove_user(session: Session, name: str) -> None:
    """Remove an account with its sessions and tokens. Raises AccountError, also for the last admin."""
    user = named(session, name)
    everywhere = select(User.name).where(User.role == "admin", User.sites == "")
    if session.exec(everywhere).all() == [name]:
        raise AccountError("the last admin cannot be removed")
    session.exec(delete(SignIn).where(col(SignIn.user) == name))
    session.exec(delete(Factor).where(col(Factor.user) == name))
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
    user = session.get(User, name) if is_name(name) else None
    with _hashing:
        good = _hasher.verify(password, user.password if user else _nobody)
    return user if good else None


def open_session(session: Session, user: User, agent: str = "") -> tuple[str, str]:
    """Open a session of a browser that calls itself `agent`; return its token for the cookie and its CSRF token."""
    token, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(18), now_ms()
    session.exec(delete(SignIn).where(col(SignIn.seen) < now - LONGEST_MS))
    session.add(SignIn(id=hashed(token), user=user.name, csrf=csrf, agent=agent[:AGENT], created=now, seen=now))
    return token, csrf


def end_sessions(session: Session, name: str, but: str = "") -> None:
    """End all sessions of an account; `but`: the id of one that stays."""
    session.exec(delete(SignIn).where(col(SignIn.user) == name, col(SignIn.id) != but))


def by_cookie(session: Session, token: str) -> tuple[Who, bool] | None:
    """Return who a session's token belongs to, and whether its last use should be written down."""
    found = session.get(SignIn, hashed(token))
    now = now_ms()
    if found is None or now - found.seen > IDLE_MS or now - found.created > LONGEST_MS:
        return None
    user = session.get(User, found.user)
    if user is None:
        return None
    return _who(session, user, found.csrf), now - found.seen > SEEN_MS


def by_token(session: Session, token: str) -> Who | None:
    """Return who a program's token stands for: never more than its owner is."""
    found = session.get(ApiToken, hashed(token))
    owner = session.get(User, found.user) if found else None
    return _program(session, owner, found) if owner and found else None


def by_name(session: Session, name: str) -> Who | None:
    """Return what somebody, or a program's token ("owner/token"), may do now; None where they are no more."""
    person, _, program = name.partition("/")
    owner = session.get(User, person) if is_name(person) else None
    if owner is None or not program:
        return _who(session, owner) if owner else None
    query = select(ApiToken).where(ApiToken.user == person, ApiToken.name == program)
    found = session.exec(query).first()
    return _program(session, owner, found) if found else None


def _who(session: Session, user: User, csrf: str = "") -> Who:
    return Who(user.name, user.role, scope.sites_of(session, user.sites), csrf, tuple(user.sites.split()))


def _program(session: Session, owner: User, token: ApiToken) -> Who:
    role = min(token.role, owner.role, key=ROLES.index)
    own, given = scope.sites_of(session, owner.sites), scope.sites_of(session, token.sites)
    sites = given if own is None else own if given is None else own & given
    return Who(f"{owner.name}/{token.name}", role, sites, scope=tuple((token.sites or owner.sites).split()))


def add_token(session: Session, owner: str, name: str, role: str, sites: list[str]) -> str:
    """Make a token for a program of `owner`'s; return it, to be shown once. Raises AccountError."""
    names = session.exec(select(ApiToken.name).where(ApiToken.user == owner)).all()
    if name in names:
        raise AccountError("this name is taken")
    if len(names) >= TOKENS:
        raise AccountError("an account has at most 20 tokens: remove one first")
    token = secrets.token_urlsafe(32)
    session.add(ApiToken(id=hashed(token), name=name, user=owner, role=role, sites=" ".join(sites), created=now_ms()))
    return token


def remove_token(session: Session, owner: str, name: str) -> None:
    """End a token. Raises AccountError."""
    query = select(ApiToken).where(ApiToken.user == owner, ApiToken.name == name)
    found = session.exec(query).first() if is_name(owner) and is_name(name) else None
    if found is None:
        raise AccountError("there is no such token", 404)
    session.delete(found)


def audit(session: Session, who: str, what: str, target: str, before: object = None, after: object = None) -> None:
    """Write down a change, in the transaction that makes it."""

    def text(value: object) -> str:
        return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)

    session.add(AuditEntry(at=now_ms(), who=who, what=what, target=target, before=text(before), after=text(after)))


def _check_password(name: str, password: str) -> None:
    if not SHORTEST <= len(password) <= 256:
        raise AccountError("a password has 10 to 256 characters", 422)
    if password.lower() in (*WORN, name.lower()):
        raise AccountError("everybody would guess this password", 422)

"""Accounts, as an admin of the whole fleet keeps them. Within a transaction; whoever calls has looked at the right."""

from sqlmodel import Session, col, select

from controller.accounts import factor, service
from controller.accounts.models import Factor, User
from controller.accounts.schemas import UserCreate, UserPublic
from controller.accounts.service import Who


def listed(session: Session) -> list[UserPublic]:
    """Return all accounts, by name."""
    found = session.exec(select(User).order_by(col(User.name))).all()
    return [UserPublic(name=user.name, role=user.role, sites=user.sites.split()) for user in found]


def guarded(session: Session) -> set[str]:
    """Return the names of those that have a second factor."""
    return set(session.exec(select(Factor.user).where(Factor.on)))


def add(session: Session, body: UserCreate, who: Who) -> UserPublic:
    """Make an account. Raises AccountError."""
    service.add_user(session, body.name, body.role, body.password, " ".join(body.sites))
    service.audit(session, who.name, "user.add", body.name, None, {"role": body.role, "sites": body.sites})
    return UserPublic(name=body.name, role=body.role, sites=body.sites)


def remove(session: Session, name: str, who: Who) -> None:
    """Remove an account, with its sessions and tokens. Raises AccountError."""
    service.remove_user(session, name)
    service.audit(session, who.name, "user.remove", name)


def remove_factor(session: Session, name: str, who: Who) -> None:
    """Take the second factor of somebody who has lost it away; their sessions end. Raises AccountError."""
    service.named(session, name)
    factor.remove(session, name)
    service.end_sessions(session, name)
    service.audit(session, who.name, "factor.off", name)

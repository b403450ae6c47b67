"""Claim tokens: leave for one claim, for a time, given by a technician to whoever flashes the device."""

import secrets

from sqlmodel import Session, col, delete

from controller.accounts.service import Who, audit, by_name, hashed
from controller.fleet.trust.claims import Asked
from controller.fleet.trust.models import Claim, ClaimToken

PREFIX = "claim_"  # by which it is told from other bearer tokens
MINUTE_MS = 60_000
KEPT_MS = 30 * 86_400_000  # after its end: so long it is told that it was used or has expired


class TokenError(Exception):
    """A claim token cannot be used; the text says why and what to do. `status`: that of HTTP which means the same."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


def make(session: Session, who: Who, asked: Asked, minutes: int, now: int) -> tuple[str, ClaimToken]:
    """Make a token for one claim of what `asked` names, its device left open; return it, to be shown once."""
    session.exec(delete(ClaimToken).where(col(ClaimToken.expires) < now - KEPT_MS))
    token = PREFIX + secrets.token_urlsafe(32)
    made = ClaimToken(
        id=hashed(token),
        site=asked.site,
        position=asked.position,
        role=asked.role,
        who=who.name,
        device="",
        expires=now + minutes * MINUTE_MS,
    )
    session.add(made)
    after = {"site": asked.site, "position": asked.position, "role": asked.role, "minutes": minutes}
    audit(session, who.name, "device.claim.token", made.id[:12], None, after)
    return token, made


def use(session: Session, token: str, asked: Asked, now: int) -> tuple[ClaimToken, Asked]:
    """Use a token for a claim; return it, and what is claimed with what the token says of it filled in.

    The first claim binds it to its device. As long as that claim waits, it may be made again: its answer may have been
    lost, and the secret that was in it is then over. Raises TokenError.
    """
    found = session.get(ClaimToken, hashed(token))
    if found is None:
        raise TokenError("This claim token is not known", 401)
    if found.device:
        claim = session.get(Claim, found.device)
        if found.device != asked.device or claim is None or claim.token != found.id:
            raise TokenError("This claim token has been used: ask for another one", 409)
    if found.expires <= now:
        raise TokenError("This claim token has expired: ask for another one", 401)
    giver = by_name(session, found.who)
    if giver is None or not giver.may("technician"):
        raise TokenError("Whoever gave this claim token may not claim any more: ask for another one", 401)
    for name in ("site", "position", "role"):
        bound, named = getattr(found, name), getattr(asked, name)
        if bound and named not in ("", bound):
            raise TokenError("This claim token is for another place", 403)
        asked = asked._replace(**{name: bound or named})
    if asked.site and not giver.may("technician", asked.site):
        raise TokenError("This claim token is for another place", 403)
    found.device = asked.device
    session.add(found)
    return found, asked


def holds(session: Session, token: str, device: str, now: int) -> bool:
    """Whether this is the token by which a device was claimed, in its time."""
    found = session.get(ClaimToken, hashed(token))
    return found is not None and found.device == device and found.expires > now

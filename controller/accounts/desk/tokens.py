"""Tokens of programs, as their owners and the fleet's admins keep them. Within a transaction; asks for the right."""

from sqlmodel import Session, col, select

from controller.accounts import service
from controller.accounts.models import ApiToken
from controller.accounts.schemas import TokenCreate, TokenMade, TokenPublic
from controller.accounts.service import Who
from controller.web.problems import Problem


def listed(session: Session, who: Who) -> list[TokenPublic]:
    """Return somebody's tokens; everybody's to an admin of the whole fleet."""
    query = select(ApiToken).order_by(col(ApiToken.user), col(ApiToken.name))
    if not everybodys(who):
        query = query.where(ApiToken.user == who.person)
    return [
        TokenPublic(user=one.user, name=one.name, role=one.role, sites=one.sites.split(), created=one.created)
        for one in session.exec(query)
    ]


def add(session: Session, body: TokenCreate, who: Who) -> TokenMade:
    """Make a token; it can do no more than its maker. Raises a Problem, AccountError."""
    if not who.csrf:
        raise Problem(403, "A token cannot make tokens: sign in")
    if not who.may(body.role):
        raise Problem(403, "Your account has no right to this")
    made = service.add_token(session, who.name, body.name, body.role, body.sites)
    after = {"role": body.role, "sites": body.sites}
    service.audit(session, who.name, "token.add", f"{who.name}/{body.name}", None, after)
    return TokenMade(name=body.name, role=body.role, token=made)


def remove(session: Session, user: str, name: str, who: Who) -> None:
    """End a token of one's own; an admin of the whole fleet ends anybody's. Raises a Problem, AccountError."""
    if who.person != user and not everybodys(who):
        raise Problem(404, "there is no such token")
    service.remove_token(session, user, name)
    service.audit(session, who.name, "token.remove", f"{user}/{name}")


def everybodys(who: Who) -> bool:
    """Whether somebody keeps the tokens of all."""
    return who.may("admin") and who.everywhere

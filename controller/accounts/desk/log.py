"""The audit log, read. It is only ever added to."""

from sqlmodel import Session, col, select

from controller.accounts.models import AuditEntry
from controller.accounts.schemas import AuditPublic

NEWEST = 2**31 - 1


def after(session: Session, id_: int, limit: int) -> list[AuditPublic]:
    """Return changes with an id above `id_`, in their order."""
    query = select(AuditEntry).where(col(AuditEntry.id) > id_).order_by(col(AuditEntry.id)).limit(limit)
    return [AuditPublic.model_validate(row.model_dump()) for row in session.exec(query)]


def before(
    session: Session, id_: int, limit: int, who: str = "", what: str = "", target: str = ""
) -> list[AuditPublic]:
    """Return changes with an id below `id_`, the newest first; of somebody, of a kind ("site." or "site.add"), of what
    contains `target`."""
    query = select(AuditEntry).where(col(AuditEntry.id) < id_).order_by(col(AuditEntry.id).desc()).limit(limit)
    if who:
        query = query.where(AuditEntry.who == who)
    if what:
        query = query.where(col(AuditEntry.what).startswith(what, autoescape=True))
    if target:
        query = query.where(col(AuditEntry.target).contains(target, autoescape=True))
    return [AuditPublic.model_validate(row.model_dump()) for row in session.exec(query)]

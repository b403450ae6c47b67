"""A hall's day in figures."""

from sqlmodel import Session, col, select

from controller.queue.models import Ticket
from controller.queue.schemas import DayPublic


def day(session: Session, site: str) -> DayPublic:
    """Return the current day of a hall in figures."""
    newest = session.exec(select(Ticket.serial).where(Ticket.site == site).order_by(col(Ticket.serial).desc())).first()
    tickets = session.exec(select(Ticket).where(Ticket.site == site, Ticket.serial == (newest or 0))).all()
    waits = [one.called - one.issued for one in tickets if one.called]
    served = [one.ended - (one.served or one.called) for one in tickets if one.state in ("done", "rated")]
    return DayPublic(
        serial=newest or 0,
        issued=len(tickets),
        waiting=sum(one.state == "waiting" for one in tickets),
        done=len(served),
        noshow=sum(one.state == "noshow" for one in tickets),
        void=sum(one.state == "void" for one in tickets),
        wait=sum(waits) // len(waits) // 1000 if waits else 0,
        service=sum(served) // len(served) // 1000 if served else 0,
    )

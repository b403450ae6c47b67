"""What a device has told: its newest events, and the logs that it was asked for."""

from sqlmodel import Session, col, select

from controller.fleet.orders import book
from controller.fleet.orders.models import DeviceLog
from controller.ingest.models import Event, EventLog
from controller.web.shell.frame import Frame
from controller.web.shell.times import exact
from controller.web.shell.widgets import card, empty, tag


class Logs:
    """What the device has sent of its console, the newest first; each opens."""

    def __init__(self, frame: Frame, device: str, tz: int) -> None:
        self._frame, self._device, self._tz = frame, device, tz
        self._shown: object = None
        _ = frame.say
        with card(_("Logs")):
            self._list = tag("div", "logs")

    async def show(self) -> None:
        """Show them; nothing is sent where there is none that is new."""

        def read(session: Session) -> list[DeviceLog]:
            found = book.logs(session, self._device)
            session.expunge_all()
            return found

        found = await self._frame.read(read)
        key = [one.command for one in found]
        if key == self._shown:
            return
        self._shown = key
        _ = self._frame.say
        self._list.clear()
        with self._list:
            for one in found:
                with tag("details"):
                    tag("summary", text=exact(one.at, self._tz, self._frame.lang))
                    if one.crash:
                        tag("h3", text=_("Last crash"))
                        tag("pre", text=one.crash)
                    tag("pre", text=one.log or _("empty"))
            if not found:
                empty(_("None yet: give the command to send its log."), "article")


def events(session: Session, site: str, device: str, limit: int) -> list[Event]:
    """Return a device's newest events at a site, the newest first: of its last logs, by their numbers, for which there
    is an index."""
    logs = select(EventLog.log).where(EventLog.device == device).order_by(col(EventLog.at).desc()).limit(3)
    found: list[Event] = []
    for log in session.exec(logs).all():
        query = select(Event).where(Event.site == site, Event.device == device, Event.log == log)
        found += session.exec(query.order_by(col(Event.seq).desc()).limit(limit - len(found)))
        if len(found) >= limit:
            break
    session.expunge_all()
    return sorted(found, key=lambda one: one.pos, reverse=True)

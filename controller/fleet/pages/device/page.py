"""One device: how it is now, its figures over time, its configuration, its commands, what it has told."""

from typing import NamedTuple

from sqlmodel import Session

from controller.accounts.service import Who
from controller.fleet.api.devices import may_see
from controller.fleet.inventory import tags
from controller.fleet.models import Device, Position, Site
from controller.fleet.pages.device.charts import Charts
from controller.fleet.pages.device.configuration import Configuration
from controller.fleet.pages.device.now import Now
from controller.fleet.pages.device.orders import Orders
from controller.fleet.pages.device.past import Logs, events
from controller.fleet.pages.history import Recent
from controller.fleet.pages.words import ROLES
from controller.web.i18n import N_
from controller.web.problems import Problem
from controller.web.shell.frame import Frame
from controller.web.shell.layout import heading
from controller.web.shell.page import Page
from controller.web.shell.widgets import link

LOOK_S = 2.0  # how often what is shown is read again


class Seen(NamedTuple):
    """A device with where it stands and its tags."""

    device: Device
    site: Site | None
    position: Position | None
    tags: tuple[str, ...]

    @property
    def tz(self) -> int:
        """The zone in which its times are told, minutes east of UTC."""
        return self.site.tz if self.site else 420

    @property
    def role(self) -> str:
        """What it is."""
        return self.position.role if self.position else self.device.role


def seen(session: Session, who: Who, device: str) -> Seen:
    """Return a device. Raises a Problem where there is none that somebody may see."""
    found = session.get(Device, device)
    if found is None or not may_see(who, found.site):
        raise Problem(404, "There is no such device")
    site, position = session.get(Site, found.site), session.get(Position, (found.site, found.position))
    tagged = tuple(tags.of(session, [device]).get(device, ()))
    session.expunge_all()
    return Seen(found, site, position, tagged)


async def _build(frame: Frame) -> None:
    _, id_ = frame.say, frame.path["device"]
    one = await frame.read(lambda session: seen(session, frame.who, id_))
    where = f"{one.site.name} · {one.device.position}" if one.site else _("A spare: it stands nowhere")
    with heading(frame, id_, f"{_(ROLES.get(one.role, one.role))} · {where}"):
        if one.site:
            link(_("Hall"), f"/fleet/sites/{one.site.id}", "button")
        if frame.may("technician", one.device.site or None):
            link(_("Label"), f"/api/v1/labels?device={id_}", "button")
    frame.client.title = f"{id_} – Balai"
    now = Now(frame, one)
    charts = Charts(frame, id_)
    await frame.hang()
    orders = Orders(frame, id_, one.tz) if frame.may("technician", one.device.site or None) else None
    configuration = Configuration(frame, id_, one.tz)
    place = one.device.site
    past = Recent(frame, _("What it has told"), one.tz, lambda session, limit: events(session, place, id_, limit))
    logs = Logs(frame, id_, one.tz) if orders is not None else None
    parts = [part for part in (charts, orders, configuration, past, logs) if part is not None]

    async def look() -> None:
        try:
            fresh = await frame.read(lambda session: seen(session, frame.who, id_))
        except Problem:
            fresh = None
        if fresh is None or (fresh.device.site, fresh.device.position) != (one.device.site, one.device.position):
            frame.client.run_javascript("location.reload()")  # it stands elsewhere: what may be done is another
            return
        now.show(fresh)
        for part in parts:
            await part.show()

    now.show(one)
    for part in parts:
        await part.show()
    frame.live(look, LOOK_S)


PAGE = Page("/fleet/devices/{device}", N_("Device"), _build, under="/fleet/devices")

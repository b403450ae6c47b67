"""One hall: its places and the devices in them, its hours, what has happened, and what later features hang here."""

from collections.abc import Mapping
from functools import partial

from sqlmodel import Session, col, select

from controller.fleet import service
from controller.fleet.hours.calendar import Calendar
from controller.fleet.hours.models import calendar_of
from controller.fleet.models import Device, Position, Site
from controller.fleet.pages.history import Recent, at_hall
from controller.fleet.pages.words import KINDS, ROLES
from controller.fleet.service import FleetError
from controller.ingest.alarms import now_ms
from controller.web.i18n import N_
from controller.web.problems import Problem
from controller.web.shell.frame import Frame
from controller.web.shell.layout import heading
from controller.web.shell.page import Page
from controller.web.shell.times import age
from controller.web.shell.widgets import Table, card, empty, facts, figure, link, state, tag

WEEKDAYS = (
    *(N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday")),
    *(N_("Saturday"), N_("Sunday")),
)
LATER = 8  # holidays that are shown


class Places:
    """The table of places, with the device that stands in each."""

    def __init__(self, frame: Frame, site: str) -> None:
        self._frame, self._site = frame, site
        self._shown: object = None
        _ = frame.say
        with card(_("Places and devices")):
            names = (
                _("Place"),
                _("Role"),
                _("Device"),
                _("State"),
                _("Firmware"),
                figure(_("Wi-Fi")),
                figure(_("Backlog")),
            )
            self._table = Table(_("Places and devices"), names)
            self._none = empty(_("No place yet: an admin makes one, then a technician claims a device for it."), "add")

    async def show(self) -> None:
        """Show how they are now; nothing is sent where that is the same."""
        places = await self._frame.read(lambda session: _places(session, self._site))
        now = now_ms()
        rows = [(place, device, device and age(device.seen, self._frame.lang, now)) for place, device in places]
        key = [(place.id, device and (device.id, device.online, device.state, said)) for place, device, said in rows]
        if key == self._shown:
            return
        self._shown = key
        self._table.clear()
        for place, device, said in rows:
            self._row(place, device, said or "")
        self._none.set_visibility(not rows)

    def _row(self, place: Position, device: Device | None, said: str) -> None:
        _ = self._frame.say
        values: Mapping[str, object] = device.state if device else {}
        self._table.row(
            [
                partial(_named, place),
                _(ROLES[place.role]),
                partial(link, device.id, f"/fleet/devices/{device.id}", "mono") if device else "–",
                partial(_standing, self._frame, device, said),
                str(values.get("fw", "–")),
                f"{values['rssi']} dBm" if values.get("rssi") else "–",
                str(values.get("backlog", "–")),
            ]
        )


async def _build(frame: Frame) -> None:
    _, id_ = frame.say, frame.path["site"]
    try:
        site, calendar = await frame.read(lambda session: _site(session, id_))
    except FleetError:
        raise Problem(404) from None
    district = f" · {site.district.replace('-', ' ').title()}" if site.district else ""
    with heading(frame, site.name, _(KINDS[site.kind]) + district):
        link(_("Public board"), f"/board?site={id_}", "button")
        link(_("Configuration"), f"/fleet/configuration/site/{id_}", "button")
        if frame.may("clerk", id_):
            link(_("Counter console"), f"/console?site={id_}", "button")
    frame.client.title = f"{site.name} – Balai"
    await frame.hang()
    places = Places(frame, id_)
    await places.show()
    with tag("div", "columns"):
        with card(_("Opening hours")):
            _hours(frame, calendar)
        with card(_("The hall")):
            _facts(frame, site)
    history = Recent(frame, _("What has happened"), site.tz, lambda session, limit: at_hall(session, id_, limit))
    await history.show()

    async def look() -> None:
        await places.show()
        await history.show()

    frame.live(look, 2.0)


def _site(session: Session, id_: str) -> tuple[Site, Calendar]:
    found = service.site_of(session, id_)
    session.expunge(found)
    return found, calendar_of(session, found)


def _places(session: Session, site: str) -> list[tuple[Position, Device | None]]:
    """Return the places of a hall and the device in each."""
    devices = select(Device).where(Device.site == site, col(Device.position) != "")
    here = {one.position: one for one in session.exec(devices)}
    found = session.exec(select(Position).where(Position.site == site).order_by(col(Position.id))).all()
    session.expunge_all()
    return [(one, here.get(one.id)) for one in found]


def _named(place: Position) -> None:
    tag("b", text=place.name)
    tag("span", "soft", f" {place.id}")


def _standing(frame: Frame, device: Device | None, said: str) -> None:
    _ = frame.say
    if device is None:
        state("off", _("No device"))
    elif device.online:
        code = str(device.state.get("code", ""))
        state("warn" if code else "good", _("In reach") + f" {code}".rstrip())
    else:
        state("bad", _("Out of reach") + f" · {said}")


def _hours(frame: Frame, calendar: Calendar) -> None:
    _, now = frame.say, now_ms()
    is_open = calendar.is_open(now)
    state("good" if is_open else "off", _("Open now") if is_open else _("Closed now"))
    if not calendar.week:
        tag("p", "soft", _("Nobody has said when this hall is open: it counts as always open."))
    facts([(_(name), _periods(frame, calendar.week.get(day, ()))) for day, name in enumerate(WEEKDAYS)])
    coming = sorted(one for one in calendar.holidays if one >= calendar.day(now))[:LATER]
    if coming:
        tag("h3", text=_("Days that are different"))
        facts([(one.isoformat(), _periods(frame, calendar.holidays[one])) for one in coming])


def _periods(frame: Frame, periods: tuple[tuple[int, int], ...]) -> str:
    clock = (f"{a // 60:02}:{a % 60:02}–{b // 60:02}:{b % 60:02}" for a, b in periods)
    return ", ".join(clock) or frame.say("closed")


def _facts(frame: Frame, site: Site) -> None:
    _ = frame.say
    place = f"{site.lat:.5f}, {site.lon:.5f}" if site.lat is not None and site.lon is not None else _("not known")
    services = ", ".join(f"{one['letter']} {one['name']}" for one in site.services)
    rows = [(_("Id"), site.id), (_("Where it is"), place), (_("Services"), services)]
    rows += [(_("Counters"), ", ".join(str(one["name"]) for one in site.counters) or "–")]
    facts([*rows, (_("Address in the hall"), site.hall_url or "–")])


PAGE = Page("/fleet/sites/{site}", N_("Hall"), _build, under="/fleet/sites")

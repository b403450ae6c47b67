"""Which layers of configurations there are, and how one that is not there yet is found."""

from functools import partial
from typing import NamedTuple

from sqlmodel import Session, col, or_, select

from controller.accounts.service import Who
from controller.fleet.configuration import views
from controller.fleet.configuration.models import Layer
from controller.fleet.configuration.service import Key
from controller.fleet.models import Position, Site
from controller.fleet.pages.configuration.words import NAMES, address, title
from controller.ingest.alarms import now_ms
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.layout import heading
from controller.web.shell.page import Page
from controller.web.shell.times import FLEET_TZ, age, moment
from controller.web.shell.widgets import Table, card, empty, field, figure, link, tag

SHOWN = 50


class Line(NamedTuple):
    """A line of the list: a layer, also one that nobody has made, and the name of its place."""

    key: Key
    name: str
    layer: Layer | None


class Layers:
    """The page."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        _ = frame.say
        heading(frame, soft=_("A value comes from the last layer that says it: fleet, kind of site, hall, position."))
        with card(_("Above the halls")):
            self._upper = self._table(_("Above the halls"))
        with card(_("Halls and positions")):
            self._box = field(_("Search a hall or a position"), frame.query.get("find", ""), autocomplete="off")
            self._box.props.update({"debounce": "300", "clearable": True})
            self._made = self._table(_("Halls and positions"))
            self._none = empty(_("None is called so. Search by a name or an id."), "search_off")
            self._rest = tag("p", "soft")
        self._box.on_value_change(self.show)

    async def show(self) -> None:
        """Read and show them."""
        _, who, text = self._frame.say, self._frame.who, str(self._box.value or "").strip()
        upper, lines = await self._frame.read(lambda session: (_upper(session), found(session, who, text)))
        self._upper.clear()
        self._made.clear()
        for one in upper:
            self._row(self._upper, one)
        for one in lines[:SHOWN]:
            self._row(self._made, one)
        self._none.set_visibility(not lines)
        more = _("and more: search for them") if len(lines) > SHOWN else ""
        self._rest.set_text(more)

    def _table(self, label: str) -> Table:
        _ = self._frame.say
        return Table(label, (_("Layer"), _("Says"), figure(_("Revision")), _("Who"), _("When")))

    def _row(self, table: Table, one: Line) -> None:
        _, lang, now, layer = self._frame.say, self._frame.lang, now_ms(), one.layer
        says = ", ".join(_(NAMES[name][0]) for name in NAMES if layer is not None and name in layer.patch)
        made = layer is not None and layer.rev
        when = f"{moment(layer.at, FLEET_TZ, lang, now)} · {age(layer.at, lang, now)}" if layer and made else "–"
        table.row(
            [
                partial(self._named, one),
                says or "–",
                str(layer.rev) if layer and made else "–",
                layer.who if layer and made else _("nobody yet"),
                when,
            ]
        )

    def _named(self, one: Line) -> None:
        link(title(one.key, one.name, self._frame.say), address(str(one.key)), "strong")
        if one.key.site:
            tag("span", "soft", " " + " / ".join(part for part in one.key[1:] if part))


def _upper(session: Session) -> list[Line]:
    lines = [Line(_key(one.key), "", one) for one in views.upper(session)]
    session.expunge_all()
    return lines


def found(session: Session, who: Who, text: str) -> list[Line]:
    """Return the layers of halls and positions that `who` may see, one more than are shown: those that somebody has
    made, the newest first; with a `text` all whose name or id it is in."""
    halls, places = select(Site).order_by(col(Site.id)), select(Position).order_by(col(Position.site), col(Position.id))
    if who.sites is not None:
        halls, places = halls.where(col(Site.id).in_(who.sites)), places.where(col(Position.site).in_(who.sites))
    if text:
        in_hall = or_(*(col(one).icontains(text, autoescape=True) for one in (Site.id, Site.name)))
        in_place = or_(*(col(one).icontains(text, autoescape=True) for one in (Position.id, Position.name)))
        keys = [Key("site", one.id) for one in session.exec(halls.where(in_hall).limit(SHOWN + 1))]
        sites = select(Site.id).where(in_hall)
        of_place = session.exec(places.where(or_(in_place, col(Position.site).in_(sites))).limit(SHOWN + 1))
        keys += [Key("position", one.site, one.id) for one in of_place]
    else:
        newest = sorted(views.made(session, who), key=lambda one: -one.at)
        keys = [_key(one.key) for one in newest]
    lines = [_line(session, key) for key in keys[: SHOWN + 1]]
    session.expunge_all()
    return lines


def _line(session: Session, key: Key) -> Line:
    hall, place = session.get(Site, key.site), session.get(Position, (key.site, key.name))
    name = f"{place.name} – {hall.name}" if place and hall else hall.name if hall else ""
    return Line(key, name, session.get(Layer, str(key)))


def _key(text: str) -> Key:
    level, *rest = text.split("/")
    return Key(level, "", rest[0]) if level == "kind" else Key(level, *rest)


async def _build(frame: Frame) -> None:
    layers = Layers(frame)
    await layers.show()


PAGE = Page("/fleet/configuration", N_("Configuration"), _build, icon="tune")

"""One layer: what it says, written in a form or as JSON; looked at before it is saved; its history; its devices."""

from typing import NamedTuple

from sqlmodel import Session

from controller.fleet import service as fleet
from controller.fleet.configuration import service, views
from controller.fleet.configuration.layers import Json
from controller.fleet.configuration.models import Layer, Revision
from controller.fleet.configuration.schemas import LayerPublic
from controller.fleet.configuration.service import FLEET, KINDS, Key
from controller.fleet.models import Position
from controller.fleet.pages.configuration.draft import Draft
from controller.fleet.pages.configuration.past import Past
from controller.fleet.pages.configuration.preview import Preview, differences
from controller.fleet.pages.configuration.standing import Delivery
from controller.fleet.pages.configuration.words import NAMES, title
from controller.fleet.pages.configuration.writing import Writing
from controller.fleet.service import FleetError
from controller.ingest.alarms import now_ms
from controller.web.i18n import N_
from controller.web.problems import Problem
from controller.web.shell.frame import Frame
from controller.web.shell.layout import heading
from controller.web.shell.page import Page
from controller.web.shell.times import FLEET_TZ, age, moment
from controller.web.shell.widgets import button, card, link, state, tag

ROOT = "/fleet/configuration"
LOOK_S, UPPER_LOOK_S = 3.0, 6.0  # a layer above the halls looks at every device


class Seen(NamedTuple):
    """A layer as it is now. `note`: of its newest revision."""

    layer: Layer
    below: list[tuple[str, Json]]
    note: str


class Editor:
    """The page of a layer, as one reader writes in it."""

    def __init__(self, frame: Frame, key: Key, seen: Seen, tz: int) -> None:
        self._frame, self._key, self._tz = frame, key, tz
        self._may = service.may_edit(frame.who, key)
        self._offered = 0  # the rev of another's change that is shown
        _ = frame.say
        self._when = tag("p", "soft")
        self._news = tag("div", **{"aria-live": "assertive"})
        self._preview = Preview(frame, key, self._saved, self._stale)
        self.draft = Draft(key, seen.layer.rev, seen.layer.patch, seen.below)
        with card(_("What this layer says")):
            if not self._may:
                tag("p", "soft", _("You may look at it. Who may change it: an admin of all that it concerns."))
            self._writing = Writing(frame, self.draft, self._may, self._changed)
            if self._may:
                with tag("div", "savebar"):
                    self._state = tag("span", "soft", **{"aria-live": "polite"})
                    tag("span", "grow")
                    self._undo = button(_("Discard"), press=self._discard, icon="undo")
                    self._go = button(_("Look at it, then save …"), "main", self._look)
        self._delivery = Delivery(frame, key)
        self._past = Past(frame, key, tz, self._may, self._restore)
        self._told(seen.layer)
        self._changed()

    async def begin(self) -> None:
        """Show what is read after the form."""
        await self._delivery.show()
        await self._past.show()

    async def look(self) -> None:
        """See what others have done, and how devices stand."""
        await self._delivery.show()
        try:
            seen = await self._frame.read(lambda session: _seen(session, self._key))
        except FleetError:
            return  # the place is gone; what is pressed will say so
        if seen.layer.rev not in (self.draft.rev, self._offered):
            await self._offer(seen)
        elif seen.below != self.draft.below and seen.layer.rev == self.draft.rev:
            self.draft.below = seen.below  # a layer below has changed: what is taken over is another
            self._writing.refresh()

    def _told(self, layer: Layer | LayerPublic) -> None:
        _, lang, now = self._frame.say, self._frame.lang, now_ms()
        if not layer.rev:
            self._when.set_text(_("Nobody has made this layer yet: it says nothing of its own."))
            if layer.patch:
                self._when.set_text(_("Nobody has changed this layer yet."))
            return
        text = _("Revision {rev}, by {who}, {when} ({age} ago)")
        when, since = moment(layer.at, self._tz, lang, now), age(layer.at, lang, now)
        self._when.set_text(text.format(rev=layer.rev, who=layer.who, when=when, age=since))

    def _changed(self) -> None:
        if not self._may:
            return
        _, dirty = self._frame.say, self._writing.dirty
        wrong = self._writing.wrong
        text = _("Something is wrong: see above") if wrong else _("Not saved yet") if dirty else _("Nothing is changed")
        if self._state.text != text:
            self._state.set_text(text)
        for one, off in ((self._go, wrong or not dirty), (self._undo, not dirty)):
            if one.props.get("disabled") != off:
                one.props["disabled"] = off
                one.update()

    async def _look(self) -> None:
        if not self._writing.wrong:
            await self._preview.show(self.draft.patch, self.draft.rev)

    async def _restore(self, patch: Json, rev: int) -> None:
        if self._writing.keeps():
            return
        await self._preview.show(patch, self.draft.rev, self._frame.say("Back to revision {rev}").format(rev=rev))

    async def _discard(self) -> None:
        self.draft.again(self.draft.rev, self.draft.seen)
        self._writing.show()
        self._changed()

    async def _saved(self, layer: LayerPublic, patch: Json) -> None:
        """It is in force: go on from there. What was written beside a restored revision stays to be saved."""
        if patch is self.draft.patch:
            self.draft.again(layer.rev, layer.patch)
        else:
            self.draft.take(layer.rev, layer.patch)
        self._anew(layer)
        await self.begin()

    def _anew(self, layer: Layer | LayerPublic) -> None:
        """Show the draft upon the layer as it is now."""
        self._offered = 0
        self._news.clear()
        self._writing.show()
        self._told(layer)
        self._changed()

    async def _stale(self) -> None:
        if not self._writing.dirty:
            self._frame.refuse(N_("Somebody else has changed this meanwhile: look at it again"))
        await self._offer(await self._frame.read(lambda session: _seen(session, self._key)))

    async def _offer(self, seen: Seen) -> None:
        """Somebody else has saved meanwhile: say who and what, and ask what to do with what is written here."""
        _, lang, now = self._frame.say, self._frame.lang, now_ms()
        if not self._writing.dirty:
            await self._theirs(seen)
            return
        self._offered = seen.layer.rev
        self._news.clear()
        with self._news, card("", "news"):
            text = _("{who} has saved this layer meanwhile, {when}. What you have written is still here.")
            state("warn", text.format(who=seen.layer.who, when=moment(seen.layer.at, self._tz, lang, now)))
            if seen.note:
                tag("p", "soft", seen.note)
            differences(self._frame, views.shown(self.draft.seen, seen.layer.patch))
            with tag("div", "actions"):
                button(_("Take it over and keep mine"), "main", lambda: self._take(seen))
                button(_("Throw mine away"), press=lambda: self._theirs(seen))

    async def _take(self, seen: Seen) -> None:
        """Take their change over; where both have changed a value, mine stands, and that is said."""
        if self._writing.keeps():
            return
        both = self.draft.take(seen.layer.rev, seen.layer.patch)
        self._anew(seen.layer)
        if both:
            _ = self._frame.say
            names = ", ".join(_(NAMES[name][0]) for name in both if name in NAMES)
            with self._news, card("", "news"):
                state("warn", _("Both of you have changed: {names}. Yours stands here.").format(names=names))
        await self._past.show()

    async def _theirs(self, seen: Seen) -> None:
        self.draft.again(seen.layer.rev, seen.layer.patch)
        self._anew(seen.layer)
        await self._past.show()


async def _build(frame: Frame) -> None:
    _, key = frame.say, _key(frame)
    try:
        seen, name, tz = await frame.read(lambda session: _begun(session, key))
    except FleetError:
        raise Problem(404) from None
    called = title(key, name, _)
    what = {
        "fleet": N_("Holds for all halls whose own layers say nothing else"),
        "kind": N_("Holds for all halls of this kind"),
        "site": N_("Holds for this hall"),
        "position": N_("Holds for this position"),
    }
    with heading(frame, called, _(what[key.level])):
        link(_("All layers"), ROOT, "button")
        if key.level == "position":
            link(_("Layer of the hall"), f"{ROOT}/site/{key.site}", "button")
        if key.site:
            link(_("Hall"), f"/fleet/sites/{key.site}", "button")
    frame.client.title = f"{called} – Balai"
    editor = Editor(frame, key, seen, tz)
    await editor.begin()
    frame.live(editor.look, LOOK_S if key.site else UPPER_LOOK_S)


def _key(frame: Frame) -> Key:
    """Return the layer that the address names. Raises Problem."""
    path = frame.path
    if "kind" in path:
        if path["kind"] not in KINDS:
            raise Problem(404)
        return Key("kind", name=path["kind"])
    if "site" in path:
        return Key("position", path["site"], path["position"]) if "position" in path else Key("site", path["site"])
    return FLEET


def _begun(session: Session, key: Key) -> tuple[Seen, str, int]:
    """Return a layer, how its place is called, and its zone. Raises FleetError."""
    seen = _seen(session, key)
    if not key.site:
        return seen, "", FLEET_TZ
    hall, place = fleet.site_of(session, key.site), session.get(Position, (key.site, key.name))
    return seen, f"{place.name} – {hall.name}" if place else hall.name, hall.tz


def _seen(session: Session, key: Key) -> Seen:
    found = service.layer(session, key)
    newest = session.get(Revision, (str(key), found.rev))
    copy = Layer(**found.model_dump())
    return Seen(copy, service.below(session, key), newest.note if newest else "")


PAGES = tuple(
    Page(f"{ROOT}/{path}", N_("Configuration"), _build, under=ROOT)
    for path in ("fleet", "kind/{kind}", "site/{site}", "position/{site}/{position}")
)

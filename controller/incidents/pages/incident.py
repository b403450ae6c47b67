"""One incident: what it is and what to do, who looks after it, and what was said of it."""

import asyncio

from controller.incidents import service
from controller.incidents.judging.kinds import CAUSES
from controller.incidents.pages.following import halls_of, when_changed
from controller.incidents.pages.words import DONE, KINDS
from controller.incidents.schemas import Acknowledgement, CommentCreate, IncidentWhole
from controller.ingest.alarms import now_ms
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.layout import heading
from controller.web.shell.page import Page
from controller.web.shell.times import age, exact, moment
from controller.web.shell.widgets import button, card, facts, field, link, state, tag

LONGEST = 500  # characters of a comment


class Sheet:
    """What is shown of an incident; only what has changed is drawn anew."""

    def __init__(self, frame: Frame, one: IncidentWhole, hall: str, tz: int) -> None:
        self._frame, self._one, self._tz = frame, one, tz
        _ = frame.say
        with heading(frame, _(KINDS[one.kind]), hall):
            link(_("Hall"), f"/fleet/sites/{one.site}", "button")
            if one.device:
                link(_("Device"), f"/fleet/devices/{one.device}", "button")
        with tag("div", "columns"):
            with card(_("What it is")):
                tag("p", text=one.text)
                self._facts = tag("div")
            with card(_("What was done")):
                self._history = tag("ol", "history", **{"aria-live": "polite"})
                self._say()
        self._paint()

    def _say(self) -> None:
        """Draw what the reader can do."""
        frame, _ = self._frame, self._frame.say
        if not frame.may("clerk", self._one.site):
            return
        self._words = field(_("Comment"), maxlength=str(LONGEST), hint=_("Nothing of citizens belongs here"))
        with tag("div", "actions"):
            button(_("Comment"), press=self._comment)
            if frame.may("technician", self._one.site):
                self._mine = button(_("I look after it"), "main", self._acknowledge)

    async def show(self) -> None:
        """Show it as it is now."""
        self._one = await _read(self._frame, self._one.id)
        self._paint()

    def _paint(self) -> None:
        frame, one, now = self._frame, self._one, now_ms()
        _, lang = frame.say, frame.lang
        self._facts.clear()
        with self._facts:
            state("off" if one.until else "bad" if one.urgent else "warn", _("Over") if one.until else _("Open"))
            rows = [
                (_("Since"), f"{moment(one.since, self._tz, lang, now)} · {age(one.since, lang, one.until or now)}")
            ]
            rows += [(_("Until"), exact(one.until, self._tz, lang))] if one.until else []
            rows += [(_("Position"), one.position)] if one.position else []
            rows += [(_("Device"), one.device)] if one.device else []
            rows += [(_("Detail"), one.detail)] if one.detail else []
            rows += [(_("Cause"), _(CAUSES[one.cause]))] if one.cause else []
            facts([*rows, (_("Looked after by"), one.by or _("nobody"))])
        controller = _("controller")
        self._history.clear()
        with self._history:
            for entry in one.history:
                with tag("li"):
                    tag("span", "soft", f"{moment(entry.at, self._tz, lang, now)} · {entry.who or controller}")
                    tag("b", text=_(DONE[entry.what]))
                    text = _(CAUSES[entry.text]) if entry.text in CAUSES else entry.text
                    if text:
                        tag("span", text=text)

    async def _comment(self) -> None:
        frame, one = self._frame, self._one

        def fn() -> IncidentWhole:
            body = CommentCreate(text=self._text())
            return frame.parts.incidents.comment(frame.who, one.id, body.text, frame.lang)

        await self._done(await frame.do(fn, N_("Written down"), "clerk", one.site))

    async def _acknowledge(self) -> None:
        frame, one = self._frame, self._one

        def fn() -> IncidentWhole:
            body = Acknowledgement(text=self._text() or None)
            return frame.parts.incidents.acknowledge(frame.who, one.id, body.text or "", frame.lang)

        await self._done(await frame.do(fn, N_("It is yours"), "technician", one.site))

    async def _done(self, made: IncidentWhole | None) -> None:
        if made is not None:
            self._words.value = ""
            await self.show()

    def _text(self) -> str:
        return " ".join(str(self._words.value or "").split())


async def _build(frame: Frame) -> None:
    id_ = int(frame.path["id"]) if frame.path["id"].isdecimal() and len(frame.path["id"]) < 10 else 0
    one = await _read(frame, id_)
    hall = (await asyncio.to_thread(halls_of, frame)).get(one.site)
    sheet = Sheet(frame, one, hall.name if hall else one.site, hall.tz if hall else 420)
    frame.live(when_changed(frame, sheet.show, id_))


async def _read(frame: Frame, id_: int) -> IncidentWhole:
    """Return an incident. Raises a Problem where it is not the reader's."""
    return await frame.read(lambda session: service.whole(session, service.found(session, id_, frame.who), frame.lang))


PAGE = Page("/fleet/incidents/{id}", N_("Incident"), _build, under="/fleet/incidents")

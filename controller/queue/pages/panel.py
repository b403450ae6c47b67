"""What the page of one hall shows of its queue: who waits for what, who is served where, the day in figures."""

import asyncio
from dataclasses import dataclass

from controller.queue import service
from controller.queue.schemas import DayPublic
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.page import Panel
from controller.web.shell.times import span
from controller.web.shell.widgets import Table, card, empty, facts, figure, state, tag

Json = dict[str, object]
STATES = {"called": N_("called"), "serving": N_("served"), "": N_("free")}
LINES = {"up": N_("The hall's leader is in reach"), "down": N_("The hall's leader is out of reach: this may be old")}


@dataclass
class Names:
    """What services and counters are called."""

    services: dict[str, str]
    letters: dict[str, str]
    counters: dict[str, str]

    @classmethod
    def of(cls, texts: Json) -> "Names":
        """Return those of a hall's texts."""
        services, counters = _rows(texts["services"]), _rows(texts["counters"])
        return cls(
            {str(one["id"]): str(one["name"]) for one in services},
            {str(one["id"]): str(one["letter"]) for one in services},
            {str(one["id"]): str(one["name"]) for one in counters},
        )


async def _build(frame: Frame) -> None:
    _, site, queue = frame.say, frame.path["site"], frame.parts.queue
    texts = await asyncio.to_thread(queue.halls.texts, site)
    if texts is None:
        return
    names = Names.of(texts)
    with card(_("Queue now")):
        body = tag("div", "queue")
    board = queue.boards.follow(site)
    frame.client.on_delete(lambda: queue.boards.leave(site, board))

    async def show() -> None:
        newest = queue.boards.newest(site)
        day = await frame.read(lambda session: service.day(session, site))
        body.clear()
        with body:
            _draw(frame, newest, names, day)

    async def look() -> None:
        if not board.empty() and board.get_nowait() is not None:
            await show()

    if queue.boards.newest(site) is None:
        await queue.commands.show([site])
    await show()
    frame.live(look)


def _draw(frame: Frame, board: Json | None, names: Names, day: DayPublic) -> None:
    _ = frame.say
    if board is None:
        empty(_("Nothing is known of the queue yet."), "hourglass_empty")
        return
    line = "up" if board["line"] == "up" else "down"
    state("good" if line == "up" else "warn", _(LINES[line]))
    with tag("div", "columns"):
        table = Table(_("Waiting"), (_("Service"), figure(_("Waiting")), _("State")))
        for one in _rows(board["services"]):
            id_ = str(one["id"])
            is_open = _("open") if one["open"] else _("closed")
            table.row([names.services.get(id_, id_), str(one["waiting"]), is_open])
        table = Table(_("Counters"), (_("Counter"), figure(_("Number")), _("State")))
        for one in _rows(board["counters"]):
            id_ = str(one["id"])
            table.row([names.counters.get(id_, id_), str(one["no"] or "–"), _(STATES.get(str(one["state"]), ""))])
        _day(frame, day)


def _day(frame: Frame, day: DayPublic) -> None:
    _, lang = frame.say, frame.lang
    facts(
        [
            (_("Tickets today"), str(day.issued)),
            (_("Done"), str(day.done)),
            (_("Did not come"), str(day.noshow)),
            (_("Mean wait"), span(day.wait, lang) if day.wait else "–"),
            (_("Mean service"), span(day.service, lang) if day.service else "–"),
        ]
    )


def _rows(value: object) -> list[Json]:
    assert isinstance(value, list)
    return value


PANEL = Panel("/fleet/sites/{site}", _build)

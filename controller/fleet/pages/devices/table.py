"""The table of devices: headings that sort, rows that can be chosen, and only what has changed is drawn anew."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from nicegui import ui

from controller.fleet.pages.devices.columns import Column, Row
from controller.fleet.pages.devices.reading import Shown
from controller.web.shell.frame import Frame
from controller.web.shell.widgets import Tag, empty, icon, tag


class Choice(Protocol):
    """The devices that are chosen."""

    def has(self, device: str) -> bool:
        """Whether a device is among them."""

    def put(self, device: str, chosen: bool) -> None:
        """Choose a device, or no more."""


class Rows:
    """The table. `turn` hears by which field it is to be sorted."""

    def __init__(self, frame: Frame, turn: Callable[[str], Awaitable[None]], choice: Choice | None) -> None:
        self._frame, self._turn = frame, turn
        self._choice = choice if frame.may("technician") else None
        self._drawn: dict[str, tuple[tuple[str, ...], Tag]] = {}
        self._boxes: dict[str, ui.checkbox] = {}
        self._head: object = None
        self._space = tag("div")
        self._body: Tag | None = None

    def show(self, found: Shown, columns: Sequence[Column], sort: str) -> None:
        """Show a page of devices."""
        head = [one.name for one in columns], sort
        keys = {row.device.id: self._key(row, columns, found.now) for row in found.rows}
        if head != self._head or list(keys) != list(self._drawn):
            self._head = head
            self._whole(found, columns, sort, keys)
            return
        for row in found.rows:
            before, line = self._drawn[row.device.id]
            if before != keys[row.device.id]:
                line.clear()
                with line:
                    self._cells(row, columns, found.now)
                self._drawn[row.device.id] = keys[row.device.id], line

    def choose_all(self) -> None:
        """Choose every device that is shown, or none where all are."""
        if self._choice is not None:
            all_ = all(self._choice.has(one) for one in self._drawn)
            for device, box in self._boxes.items():
                box.set_value(not all_)
                self._choice.put(device, not all_)

    def _key(self, row: Row, columns: Sequence[Column], now: int) -> tuple[str, ...]:
        return tuple(one.text(row, self._frame.lang, now) for one in columns)

    def _whole(self, found: Shown, columns: Sequence[Column], sort: str, keys: dict[str, tuple[str, ...]]) -> None:
        _ = self._frame.say
        self._space.clear()
        self._drawn, self._boxes = {}, {}
        with self._space:
            if not found.rows:
                empty(_("No device is so. Ask for less, or for something else."), "search_off")
                return
            with (
                tag("div", "scroll", role="region", tabindex="0", **{"aria-label": _("Devices")}),
                tag("table", "devices"),
            ):
                with tag("thead"), tag("tr"):
                    if self._choice is not None:
                        with tag("th", "pick", scope="col"):
                            box = ui.checkbox(value=False, on_change=self.choose_all)
                            box.props.update({"aria-label": _("Choose all that are shown"), "dense": True})
                    for one in columns:
                        self._heading(one, sort)
                with tag("tbody"):
                    for row in found.rows:
                        with tag("tr") as line:
                            self._cells(row, columns, found.now)
                        self._drawn[row.device.id] = keys[row.device.id], line

    def _heading(self, column: Column, sort: str) -> None:
        title = self._frame.say(column.title)
        way = "" if sort.lstrip("-") != column.sort else "descending" if sort.startswith("-") else "ascending"
        with tag("th", "figure" if column.figure else "", scope="col") as cell:
            if not column.sort:
                tag("span", text=title)
                return
            if way:
                cell.props["aria-sort"] = way
            with tag("button", "sort", type="button") as press:
                tag("span", text=title)
                icon({"": "unfold_more", "ascending": "arrow_upward", "descending": "arrow_downward"}[way])
            press.on("click", lambda field=column.sort: self._turn(field), [])

    def _cells(self, row: Row, columns: Sequence[Column], now: int) -> None:
        device = row.device.id
        if self._choice is not None:
            with tag("td", "pick"):
                self._boxes[device] = self._box(device, self._choice)
        for one in columns:
            with tag("td", "figure" if one.figure else ""):
                if one.draw is not None:
                    one.draw(row, self._frame.lang, now)
                else:
                    tag("span", text=one.text(row, self._frame.lang, now))

    def _box(self, device: str, choice: Choice) -> ui.checkbox:
        def changed() -> None:
            choice.put(device, bool(box.value))

        box = ui.checkbox(value=choice.has(device), on_change=changed)
        box.props.update({"aria-label": self._frame.say("Choose {device}").format(device=device), "dense": True})
        return box

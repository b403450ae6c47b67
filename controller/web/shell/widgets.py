"""Pieces that pages are made of. Words come translated; what they hold is never taken for HTML."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from nicegui import Client, ui
from nicegui.elements.mixins.text_element import TextElement

State = Literal["good", "warn", "bad", "off", "busy"]
ICONS: dict[State, str] = {
    "good": "check_circle",
    "warn": "warning",
    "bad": "error",
    "off": "remove_circle_outline",
    "busy": "pending",
}


class Tag(TextElement):
    """An HTML element with words in it, or others."""

    def __init__(self, name: str, classes: str = "", text: str = "", **attributes: str) -> None:
        super().__init__(tag=name, text=text)
        if classes:
            self.classes(classes)
        with self.props.suspend_updates():
            self.props.update(attributes)


def tag(name: str, classes: str = "", text: str = "", **attributes: str) -> Tag:
    """Draw an HTML element."""
    return Tag(name, classes, text, **attributes)


def icon(name: str) -> Tag:
    """Draw a Material Icon; it says nothing that the words beside it do not."""
    return Tag("i", "material-icons icon", name, **{"aria-hidden": "true"})


def link(text: str, target: str, classes: str = "", **attributes: str) -> Tag:
    """Draw a link to a page of ours."""
    return Tag("a", classes, text, href=target, **attributes)


def button(text: str, classes: str = "", press: Callable[[], object] | None = None, icon: str = "") -> Tag:
    """Draw a button; `press` may be a coroutine function."""
    made = Tag("button", f"button {classes}", "" if icon else text, type="button")
    if icon:
        with made:
            Tag("i", "material-icons icon", icon, **{"aria-hidden": "true"})
            if text:
                Tag("span", text=text)
    if press is not None:
        made.on("click", press, [])
    return made


def state(kind: State, text: str, classes: str = "") -> Tag:
    """Draw a state: by colour, by shape and by word."""
    made = Tag("span", f"state {kind} {classes}")
    with made:
        icon(ICONS[kind])
        Tag("span", text=text)
    return made


def card(title: str = "", classes: str = "") -> Tag:
    """Draw a card, with a heading where it has one."""
    made = Tag("section", f"card {classes}")
    if title:
        with made:
            Tag("h2", text=title)
    return made


def empty(text: str, symbol: str = "check_circle") -> Tag:
    """Draw that there is nothing, and what to do about it."""
    made = Tag("div", "empty")
    with made:
        icon(symbol)
        Tag("p", text=text)
    return made


def facts(rows: Sequence[tuple[str, str]]) -> Tag:
    """Draw names and values."""
    made = Tag("dl", "facts")
    with made:
        for name, value in rows:
            Tag("dt", text=name)
            Tag("dd", text=value)
    return made


class Figure(str):
    """The name of a column of figures."""

    __slots__ = ()


def figure(name: str) -> Figure:
    """Return the name of a column whose cells are figures, with their units."""
    return Figure(name)


class Table:
    """A table with a head; rows are drawn into it, and drawn anew. On a phone it scrolls by itself.

    Args:
        label: what it is a table of.
        columns: their names; one that `figure` has made is aligned to the right.
    """

    def __init__(self, label: str, columns: Sequence[str]) -> None:
        self._numeric = [isinstance(name, Figure) for name in columns]
        with Tag("div", "scroll", role="region", tabindex="0", **{"aria-label": label}), Tag("table"):
            with Tag("thead"), Tag("tr"):
                for name, numeric in zip(columns, self._numeric, strict=True):
                    Tag("th", "figure" if numeric else "", str(name), scope="col")
            self.body = Tag("tbody")

    def row(self, cells: Sequence[str | Callable[[], object]], classes: str = "") -> Tag:
        """Draw a row; a cell is its words, or what draws it."""
        with self.body:
            made = Tag("tr", classes)
        self.fill(made, cells)
        return made

    def fill(self, row: Tag, cells: Sequence[str | Callable[[], object]]) -> None:
        """Draw a row that is there anew."""
        row.clear()
        with row:
            for cell, numeric in zip(cells, self._numeric, strict=True):
                if isinstance(cell, str):
                    Tag("td", "figure" if numeric else "", cell)
                else:
                    with Tag("td", "figure" if numeric else ""):
                        cell()

    def clear(self) -> None:
        """Take all rows away."""
        self.body.clear()


def field(label: str, value: str = "", kind: str = "text", **attributes: str) -> ui.input:
    """Draw a field of one line with its label."""
    made = (
        ui.input(label, value=value, password=kind == "password").props("outlined dense stack-label").classes("field")
    )
    made.props.update(attributes)
    return made


def choice(label: str, options: dict[str, str], value: str) -> ui.select:
    """Draw a choice of one among some."""
    return ui.select(options, label=label, value=value).props("outlined dense options-dense").classes("field")


def confirm(client: Client, title: str, text: str, action: str, cancel: str, act: Callable[[], object]) -> None:
    """Ask once more before something that cannot be undone; `act` may be a coroutine function."""
    with client, ui.dialog() as dialog, card(title):
        Tag("p", text=text)

        async def go() -> None:
            dialog.close()
            done = act()
            if isinstance(done, Awaitable):
                await done

        with Tag("div", "actions"):
            button(action, "main bad", go)
            button(cancel, press=dialog.close)
    dialog.open()

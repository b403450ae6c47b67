"""The list of devices: filtered, sorted and paged by the server, kept in views, changed many at a time."""

from urllib.parse import urlencode

from nicegui import ui

from controller.fleet.inventory.listing import Wanted
from controller.fleet.pages.devices.changes import Changes
from controller.fleet.pages.devices.columns import BY_NAME, COLUMNS, SHOWN
from controller.fleet.pages.devices.keeping import Keeping
from controller.fleet.pages.devices.reading import read
from controller.fleet.pages.devices.search import Search
from controller.fleet.pages.devices.table import Rows
from controller.fleet.search.parse import FilterError
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.layout import heading
from controller.web.shell.page import Page
from controller.web.shell.widgets import button, card, link, tag

PAGE_ROWS = 50
LOOK_S = 5.0  # how often what is shown is read again
HERE = "/fleet/devices"


class Board:
    """The list as one reader has it: what is asked for, what is shown, what is chosen."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        _ = frame.say
        self._sort, self._offset, self._total = frame.query.get("sort", ""), 0, 0
        asked = [one for one in frame.query.get("columns", "").split(",") if one in BY_NAME]
        self._columns = tuple(asked) or SHOWN
        with heading(frame):
            self._keeping = Keeping(frame, self._kept, self._take)
            with button(_("Columns"), icon="view_column"), ui.menu():
                self._boxes = {
                    one.name: ui.checkbox(_(one.title), value=one.name in self._columns, on_change=self._choose)
                    for one in COLUMNS
                }
            self._files = {kind: link(kind.upper(), "", "button", download="") for kind in ("csv", "xlsx")}
            for kind, one in self._files.items():
                one.props["aria-label"] = _("Download as {kind}").format(kind=kind.upper())
        with card():
            self._search = Search(frame, frame.query.get("filter", "").strip(), self._anew)
        with card("", "list"):
            self._changes = Changes(frame, lambda: self._search.text, self.show)
            self._rows = Rows(frame, self._turn, self._changes)
            with tag("div", "pager"):
                self._before = button(_("Before"), press=lambda: self._page(-1))
                self._where = tag("span", "soft", **{"aria-live": "polite"})
                self._after = button(_("After"), press=lambda: self._page(1))

    async def show(self) -> None:
        """Read and show what is asked for now."""
        wanted = Wanted(self._search.text, self._sort, self._offset, PAGE_ROWS)
        who = self._frame.who
        try:
            found = await self._frame.read(lambda session: read(session, who, wanted))
        except FilterError as error:
            self._search.refuse(error, self._search.text)
            return
        if not found.rows and self._offset:
            self._offset = 0
            await self.show()
            return
        self._total = found.total
        self._rows.show(found, [BY_NAME[one] for one in self._columns], self._sort)
        self._changes.matching(found.total)
        self._pager(len(found.rows))

    def _pager(self, shown: int) -> None:
        _ = self._frame.say
        text = _("{first} to {last} of {total}").format(
            first=self._offset + 1 if shown else 0, last=self._offset + shown, total=self._total
        )
        if self._where.text != text:
            self._where.set_text(text)
        for one, off in ((self._before, self._offset == 0), (self._after, self._offset + shown >= self._total)):
            if one.props.get("disabled") != off:
                one.props["disabled"] = off
                one.update()

    async def _anew(self) -> None:
        """Something else is asked for: from its beginning, with nothing chosen, and an address that says so."""
        self._offset = 0
        self._changes.forget()
        self._address()
        await self.show()

    def _address(self) -> None:
        asked = {"filter": self._search.text, "sort": self._sort}
        asked = {name: value for name, value in asked.items() if value}
        for kind, one in self._files.items():
            one.props["href"] = (
                f"/api/v1/devices/export?{urlencode({**asked, 'format': kind, 'lang': self._frame.lang})}"
            )
            one.update()
        if self._columns != SHOWN:
            asked["columns"] = ",".join(self._columns)
        ui.navigate.history.replace(HERE + (f"?{urlencode(asked)}" if asked else ""))

    async def _turn(self, field: str) -> None:
        """Sort by a field; a second time the other way, a third time not at all."""
        self._sort = {field: f"-{field}", f"-{field}": ""}.get(self._sort, field)
        await self._anew()

    async def _page(self, step: int) -> None:
        self._offset = max(0, self._offset + step * PAGE_ROWS)
        await self.show()

    async def _choose(self) -> None:
        self._columns = tuple(one.name for one in COLUMNS if self._boxes[one.name].value) or SHOWN
        self._address()
        await self.show()

    def _kept(self) -> tuple[str, str, list[str]]:
        """Return what a view would keep."""
        return self._search.text, self._sort, list(self._columns)

    async def _take(self, filter_: str, sort: str, columns: list[str]) -> None:
        """Show what a view has kept."""
        self._sort = sort
        self._columns = tuple(one for one in columns if one in BY_NAME) or SHOWN
        for name, box in self._boxes.items():
            box.set_value(name in self._columns)
        self._search.text = filter_
        self._search.put(filter_)
        await self._anew()

    def begin(self) -> None:
        """The page is drawn: have its addresses right."""
        self._address()


async def _build(frame: Frame) -> None:
    board = Board(frame)
    await board.show()
    board.begin()
    frame.live(board.show, LOOK_S)


PAGE = Page(HERE, N_("Devices"), _build, icon="memory")

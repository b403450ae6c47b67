"""The box in which devices are searched: what is typed, what is wrong with it, and what can be asked."""

from collections.abc import Awaitable, Callable
from functools import partial

from controller.fleet.pages.devices.words import LOW_HEAP, MUCH, WEAK_DBM
from controller.fleet.search.fields import FIELDS, Field, Kind
from controller.fleet.search.parse import FilterError, parse
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.widgets import button, field, tag

QUICK = (  # what is asked most, one press away
    (N_("All"), ""),
    (N_("Out of reach"), "status:in_use online:no"),
    (N_("Weak Wi-Fi"), f"rssi<{WEAK_DBM}"),
    (N_("Short of memory"), f"heap<{LOW_HEAP}"),
    (N_("Events wait"), f"backlog>{MUCH}"),
    (N_("Shows a code"), '-code:""'),
    (N_("Spares"), "status:spare"),
)
EXAMPLES = (
    ("role:kiosk,display online:no", N_("kiosks and displays that are away")),
    ("site:genteng* (rssi<-75 or backlog>100)", N_("in sites that begin so, with weak Wi-Fi or much that waits")),
    ("fw<1.2 -tag:pinjam", N_("older than 1.2.0, and without the tag pinjam")),
    ("seen>2h uptime<10m", N_("not heard of for two hours; runs for less than ten minutes")),
    ('"loket 1"', N_("a text in names and ids, with its space")),
)


class Search:
    """The box. `text` is the last that could be understood; `changed` hears of another one."""

    def __init__(self, frame: Frame, text: str, changed: Callable[[], Awaitable[None]]) -> None:
        self._frame, self._changed = frame, changed
        self.text = text
        _ = frame.say
        with tag("div", "search"):
            self._box = field(_("Filter"), text, placeholder="role:kiosk online:no", autocomplete="off")
            self._box.props.update({"debounce": "400", "clearable": True, "spellcheck": "false"})
            self._box.classes("mono grow")
            self._help = button(_("What can be asked?"), press=self._toggle, icon="help_outline")
            self._help.props["aria-expanded"] = "false"
        self._wrong = tag("p", "wrong", role="alert")
        with tag("div", "quick", role="group", **{"aria-label": _("Often asked")}):
            for title, filter_ in QUICK:
                button(_(title), "small", partial(self.put, filter_))
        self._table = tag("div", "filterhelp")
        self._box.on_value_change(self._typed)

    def put(self, text: str) -> None:
        """Write a filter into the box, as if it were typed."""
        self._box.set_value(text)

    async def _typed(self) -> None:
        text = str(self._box.value or "").strip()
        self._wrong.clear()
        try:
            parse(text)
        except FilterError as error:
            self.refuse(error, text)
            return
        if text != self.text:
            self.text = text
            await self._changed()

    def refuse(self, error: FilterError, text: str) -> None:
        """Say what is wrong, and show where."""
        self._wrong.clear()
        with self._wrong:
            with tag("span", "mono"):
                tag("span", text=text[: error.at])
                tag("mark", text=text[error.at : error.at + error.length] or " ")
                tag("span", text=text[error.at + error.length :])
            tag("span", text=error.said(self._frame.lang))

    def _toggle(self) -> None:
        """Show or hide what can be asked; it is drawn when it is first wanted."""
        shown = self._help.props["aria-expanded"] == "true"
        self._help.props["aria-expanded"] = "false" if shown else "true"
        self._help.update()
        self._table.clear()
        if shown:
            return
        _ = self._frame.say
        with self._table, tag("div", "columns"):
            with tag("div"):
                tag("h3", text=_("Fields"))
                with tag("dl", "facts dense"):
                    for one in FIELDS.values():
                        tag("dt", "mono", f"{one.name}{'<' if one.kind is Kind.AGE else ':'}")
                        tag("dd", text=f"{_(one.text)}{self._values(one)}")
            with tag("div"):
                tag("h3", text=_("Examples"))
                with tag("dl", "facts dense wide"):
                    for example, meaning in EXAMPLES:
                        with tag("dt"):
                            button(example, "small mono", partial(self.put, example))
                        tag("dd", text=_(meaning))
                tag(
                    "p",
                    "soft",
                    _(
                        "Words one after another must all fit; or, parentheses, and - for what must not fit. "
                        "Several values go with commas. Times: s, m, h, d, w."
                    ),
                )

    def _values(self, one: Field) -> str:
        return f" ({', '.join(one.allowed)})" if one.allowed else ""

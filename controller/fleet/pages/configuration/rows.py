"""The lists of a layer, services and counters, as rows that are written in, moved, added and taken away."""

from collections.abc import Callable
from functools import partial

from nicegui import ui

from controller.fleet.configuration.layers import Json
from controller.fleet.pages.configuration.draft import Draft, number
from controller.fleet.pages.configuration.words import FIELDS, item
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.widgets import Tag, button, field, tag

Entry = ui.input | ui.select
MOST = {"services": 8, "counters": 16}
WIDTHS = {"id": "32", "letter": "2", "name": "48", "need": "96", "mins": "4"}
TEXTS = {"services": ("letter", "name", "id", "mins", "need"), "counters": ("name", "id")}
ADD = {"services": N_("Add a service"), "counters": N_("Add a counter")}


class Rows:
    """One list.

    Args:
        fields: is told of each field, by its JSON pointer.
        wrong: is told of each item's line for what is wrong with it, by its JSON pointer.
        anew: draws the list again.
        changed: hears that something was written.
    """

    def __init__(
        self,
        frame: Frame,
        draft: Draft,
        name: str,
        fields: dict[str, Entry],
        wrong: dict[str, Tag],
        anew: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self._frame, self._draft, self._name = frame, draft, name
        self._fields, self._wrong, self._anew, self._changed = fields, wrong, anew, changed
        items = draft.items(name)
        with tag("ol", "items"):
            for at, one in enumerate(items):
                self._row(at, one, len(items))
        more = button(frame.say(ADD[name]), "small", self._add, "add")
        more.props["disabled"] = len(items) >= MOST[name]

    def _row(self, at: int, one: Json, count: int) -> None:
        _ = self._frame.say
        with tag("li", f"item {self._name}", role="group", **{"aria-label": item(one)}):
            for part in TEXTS[self._name]:
                self._text(at, one, part)
            if self._name == "counters":
                self._serves(at, one)
            with tag("div", "moves"):
                self._move(_("Up"), "arrow_upward", partial(self._swap, at, at - 1), at == 0)
                self._move(_("Down"), "arrow_downward", partial(self._swap, at, at + 1), at == count - 1)
                self._move(_("Take away"), "delete_outline", partial(self._drop, at), off=False)
            self._wrong[f"/{self._name}/{at}"] = tag("p", "wrong", role="alert")

    def _text(self, at: int, one: Json, part: str) -> None:
        now = one.get(part, "")
        made = field(self._frame.say(FIELDS[part]), str(now), maxlength=WIDTHS[part], autocomplete="off")
        made.classes(part)
        if part == "mins":
            made.props["inputmode"] = "numeric"

        def typed() -> None:
            text = str(made.value or "")
            one[part] = number(text) if part == "mins" else text
            self._changed()

        made.on_value_change(typed)
        self._fields[f"/{self._name}/{at}/{part}"] = made.without_auto_validation()  # what is wrong the draft says

    def _serves(self, at: int, one: Json) -> None:
        """What a counter serves: some services, or none for all."""
        _ = self._frame.say
        serves = one.get("services", [])
        chosen = [str(id_) for id_ in serves] if isinstance(serves, list) else []
        offered = {str(service.get("id", "")): item(service) for service in self._draft.items("services")}
        title = FIELDS["services"]
        options = {**{id_: id_ for id_ in chosen}, **offered}
        made = ui.select(options, label=_(title), value=chosen, multiple=True)
        made.props("outlined dense options-dense stack-label").classes("field serves")
        made.props["display-value"] = ", ".join(chosen) or _("all of them")

        def picked() -> None:
            one["services"] = [id_ for id_ in options if id_ in (made.value or [])]
            made.props["display-value"] = ", ".join(made.value or []) or _("all of them")
            self._changed()

        made.on_value_change(picked)
        self._fields[f"/counters/{at}/services"] = made.without_auto_validation()

    def _move(self, label: str, symbol: str, press: Callable[[], object], off: bool) -> Tag:
        made = button("", "small plainly", press, symbol)
        made.props.update({"aria-label": label, "title": label, "disabled": off})
        return made

    def _add(self) -> None:
        items = self._draft.items(self._name)
        if self._name == "services":
            taken = [one.get("letter") for one in items]
            letter = next((one for one in map(chr, range(ord("A"), ord("Z") + 1)) if one not in taken), "")
            new: Json = {"id": "", "letter": letter, "name": "", "need": "", "mins": 10}
        else:
            taken = [one.get("id") for one in items]
            id_ = next(str(one) for one in range(1, len(taken) + 2) if str(one) not in taken)
            new = {"id": id_, "name": "", "services": []}
        self._draft.patch[self._name] = [*items, new]
        self._anew(self._name)

    def _swap(self, one: int, other: int) -> None:
        items = self._draft.items(self._name)
        items[one], items[other] = items[other], items[one]
        self._draft.patch[self._name] = items
        self._anew(self._name)

    def _drop(self, at: int) -> None:
        items = self._draft.items(self._name)
        self._draft.patch[self._name] = items[:at] + items[at + 1 :]
        self._anew(self._name)

"""Where a layer is written: in a form, or as JSON. Both write the same draft."""

import json
from collections.abc import Callable
from functools import partial

from nicegui import ui

from controller.fleet.pages.configuration.draft import Draft
from controller.fleet.pages.configuration.form import Form
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.widgets import Tag, button, tag

LONGEST = 20_000  # characters
VIEWS = {"form": N_("Form"), "text": N_("JSON")}


class Writing:
    """Form and text. `dirty`: something is written that is not saved; `wrong`: it cannot be saved so."""

    def __init__(self, frame: Frame, draft: Draft, may: bool, changed: Callable[[], None]) -> None:
        self._frame, self._draft, self._may, self._told = frame, draft, may, changed
        self._view, self._unread = "form", ""
        self._views: dict[str, Tag] = {}
        self._form: Form | None = None
        self._text: ui.textarea | None = None
        with tag("div", "toggle", role="group", **{"aria-label": frame.say("How it is shown")}):
            for view, name in VIEWS.items():
                self._views[view] = button(frame.say(name), "small", partial(self._turn, view))
        self._space = tag("div", "stack")
        self.show()

    @property
    def dirty(self) -> bool:
        """Whether something is written that was not seen so."""
        return self._draft.dirty or bool(self._unread)

    @property
    def wrong(self) -> bool:
        """Whether it cannot be saved as it is."""
        return bool(self._unread) or bool(self._draft.problems(self._frame.say))

    def show(self) -> None:
        """Draw the draft as it is now."""
        self._unread = ""
        self._space.clear()
        for view, one in self._views.items():
            one.props["aria-pressed"] = "true" if view == self._view else "false"
            one.update()
        with self._space:
            if self._view == "form":
                self._form = Form(self._frame, self._draft, self._may, self._told)
            else:
                self._json()

    def refresh(self) -> None:
        """A layer below is another: draw again what shows it."""
        if self._view == "form":
            self.show()

    def keeps(self) -> bool:
        """Whether it holds a text that nobody could read, which would be lost if it were drawn anew; that is said."""
        if self._unread:
            self._frame.refuse(self._unread)
        return bool(self._unread)

    def _turn(self, view: str) -> None:
        if self.keeps():
            return
        if view == "form" and not self._draft.shaped():
            self._frame.refuse(N_("A form cannot show this: mend the text first"))
            return
        self._view = view
        self.show()

    def _json(self) -> None:
        _, text = self._frame.say, json.dumps(self._draft.patch, ensure_ascii=False, indent=2)
        tag("p", "soft", _("A JSON merge patch: what it does not name is inherited, null is as the part was made."))
        if not self._may:
            tag("pre", text=text)
            return
        made = ui.textarea(_("The layer as JSON"), value=text).props("outlined autogrow stack-label").classes("mono")
        made.props.update({"spellcheck": "false", "debounce": "300", "maxlength": str(LONGEST)})
        wrong = tag("ul", "wrong", role="alert")

        def typed() -> None:
            self._read(str(made.value or ""))
            wrong.clear()
            problems = {"": self._unread} if self._unread else self._draft.problems(_)
            with wrong:
                for pointer, said in problems.items():
                    tag("li", text=f"{pointer}: {said}" if pointer else said)
            self._told()

        made.on_value_change(typed)

    def _read(self, text: str) -> None:
        """Take what is typed into the draft, where it can be read."""
        _ = self._frame.say
        self._unread = ""
        try:
            found = json.loads(text, parse_constant=_no_constant)
        except json.JSONDecodeError as error:
            said = _("This is no JSON: line {line}, column {column}")
            self._unread = said.format(line=error.lineno, column=error.colno)
        except (ValueError, RecursionError):
            self._unread = _("This is no JSON")
        else:
            if isinstance(found, dict):
                self._draft.patch = found
            else:
                self._unread = _("A layer is an object: { … }")


def _no_constant(name: str) -> object:
    raise ValueError(name)

"""The form of a layer: each value, from which layer it comes, and whether it is said here."""

from collections.abc import Callable
from functools import partial

from controller.fleet.configuration.layers import MISSING
from controller.fleet.pages.configuration.draft import LISTS, Draft, can_be_as_made, number
from controller.fleet.pages.configuration.rows import Entry, Rows
from controller.fleet.pages.configuration.words import FIELDS, LANGS, NAMES, PAPERS, item, origin, value
from controller.web.i18n import N_
from controller.web.shell.frame import Frame
from controller.web.shell.widgets import Tag, choice, field, tag

LIMITS = {"share": "2–100", "brightness": "0–7", "volume": "0–30", "shown": "1–30 s"}
HERE, BELOW, NONE = "here", "below", "none"
WAYS = {BELOW: N_("Inherit"), HERE: N_("Set it here"), NONE: N_("As the part was made")}


class Form:
    """The form. `may`: whether its reader may write; `changed` hears that the draft is another."""

    def __init__(self, frame: Frame, draft: Draft, may: bool, changed: Callable[[], None]) -> None:
        self._frame, self._draft, self._may, self._changed = frame, draft, may, changed
        self._settings: dict[str, Tag] = {}
        self._fields: dict[str, Entry] = {}
        self._wrong: dict[str, Tag] = {}
        with tag("div", "settings"):
            for name in draft.names:
                self._settings[name] = tag("div", "setting", role="group", **{"aria-label": frame.say(NAMES[name][0])})
                self._paint(name)
        self.mark()

    def mark(self) -> None:
        """Show what is wrong, where it is; what has no field of its own, at its value."""
        found = self._draft.problems(self._frame.say)
        for pointer, one in self._fields.items():
            one.error = found.get(pointer)
        unsaid = {at: text for at, text in found.items() if at not in self._fields or at.count("/") > 1}
        for pointer in sorted(self._wrong, key=len, reverse=True):  # an item says it before its list does
            theirs = [at for at in unsaid if at == pointer or at.startswith(f"{pointer}/")]
            text = ". ".join(self._said(pointer, at, unsaid.pop(at)) for at in theirs)
            if self._wrong[pointer].text != text:
                self._wrong[pointer].set_text(text)

    def _said(self, pointer: str, at: str, text: str) -> str:
        """Return what is wrong, with the name of the field where it is one of several."""
        part = at.removeprefix(pointer).strip("/")
        return f"{self._frame.say(FIELDS[part])}: {text}" if part in FIELDS else text

    def _paint(self, name: str) -> None:
        """Draw one value anew."""
        space = self._settings[name]
        for drawn in (self._fields, self._wrong):
            for pointer in [at for at in drawn if at == f"/{name}" or at.startswith(f"/{name}/")]:
                drawn.pop(pointer)
        space.clear()
        is_here = name in self._draft.patch
        space.classes(add="here" if is_here else "", remove="" if is_here else "here")
        with space:
            with tag("div", "name"):
                tag("b", text=self._frame.say(NAMES[name][0]))
                tag("span", "soft", self._frame.say(NAMES[name][1]))
            if self._may:
                self._way(name)
            with tag("div", "value"):
                self._value(name)
                self._wrong[f"/{name}"] = tag("p", "wrong", role="alert")

    def _way(self, name: str) -> None:
        _ = self._frame.say
        ways = {way: _(text) for way, text in WAYS.items() if way != NONE or can_be_as_made(name)}
        now = BELOW if name not in self._draft.patch else NONE if self._draft.patch[name] is None else HERE
        made = choice(_("Value"), ways, now).classes("way")
        made.on_value_change(lambda event: self._turn(name, str(event.value)))

    def _turn(self, name: str, way: str) -> None:
        """Say a value here, or no more."""
        if way == BELOW:
            self._draft.patch.pop(name, None)
        elif way == NONE:
            self._draft.patch[name] = None
        else:
            self._draft.begin(name)
        self._paint(name)
        self._other(name)

    def _value(self, name: str) -> None:
        _, draft = self._frame.say, self._draft
        lower = draft.inherited(name)
        without = value(name, lower.value, _) if lower.value is not MISSING else _("as the part was made")
        if name not in draft.patch:
            self._plain(name, lower.value)
            source = origin(lower.origin, _) if lower.value is not MISSING else _("said by no layer")
            tag("span", "soft from", _("from: {layer}").format(layer=source))
            return
        if not self._may or draft.patch[name] is None:
            self._plain(name, draft.patch[name])
        elif name in LISTS:
            Rows(self._frame, draft, name, self._fields, self._wrong, self._anew, partial(self._other, name))
        else:
            self._field(name)
        text = _("from: this layer; without it {value}")
        if name in LISTS:
            text = _("from: this layer")
        tag("span", "soft from", text.format(value=without))

    def _plain(self, name: str, shown: object) -> None:
        """Show a value that is not written here."""
        _ = self._frame.say
        if isinstance(shown, list) and shown:
            with tag("ul", "plain"):
                for one in shown:
                    tag("li", text=item(one))
        else:
            tag("span", "shown", value(name, shown, _) if shown is not MISSING else _("as the part was made"))

    def _field(self, name: str) -> None:
        _, now = self._frame.say, self._draft.patch[name]
        label = _(NAMES[name][0])
        made: Entry
        if name == "lang":
            made = choice(label, LANGS, str(now) if now in LANGS else "id")
            made.on_value_change(lambda event: self._put(name, event.value))
        elif name == "paper":
            made = choice(label, {key: _(text) for key, text in PAPERS.items()}, str(now) if now in (0, 1) else "1")
            made.on_value_change(lambda event: self._put(name, int(event.value)))
        else:
            made = field(label, str(now), hint=LIMITS[name], inputmode="numeric", autocomplete="off")
            made.on_value_change(lambda event: self._put(name, number(event.value)))
        self._fields[f"/{name}"] = made.without_auto_validation()  # what is wrong the draft says

    def _put(self, name: str, typed: object) -> None:
        self._draft.patch[name] = typed
        self._other(name)

    def _anew(self, name: str) -> None:
        """A list has another item, or one less: draw it anew."""
        self._paint(name)
        self._other(name)

    def _other(self, name: str) -> None:
        if name == "services" and "counters" in self._draft.patch:
            self._paint("counters")  # what they may serve
        self.mark()
        self._changed()

"""The frame around every staff page: header, navigation, what says that a page is over."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nicegui import ui

from controller.web.i18n import N_
from controller.web.shell.widgets import button, icon, link, tag

if TYPE_CHECKING:
    from controller.web.shell.frame import Frame

THEME = "balai_theme"  # the cookie that remembers dark or light, where somebody has chosen
LANGUAGES = {"id": "Bahasa Indonesia", "en": "English"}
ROLES = {"viewer": N_("Viewer"), "clerk": N_("Clerk"), "technician": N_("Technician"), "admin": N_("Admin")}


@contextmanager
def drawn(frame: "Frame") -> Iterator[None]:
    """Draw the frame; what is drawn within stands in the page's main part."""
    _ = frame.say
    frame.client.title = f"{_(frame.page.title)} – Balai"
    with tag("div", "shell"):
        link(_("Skip to the content"), "#main", "skip")
        _header(frame)
        with tag("div", "body"):
            _navigation(frame)
            with tag("main", "main", id="main", tabindex="-1"):
                yield


def _header(frame: "Frame") -> None:
    _ = frame.say
    with tag("header", "top"):
        menu = button("", "menu", icon="menu")
        menu.props.update({"id": "menu", "aria-label": _("Menu"), "aria-controls": "nav", "aria-expanded": "false"})
        with link("", "/fleet", "mark"):
            tag("img", src="/www/icon.svg", alt="", width="28", height="28")
            tag("span", text="Balai")
        tag("span", "grow")
        with tag("span", "langs", role="group", **{"aria-label": _("Language")}):
            for lang, name in LANGUAGES.items():
                one = link(lang.upper(), f"?lang={lang}", "lang", lang=lang, hreflang=lang, title=name)
                one.props["aria-label"] = name
                if lang == frame.lang:
                    one.props["aria-current"] = "true"
        theme = button("", "theme", icon="contrast")
        theme.props.update({"id": "theme", "aria-label": _("Dark or light"), "title": _("Dark or light")})
        with link("", "/account", "me", title=_("My account")):
            icon("account_circle")
            tag("span", "name", frame.who.name)
            tag("span", "soft role", _(ROLES[frame.who.role]))
        out = button("", "signout", icon="logout")
        out.props.update({"id": "signout", "aria-label": _("Sign out"), "title": _("Sign out")})


def _navigation(frame: "Frame") -> None:
    _ = frame.say
    here = frame.page.under or frame.page.path
    with tag("nav", "nav", id="nav", **{"aria-label": _("Pages")}), tag("ul"):
        for page in sorted(frame.pages, key=lambda one: one.rank):
            if not page.icon or not page.for_(frame.who):
                continue
            with tag("li"), link("", page.path, "entry") as entry:
                if page.path == here:
                    entry.props["aria-current"] = "page"
                icon(page.icon)
                tag("span", text=_(page.title))
        with tag("li", "apart"), link("", "/", "entry"):
            icon("storefront")
            tag("span", text=_("Halls: console and board"))


def over(text: str, action: str, target: str) -> None:
    """Draw what stands in place of a page whose reader may not look at it any more."""
    with tag("main", "over", role="alert"), tag("div", "card"):
        tag("h1", text=text)
        link(action, target, "button main")


def heading(frame: "Frame", text: str = "", soft: str = "") -> ui.element:
    """Draw the page's heading and return the row beside it, for what can be done here."""
    with tag("div", "heading"):
        with tag("div"):
            tag("h1", text=text or frame.say(frame.page.title))
            if soft:
                tag("p", "soft", soft)
        return tag("div", "actions")

"""Pages made of a template."""

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, select_autoescape

from controller.web.i18n import language, translations
from controller.web.problems import TITLES

_templates = Environment(
    loader=PackageLoader("controller.web"), autoescape=select_autoescape(default=True), extensions=["jinja2.ext.i18n"]
)


def wrong(request: Request, status: int) -> HTMLResponse:
    """Return the page that stands in place of one that cannot be opened."""
    return render(request, "wrong.html", status, title=TITLES[status])


def render(request: Request, name: str, status: int = 200, **values: object) -> HTMLResponse:
    """Return a page made of a template, in the language that is asked for."""
    lang = language(request)
    template = _templates.overlay()
    template.install_gettext_translations(translations(lang), newstyle=True)  # type: ignore[attr-defined]
    return HTMLResponse(
        template.get_template(name).render(lang=lang, **values),
        status,
        headers={"Cache-Control": "no-store", "Content-Language": lang},
    )

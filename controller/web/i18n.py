"""Words for people: Indonesian first, English second, from one catalogue (gettext).

English stands in the code; `locale/id/LC_MESSAGES/balai.po` holds the Indonesian. After a change of either `make words`
brings template and catalogue up to date; what is new waits there for its translation.
"""

import importlib.resources
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from starlette.requests import HTTPConnection

DOMAIN = "balai"
LANGUAGES = ("id", "en")  # the first where nothing is asked for
COOKIE = "balai_lang"  # set by the pages' own script
LOCALE = Path(str(importlib.resources.files("controller.web"))) / "locale"


def language(request: HTTPConnection) -> str:
    """Return the language a request asks for: `?lang=`, else what this browser remembers, else Accept-Language, else
    Indonesian."""
    asked, chosen = request.query_params.get("lang", ""), request.cookies.get(COOKIE, "")
    accepted = [
        part.split(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(",")
    ]
    return next((lang for lang in (asked, chosen, *accepted) if lang in LANGUAGES), LANGUAGES[0])


def translate(text: str, lang: str) -> str:
    """Return the English `text` in `lang`; itself where the catalogue does not have it."""
    return text if not text else translations(lang).gettext(text)


def N_(text: str) -> str:  # noqa: N802 - gettext's name for it
    """Return `text`, marked for the catalogue; it is translated where it is used."""
    return text


@cache
def translations(lang: str) -> NullTranslations:
    """Return the catalogue of a language, compiled when it is first needed: no compiled file can be out of date."""
    if lang == "en":
        return NullTranslations()
    with (LOCALE / lang / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
        messages = read_po(file, lang, DOMAIN)
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled, DOMAIN)

"""Words for people: whatever the controller can say it can say in Indonesian."""

import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from controller.web.i18n import LANGUAGES, LOCALE, language, translate, translations
from controller.web.problems import TITLES

ROOT = Path(__file__).resolve().parents[3]
KEYWORDS = (
    "Problem:2",
    "AccountError",
    "FleetError",
    "TokenError",
    "BundleError",
    "PlanError",
    "N_",
    "say",
)  # as in the Makefile


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> set[str]:
    """All that stands in the code to be translated."""
    template = tmp_path_factory.mktemp("words") / "balai.pot"
    keywords = [word for one in KEYWORDS for word in ("-k", one)]
    extract = ["-q", "extract", "-F", "controller/web/babel.cfg", *keywords, "-o", str(template), "."]
    run = [sys.executable, "-c", "from babel.messages.frontend import main; main()", *extract]
    subprocess.run(run, cwd=ROOT, check=True)
    with template.open("rb") as file:
        return {str(one.id) for one in read_po(file) if one.id}


def test_the_catalogue_has_everything_that_is_said(said):
    with (LOCALE / "id" / "LC_MESSAGES" / "balai.po").open("rb") as file:
        known = {str(one.id): one for one in read_po(file, "id") if one.id}
    missing = sorted(text for text in said if text not in known or not known[text].string)
    assert missing == [], "run `make words`, then translate them in controller/web/locale/id/LC_MESSAGES/balai.po"
    assert [text for text, one in known.items() if one.fuzzy] == []
    assert sorted(set(known) - said) == [], "the catalogue has what nobody says any more: run `make words`"


def test_every_title_is_in_the_catalogue(said):
    assert set(TITLES.values()) <= said
    for text in TITLES.values():
        assert translate(text, "id") != text
        assert translate(text, "en") == text


def test_what_the_catalogue_does_not_have_stays_as_it_is():
    assert translate("body.name: String should match", "id") == "body.name: String should match"
    assert translate("", "id") == "", "the catalogue's head is no translation of nothing"
    assert translations("id") is translations("id")


@given(st.text(st.characters(max_codepoint=255), max_size=40), st.text(max_size=10))
def test_a_language_is_always_found(header, asked):
    query = asked.encode("utf-8", "replace").hex()
    scope = {
        "type": "http",
        "query_string": ("lang=" + "".join(f"%{query[at : at + 2]}" for at in range(0, len(query), 2))).encode(),
        "headers": [(b"accept-language", header.encode("latin-1"))],
    }
    assert language(Request(scope)) in LANGUAGES

"""The pages' words against the contract: what can be refused has a sentence in either language."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.firmware.www.conftest import source

LANGUAGES = ("id", "en")
SCRIPTS = ("board.js", "console.js", "desk.js")
CONTRACT = Path(__file__).parents[3] / "docs" / "contract.md"

Tables = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    """A page with nothing but the scripts within reach."""
    one = chromium.new_page()

    def script(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        route.fulfill(body=source(name) if name else "", content_type="text/javascript" if name else "text/html")

    one.route("http://pages/**", script)
    one.goto("http://pages/")
    yield one
    one.close()


@pytest.fixture(scope="module")
def tables(page: Page) -> Tables:
    return page.evaluate("import('/words.js').then((words) => words.WORDS)")


def reasons() -> list[str]:
    """Return the reasons of a refusal that the contract names."""
    found = re.search(r"`reason` is a machine word:(.*?)\.\n", CONTRACT.read_text(), re.DOTALL)
    assert found
    return re.findall(r"`(\w+)`", found[1])


@pytest.mark.browser
def test_every_reason_of_the_contract_has_its_own_sentence_in_both_languages(page: Page, tables: Tables):
    assert len(reasons()) >= 14
    for lang in LANGUAGES:
        told = page.evaluate(
            "([lang, all]) => import('/words.js').then((of) => all.map((one) => of.refusal(of.words(lang), one)))",
            [lang, reasons()],
        )
        assert len(set(told)) == len(told)
        unsaid = [reason for reason, text in zip(reasons(), told, strict=True) if text.endswith(reason)]
        assert not unsaid, f"no word of {lang} for {unsaid}"
        known = {name.removeprefix("refused_") for name in tables[lang] if name.startswith("refused_")}
        assert known == {*reasons(), "other"}, "the pages know what the contract does not"


@pytest.mark.browser
def test_a_reason_of_a_later_contract_is_shown_as_it_is(page: Page):
    asked = "import('/words.js').then(({ words, refusal }) => refusal(words('id'), 'of_tomorrow'))"
    assert page.evaluate(asked) == "Ditolak: of_tomorrow"


@pytest.mark.browser
def test_both_languages_have_the_same_words_and_none_is_empty(tables: Tables):
    assert set(tables) == set(LANGUAGES)
    assert set(tables["id"]) == set(tables["en"])
    assert all(all(table.values()) for table in tables.values())
    for name in ("next", "offline", "unknown", *(f"refused_{reason}" for reason in reasons())):
        assert tables["id"][name] != tables["en"][name], name


@pytest.mark.browser
def test_every_word_that_the_pages_use_is_there(tables: Tables):
    scripts = "".join(map(source, SCRIPTS))
    used = set(re.findall(r"\bw\.(\w+)", scripts))
    used |= set(re.findall(r'data-word="(\w+)"', source("console.html")))
    used |= set(re.findall(r'\bop: "(\w+)", key', scripts))
    assert len(used) > 30
    assert used <= set(tables["id"]), used - set(tables["id"])


@pytest.mark.browser
@pytest.mark.parametrize(
    ("asked", "lang"),
    [
        ([], "id"),
        (["en"], "en"),
        (["xx", "en"], "en"),
        ([None, "id"], "id"),
        (["constructor"], "id"),
        (["", None], "id"),
    ],
)
def test_a_page_speaks_the_first_language_that_it_knows_and_else_indonesian(page: Page, asked: list[str], lang: str):
    assert page.evaluate("(all) => import('/words.js').then(({ words }) => words(...all).lang)", asked) == lang

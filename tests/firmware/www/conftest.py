"""What the tests of the hall's pages share: one controller and one Chromium a module, a fresh context a test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from tests.firmware.www.hall import Hall, House

HANGS_MS = 60_000
expect.set_options(timeout=HANGS_MS)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    one = House(tmp_path_factory.mktemp("pages"))
    yield one
    one.inside.stop()


@pytest.fixture
def hall(house: House) -> Hall:
    return house.hall()


@pytest.fixture(scope="module")
def signed_in(house: House, chromium: Browser) -> StorageState:
    """The cookies of a clerk who has signed in."""
    context = chromium.new_context()
    house.sign_in(context)
    state = context.storage_state()
    context.close()
    return state


Opened = Callable[..., Page]


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Open a browser as somebody has it; options are those of a context."""
    contexts: list[BrowserContext] = []

    def make(**options: object) -> BrowserContext:
        context = chromium.new_context(**{"locale": "en-US", "viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(HANGS_MS)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def opened(signed_in: StorageState, browser: Callable[..., BrowserContext]) -> Iterator[Opened]:
    """Open pages in a clerk's browser; none of them may have had an error of its own."""
    wrong: list[str] = []
    contexts: list[BrowserContext] = []

    def open_page(address: str, prepare: Callable[[Page], object] | None = None, **options: object) -> Page:
        if not contexts or options:
            contexts.append(browser(storage_state=signed_in, **options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        if prepare is not None:
            prepare(page)
        page.goto(address)
        return page

    yield open_page
    assert not wrong


def source(name: str) -> str:
    """Return a file of the pages."""
    return (Path(__file__).parents[3] / "firmware" / "www" / name).read_text()

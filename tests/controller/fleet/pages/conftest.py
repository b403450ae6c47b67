"""What the tests of the pages of devices share: one small fleet and one Chromium a module."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.controller.fleet.inventory.fleet import Fleet
from tests.controller.inside import Inside, Someone

HANGS_MS = 60_000
expect.set_options(timeout=HANGS_MS)
Opened = Callable[..., Page]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    inside = Inside(tmp_path_factory.mktemp("pages") / "data")
    yield Fleet(inside)
    inside.stop()


@pytest.fixture
def opened(fleet: Fleet, chromium: Browser) -> Iterator[Opened]:
    """Open a page as somebody; none of them may have had an error of its own."""
    wrong: list[str] = []
    contexts = []

    def open_page(who: Someone, path: str, width: int = 1440) -> Page:
        context = chromium.new_context(locale="id-ID", viewport={"width": width, "height": 900})
        contexts.append(context)
        context.set_default_timeout(HANGS_MS)
        cookie = {"name": "balai_session", "value": who.cookies["balai_session"], "url": fleet.inside.address}
        context.add_cookies([cookie])
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
        page.goto(fleet.inside.address + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong

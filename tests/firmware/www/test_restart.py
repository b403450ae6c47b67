"""Both pages while the controller restarts, or says nothing any more: they say so, and come back by themselves."""

import re
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.controller.conftest import Serving
from tests.controller.inside import Someone
from tests.controller.waiting import until
from tests.firmware.www.conftest import HANGS_MS
from tests.firmware.www.hall import COUNTERS, SERVICES

pytestmark = pytest.mark.browser

SITE = "genteng-kulon"
STALE = re.compile(r"Sambungan terputus, data pukul \d\d\.\d\d")


class Serves:
    """A controller as a process, with one hall that it leads."""

    def __init__(self, folder: Path) -> None:
        self.serving = Serving(folder / "data").wait()
        self.admin = Someone(self.serving.address).sign_in("admin", self.serving.password)
        body = {"id": SITE, "name": "Desa Genteng Kulon", "services": SERVICES, "counters": COUNTERS}
        assert self.admin.post("/sites", json=body).status_code == 201
        self._keys = count(1)
        self.command(op="issue", service="adm")

    def command(self, **command: object) -> None:
        """Give a command until it is done."""
        headers = {"Idempotency-Key": f"k{next(self._keys)}"}
        path = f"/sites/{SITE}/queue/commands"
        until(
            lambda: self.admin.post(path, json=command, headers=headers).json().get("outcome") == "done",
            "nobody leads the hall",
        )


@pytest.fixture(scope="module")
def serves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serves]:
    one = Serves(tmp_path_factory.mktemp("restart"))
    yield one
    one.admin.close()
    assert one.serving.stop() == 0


@pytest.fixture
def context(serves: Serves, chromium: Browser) -> Iterator[BrowserContext]:
    one = chromium.new_context(locale="id-ID")
    one.set_default_timeout(HANGS_MS)
    body = {"name": "admin", "password": serves.serving.password}
    assert one.request.post(f"{serves.serving.address}/api/v1/session", data=body).ok
    yield one
    one.close()


def opened(context: BrowserContext, address: str) -> Page:
    """Open a page, with its stream; the clock is the test's."""
    page = context.new_page()
    page.clock.install()
    with page.expect_response("**/board/stream"):
        page.goto(address)
    connected(page)
    return page


def connected(page: Page) -> None:
    expect(page.locator("#line")).to_have_text("Tersambung")


def test_both_pages_come_back_after_the_controller_was_killed(serves: Serves, context: BrowserContext):
    address = serves.serving.address
    board = opened(context, f"{address}/board?site={SITE}")
    console = opened(context, f"{address}/console?site={SITE}&counter=1")
    serves.serving.children()["application"].kill()
    expect(board.locator("#line")).to_have_text(STALE)
    expect(console.locator("#line")).to_have_class("state down")
    expect(console.locator("#notice")).to_have_text(re.compile("Pengendali tidak terjangkau"))
    connected(board)
    connected(console)
    expect(console.locator("#notice")).to_be_empty()
    console.click("#act-next")
    expect(board.locator("#number")).to_have_text("A 1")
    expect(console.locator("#current")).to_have_text("A 1")


def test_a_line_that_is_dead_and_says_nothing_is_noticed(serves: Serves, context: BrowserContext):
    board = opened(context, f"{serves.serving.address}/board?site={SITE}")
    application = serves.serving.children()["application"]
    application.send_signal(signal.SIGSTOP)  # no connection ends
    try:
        board.clock.fast_forward(30_000)
        connected(board)  # two comment lines may have been late
        board.clock.fast_forward(11_000)
        expect(board.locator("#line")).to_have_text(STALE)
    finally:
        application.send_signal(signal.SIGCONT)
    board.clock.fast_forward(15_000)
    connected(board)
    serves.command(op="issue", service="kk")
    expect(board.locator("#services")).to_contain_text("B 1")

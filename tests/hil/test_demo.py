"""The two ways of the demo as a new user meets them: the scripted visit, and the page in Chromium."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import started

BALAI = [sys.executable, "-c", "from controller.cli import main; main()"]
HANGS_MS = 60_000


def test_a_visit_with_an_uplink_cut_and_a_power_cut_ends_well():
    run = subprocess.run([*BALAI, "demo", "--once"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.rstrip().endswith("all went well")
    assert "uplink is cut" in run.stdout
    assert "power is cut" in run.stdout


class Demo:
    """`balai demo` as a process, and the addresses that it printed."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [*BALAI, "demo", "--port", "0", "--page-port", "0", "--sites", "1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        text = ""
        for line in self.process.stdout:
            text += line
            if "Ctrl-C" in line:
                break
        self.page, self.fleet, self.board, self.console = re.findall(r"http://\S+", text)
        self.name, self.password = re.findall(r"(?:Sign in as|with the password) +(\S+)", text)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    one = Demo()
    children = psutil.Process(one.process.pid).children(recursive=True)
    yield one
    one.process.send_signal(signal.SIGINT)
    rest, _ = one.process.communicate(timeout=HANGS_MS / 1000)
    assert one.process.returncode == 0, rest
    assert "Traceback" not in rest
    assert not [child for child in children if child.is_running()], "a process is left behind"


@pytest.fixture(scope="module")
def browser(demo: Demo) -> Iterator[BrowserContext]:
    with started() as one:
        context = one.new_context(locale="id-ID")
        context.set_default_timeout(HANGS_MS)
        yield context


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    one = browser.new_page()
    wrong: list[str] = []
    one.on("pageerror", lambda error: wrong.append(str(error)))
    yield one
    one.close()
    assert not wrong


def words(page: Page, selector: str, text: str | re.Pattern[str]) -> None:
    expect(page.locator(selector).first).to_contain_text(text, timeout=HANGS_MS)


@pytest.mark.browser
def test_a_press_on_the_page_brings_paper_and_pulled_plugs_are_really_out(demo: Demo, page: Page):
    page.goto(demo.page)
    words(page, "#story", "Papan menunjukkan B 2 → loket 1")  # the morning has been played
    page.get_by_role("button", name="Izin usaha").click()
    words(page, "#papers", "C 6")
    power = page.locator("#display-power")
    power.click()
    expect(page.locator("[data-device=display]")).to_have_class(re.compile("off"), timeout=HANGS_MS)
    power.click()
    expect(page.locator("[data-device=display]")).not_to_have_class(re.compile("off"), timeout=HANGS_MS)
    page.locator("#kiosk-paper").click()
    words(page, "#story", "Anjungan 1: kertas dikeluarkan")
    page.locator("#kiosk-paper").click()
    words(page, "#story", "Anjungan 1: kertas diisi")


@pytest.mark.browser
def test_a_clerk_signs_in_and_calls_and_the_board_shows_it(demo: Demo, page: Page, browser: BrowserContext):
    page.goto(demo.console)
    page.fill("input[name=name]", demo.name)
    page.fill("input[name=password]", "a wrong one")
    page.click("button.main")
    words(page, "#wrong", "Nama atau kata sandi salah")
    page.fill("input[name=password]", demo.password)
    page.click("button.main")
    words(page, "#hall", "Desa Genteng Kulon")
    page.select_option("#counters", "2")
    page.click("#act-next")
    words(page, "#current", re.compile(r"^[A-D] \d+$"))
    called = page.locator("#current").inner_text()
    board = browser.new_page()
    board.goto(demo.board)
    words(board, "#number", called)
    words(board, "#counter", "Loket 2")
    board.close()

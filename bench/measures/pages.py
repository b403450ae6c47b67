"""How long the staff pages take to open in Chromium, until what they show is drawn, with 287 halls and 10,000 devices.

Beside it: the page for signing in, opened the same way, which shows nothing of the fleet.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from bench.fleet import SITES
from bench.measures.devices import DEVICES, fill
from bench.table import Row
from tests.controller.inside import Inside

TIMES = 7
TARGET_S = 1.0
DRAWN = {"overview": ("/fleet", ".mark"), "devices": ("/fleet/devices", "table td")}


def opened(page: Page, url: str, drawn: str) -> float:
    """Open a page; return the seconds until it has drawn what it shows."""
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_selector(drawn)
    return time.perf_counter() - began


def median(open_page: Callable[[], float]) -> float:
    """Return the median of several, after a first one that fills the browser's cache."""
    open_page()
    return statistics.median(open_page() for _ in range(TIMES))


def measure() -> list[Row]:
    """Open each page."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise RuntimeError("no chromium on this machine: install Debian's package chromium")
    with tempfile.TemporaryDirectory() as folder:
        inside = Inside(Path(folder) / "data")
        try:
            fill(inside.parts.db, SITES)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                context = browser.new_context(locale="id-ID")
                cookie = inside.admin.cookies["balai_session"]
                bare = median(lambda: opened(context.new_page(), f"{inside.address}/signin", "form"))
                context.add_cookies([{"name": "balai_session", "value": cookie, "url": inside.address}])
                took = {
                    name: median(
                        lambda path=path, drawn=drawn: opened(context.new_page(), inside.address + path, drawn)
                    )  # type: ignore[misc]
                    for name, (path, drawn) in DRAWN.items()
                }
                browser.close()
        finally:
            inside.stop()
    beside = f"the page for signing in: {bare:.2g} s"
    target = f"at most {TARGET_S:.0f} s"
    return [
        Row(f"page of the {name}, {SITES} halls and {DEVICES:,} devices", seconds, "s", beside, target,
            seconds <= TARGET_S)
        for name, seconds in took.items()
    ]  # fmt: skip

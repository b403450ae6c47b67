"""Takes the pictures of the pages from a running demo: `python docs/screens.py`. Needs Debian's chromium.

The demo is started for it, with all its halls; what the pictures show is what anybody sees a minute after `make demo`.
"""

import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parent
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
LIVES_S = 75  # until halls have been looked at and incidents are there
HANGS_MS = 60_000

# name: (path, width, dark)
STAFF = {
    "overview": ("/fleet", WIDE, "light"),
    "overview-dark": ("/fleet", WIDE, "dark"),
    "overview-phone": ("/fleet", PHONE, "light"),
    "devices": ("/fleet/devices", WIDE, "light"),
    "site": ("/fleet/sites/kedungrejo", WIDE, "light"),
    "device": ("/fleet/devices/02ba1a100001", WIDE, "light"),
    "incidents": ("/fleet/incidents", WIDE, "light"),
}


def main(folder: Path) -> None:
    """Start the demo, take every picture into `folder`, end it."""
    balai = Path(sys.executable).with_name("balai")
    demo = subprocess.Popen(
        [balai, "demo", "--port", "0", "--page-port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert demo.stdout is not None
        said = ""
        for line in demo.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        hall, fleet, board, console = re.findall(r"http://\S+", said)
        name, password = re.findall(r"(?:Sign in as|with the password) +(\S+)", said)
        time.sleep(LIVES_S)
        take(folder, hall, fleet.removesuffix("/fleet"), board, console, name, password)
    finally:
        demo.send_signal(signal.SIGINT)
        demo.communicate()


def take(folder: Path, hall: str, address: str, board: str, console: str, name: str, password: str) -> None:
    """Take the pictures of the demo's pages."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])

        def picture(to: str, url: str, size: dict[str, int], scheme: str, state: object = None) -> None:
            context = chromium.new_context(
                viewport=size, locale="id-ID", color_scheme=scheme, storage_state=state, timezone_id="Asia/Jakarta"
            )  # type: ignore[arg-type]
            page = context.new_page()
            page.set_default_timeout(HANGS_MS)
            page.goto(url)
            settle(page)
            page.screenshot(path=folder / f"{to}.png")
            context.close()

        context = chromium.new_context(locale="id-ID")
        page = context.new_page()
        page.goto(f"{address}/signin?next=/fleet")
        page.fill("[name=name]", name)
        page.fill("[name=password]", password)
        page.press("[name=password]", "Enter")
        page.wait_for_url(f"{address}/fleet")
        signed_in = context.storage_state()
        picture("demo", hall, WIDE, "light")
        picture("board", board, {"width": 1280, "height": 720}, "light")
        picture("console", f"{console}&counter=1", {"width": 1280, "height": 800}, "light", signed_in)
        for to, (path, size, scheme) in STAFF.items():
            picture(to, f"{address}{path}", size, scheme, signed_in)
        chromium.close()


def settle(page: Page) -> None:
    """Wait until a page has drawn what it shows."""
    page.wait_for_load_state("load")
    page.wait_for_timeout(3_000)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)

"""A technician with a phone in a hall whose Wi-Fi is new: from no network to a controller that sees the device."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from hil.api import Api
from hil.bench import Bench
from hil.demo.controller import Controller
from hil.demo.hall import PLACES, SITE, furnish
from hil.demo.stage import READY
from hil.device import Device
from tests.browser import program

HANGS_MS = 30_000
OLD_AIR = [["Balai Desa", "rahasia-desa", -52], ["Warung Kopi", "", -71], ["Rumah Pak Lurah", "bukan-umum", -83]]
NEW_AIR = [["Balai Desa Baru", "rahasia-baru", -48], ["Warung Kopi", "", -71]]
KIOSK = PLACES[0].device
POINT = f"Balai-{KIOSK[-4:]}"


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[tuple[Api, Device]]:
    """A controller, and a kiosk that it has claimed and that knows no network; unpowered."""
    controller = Controller(tmp_path / "controller")
    bench = Bench(tmp_path / "devices")
    await controller.start()
    try:
        async with Api(controller.address) as api:
            await api.sign_in(controller.name, controller.password)
            identity = (await furnish(api))["kiosk"]
            kiosk = await bench.add("kiosk", {**identity, "networks": []}, BALAI_CLOCK="host")
            yield api, kiosk
    finally:
        await bench.stop()
        await controller.stop()


@pytest.fixture
async def phone() -> AsyncIterator[BrowserContext]:
    path = program()
    async with async_playwright() as playwright:
        one = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield await one.new_context(
            viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True, has_touch=True
        )
        await one.close()


async def opened(kiosk: Device, context: BrowserContext) -> Page:
    """Hold the button, and open the page of the access point."""
    kiosk.hold("T")
    await kiosk.wait(lambda: kiosk.parts.portal)
    assert kiosk.parts.point == POINT
    page = await context.new_page()
    page.set_default_timeout(HANGS_MS)
    while True:
        try:
            await page.goto(f"http://127.0.0.1:{kiosk.parts.portal}/")
            return page
        except Exception as error:  # the port is told a moment before somebody listens
            if "REFUSED" not in str(error):
                raise


async def choose(page: Page, ssid: str, password: str) -> None:
    await page.get_by_text(ssid, exact=True).click()
    await page.fill("input[name=password]", password)
    await page.get_by_role("button", name="Sambungkan").click()


async def says(page: Page, words: str) -> None:
    await expect(page.locator("main .box").first).to_contain_text(words, timeout=HANGS_MS)


async def online(api: Api) -> None:
    while not (await api.get(f"/devices/{KIOSK}"))["online"]:
        pass


@pytest.mark.browser
async def test_a_technician_connects_a_kiosk_with_a_phone(hall, phone, tmp_path):
    api, kiosk = hall
    await kiosk.power_on(BALAI_AIR=json.dumps(OLD_AIR))
    page = await opened(kiosk, phone)
    await expect(page.get_by_text(POINT)).to_be_visible()
    await choose(page, "Balai Desa", "salah-ketik")
    await says(page, "Gagal: Balai Desa")
    await says(page, "Kata sandinya salah")
    await choose(page, "Balai Desa", "rahasia-desa")
    await says(page, "Tersambung ke Balai Desa")
    await says(page, "Selesai")
    await online(api)

    # A new router, and a power cut. The old network stays known, and the hall goes on.
    await kiosk.wait(lambda: kiosk.digits != "")
    await kiosk.cut_power()
    await kiosk.power_on(BALAI_AIR=json.dumps(NEW_AIR))
    page = await opened(kiosk, phone)
    kiosk.press("A")
    await kiosk.wait(lambda: kiosk.tickets and kiosk.tickets[-1].whole)
    await choose(page, "Balai Desa Baru", "masih-salah")
    await says(page, "Gagal: Balai Desa Baru")
    await kiosk.cut_power()
    await kiosk.power_on(BALAI_AIR=json.dumps(OLD_AIR))
    await kiosk.wait(lambda: kiosk.digits == READY)
    await online(api)
    assert (await api.get("/sites/" + SITE + "/queue"))["tickets"], "the ticket came out and in"


@pytest.mark.browser
async def test_without_javascript_it_goes_the_same_way(hall, phone):
    api, kiosk = hall
    plain = await phone.browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 640})
    await kiosk.power_on(BALAI_AIR=json.dumps(OLD_AIR))
    page = await opened(kiosk, plain)
    await page.locator("input[name=ssid]").first.check()
    await page.fill("input[name=password]", "rahasia-desa")
    await page.get_by_role("button", name="Sambungkan").click()
    await says(page, "Tersambung ke Balai Desa")
    await expect(page.locator("main")).to_contain_text(re.compile("Server pusat menjawab"), timeout=HANGS_MS)
    await online(api)

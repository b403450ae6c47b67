"""The swap as a technician does it in a hall: on a phone, with two labels and one button."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import started
from tests.controller.inside import Inside

HANGS_MS = 60_000
PHONE = {"width": 390, "height": 844}
CAMERA = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]

# Debian's Chromium has no BarcodeDetector; this one sees, in what the camera shows, the labels that the test holds up.
DETECTOR = """
window.labels = [];
window.BarcodeDetector = class {
  async detect(source) {
    if (!source) throw new TypeError("nothing to look at");
    return window.labels.splice(0, 1).map((rawValue) => ({ rawValue }));
  }
};
"""


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    one = Inside(tmp_path_factory.mktemp("swap") / "data")
    one.site("genteng", name="Desa Genteng Kulon")
    one.position("genteng", "kiosk-1", leads=True, name="Anjungan 1")
    one.position("genteng", "layar", "display", name="Papan nomor")
    one.person("teknisi", "technician", "genteng")
    one.person("petugas", "clerk", "genteng")
    yield one
    one.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    with started(CAMERA) as one:
        yield one


@pytest.fixture
def phone(chromium) -> Iterator[BrowserContext]:
    context = chromium.new_context(
        locale="id-ID", viewport=PHONE, is_mobile=True, has_touch=True, permissions=["camera"]
    )
    context.set_default_timeout(HANGS_MS)
    yield context
    context.close()


@pytest.fixture
def page(phone: BrowserContext) -> Iterator[Page]:
    one = phone.new_page()
    wrong: list[str] = []
    one.on("pageerror", lambda error: wrong.append(str(error)))
    one.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    yield one
    assert not wrong


def pair(hall: Inside, old: str, new: str, role: str = "kiosk") -> None:
    """Have a device at the kiosk's place, and a spare that has been seen."""
    hall.claim(old, "genteng", "kiosk-1")
    hall.born(hall.reserve(device=new, role=role))


def sign_in(page: Page, hall: Inside, path: str, name: str = "teknisi") -> None:
    """Open a page as somebody who has to sign in first."""
    page.goto(f"{hall.address}{path}")
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", f"kata-sandi-{name}")
    page.click("button.main")
    page.wait_for_url(re.compile(r"/swap"))


@pytest.mark.browser
def test_two_typed_ids_and_one_button(hall: Inside, page: Page):
    pair(hall, "02ba1a470001", "02ba1a470002")
    sign_in(page, hall, "/swap")
    expect(page.locator("#go")).to_be_disabled()
    expect(page.locator("#without")).to_be_visible()
    page.fill("input[name=old]", "02:BA:1A:47:00:01")
    expect(page.locator("#old .found")).to_contain_text("Anjungan 1, Desa Genteng Kulon")
    expect(page.locator("#go")).to_be_disabled()
    page.fill("input[name=new]", f"{hall.address}/d/02ba1a470002")
    expect(page.locator("#new .found")).to_contain_text("Cadangan: anjungan")
    expect(page.locator("#go")).to_be_enabled()
    page.click("#go")
    expect(page.locator("#said")).to_have_text("Selesai. 02ba1a470002 sekarang menjadi Anjungan 1, Desa Genteng Kulon.")
    expect(page.locator("#done")).to_contain_text("Salah pindai?")
    assert hall.admin.get("/devices/02ba1a470002").json()["position"] == "kiosk-1"
    assert hall.admin.get("/devices/02ba1a470001").json()["status"] == "out_of_use"
    assert hall.audit()[-1]["who"] == "teknisi"


@pytest.mark.browser
def test_the_camera_reads_both_labels(hall: Inside, phone: BrowserContext, page: Page):
    pair(hall, "02ba1a470011", "02ba1a470012")
    phone.add_init_script(DETECTOR)
    sign_in(page, hall, "/swap")
    expect(page.locator("#without")).to_be_hidden()
    for step, device in (("old", "02ba1a470011"), ("new", "02ba1a470012")):
        page.click(f"#{step} .scan")
        expect(page.locator("#camera")).to_be_visible()
        page.evaluate("link => window.labels.push('a poster', link)", f"https://balai.example/d/{device}")
        expect(page.locator("#camera")).to_be_hidden()
        expect(page.locator(f"input[name={step}]")).to_have_value(device)
    expect(page.locator("#go")).to_be_enabled()
    page.click("#go")
    expect(page.locator("#done")).to_be_visible()


@pytest.mark.browser
def test_a_photo_is_read_where_there_is_no_camera(hall: Inside, phone: BrowserContext, page: Page):
    pair(hall, "02ba1a470021", "02ba1a470022")
    phone.add_init_script(DETECTOR)
    sign_in(page, hall, "/swap")
    photo = {"name": "label.png", "mimeType": "image/png", "buffer": page.screenshot()}
    page.set_input_files("#old input[type=file]", photo)
    expect(page.locator("#old .found")).to_contain_text("Tidak ada kode di foto ini")
    page.evaluate("link => window.labels.push(link)", f"{hall.address}/d/02ba1a470021")
    page.set_input_files("#old input[type=file]", {**photo, "name": "again.png"})
    expect(page.locator("#old .found")).to_contain_text("Anjungan 1")


@pytest.mark.browser
def test_two_labels_opened_one_after_the_other_by_the_phones_own_camera(
    hall: Inside, phone: BrowserContext, page: Page
):
    pair(hall, "02ba1a470031", "02ba1a470032")
    sign_in(page, hall, "/d/02ba1a470031")
    expect(page.locator("#old .found")).to_contain_text("Anjungan 1")
    second = phone.new_page()
    second.goto(f"{hall.address}/d/02ba1a470032")
    expect(second.locator("#old .found")).to_contain_text("Anjungan 1")
    expect(second.locator("#new .found")).to_contain_text("Cadangan")
    expect(second.locator("#go")).to_be_enabled()


@pytest.mark.browser
def test_what_cannot_be_is_said_before_the_button_can_be_pressed(hall: Inside, page: Page):
    pair(hall, "02ba1a470041", "02ba1a470042", "display")
    sign_in(page, hall, "/swap")
    page.fill("input[name=old]", "not an id")
    page.locator("input[name=old]").blur()
    expect(page.locator("#old .found")).to_contain_text("Ini bukan label perangkat")
    page.fill("input[name=old]", "02ba1a470042")
    expect(page.locator("#old .found")).to_contain_text("tidak ditempatkan di mana pun")
    page.fill("input[name=old]", "02ba1a47ffff")
    expect(page.locator("#old .found")).to_contain_text("Perangkat itu tidak ada")
    page.fill("input[name=old]", "02ba1a470041")
    page.fill("input[name=new]", "02ba1a470041")
    expect(page.locator("#new .found")).to_contain_text("bukan cadangan")
    page.fill("input[name=new]", "02ba1a470042")
    expect(page.locator("#wrong")).to_contain_text("Peran cadangan berbeda")
    expect(page.locator("#go")).to_be_disabled()


@pytest.mark.browser
def test_a_clerk_is_told_that_this_is_a_technicians(hall: Inside, page: Page):
    sign_in(page, hall, "/swap", "petugas")
    expect(page.locator("main")).to_contain_text("Hanya teknisi")
    expect(page.locator("#form")).to_have_count(0)


@pytest.mark.browser
def test_everything_fits_on_a_phone(hall: Inside, page: Page):
    pair(hall, "02ba1a470051", "02ba1a470052")
    sign_in(page, hall, "/swap?device=02ba1a470051")
    expect(page.locator("#old .found")).to_contain_text("Anjungan 1")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    touched = page.locator("main button:visible, main input[name]:visible").evaluate_all(
        "all => all.map(e => e.offsetHeight)"
    )
    assert min(touched) >= 40, "a finger hits it"

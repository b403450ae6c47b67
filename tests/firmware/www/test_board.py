"""The public board on a wall: live, spoken, honest about what is old, and readable."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.firmware.www.conftest import Opened
from tests.firmware.www.hall import Hall, House

pytestmark = pytest.mark.browser

LONG = "Pelayanan Kependudukan dan Pencatatan Sipil Kota"  # as long as a name may be
HTML = "<img src=x onerror=document.title='owned'><b>1"
WALL, TELEVISION, PHONE = {"width": 1920, "height": 1080}, {"width": 1280, "height": 720}, {"width": 390, "height": 844}


def shows(page: Page, number: str, counter: str = "") -> None:
    expect(page.locator("#number")).to_have_text(number)
    expect(page.locator("#counter")).to_contain_text(counter)


# Remembers which clips were heard to their end: a browser asks for each of them only once.
LISTEN = """
window.heard = [];
window.Audio = class extends Audio {
  constructor(source) {
    super(source);
    this.addEventListener("ended", () => window.heard.push(source.slice("/voice/id/".length, -".wav".length)));
  }
};
"""


def listening(page: Page) -> None:
    """Have the test own a page's clock, and hear what it says."""
    page.clock.install()
    page.add_init_script(LISTEN)


def touched(page: Page) -> None:
    """Let a page speak. Where the browser takes what the test does for a touch, it need not ask for one."""
    page.wait_for_function("() => window.heard.length > 0 || !document.getElementById('sound').hidden")
    if page.locator("#sound").is_visible():
        page.click("text=Nyalakan suara")
    heard(page)
    expect(page.locator("#sound")).to_be_hidden()


def heard(page: Page, *calls: str) -> None:
    """Wait until a page has spoken a chime, when it was touched, and `calls`."""
    page.wait_for_function("(all) => window.heard.join(' ') === all", arg=" ".join(("chime", *calls)))


def test_a_call_fills_the_board_at_once_and_the_one_before_moves_aside(opened: Opened, hall: Hall):
    page = opened(hall.board_page)
    shows(page, "Belum ada panggilan")
    expect(page.locator("#line")).to_have_text("Tersambung")
    hall.issue("adm", "kk")
    expect(page.locator("#services")).to_contain_text("A 1B 1")
    hall.command(op="call_next", counter="2")
    shows(page, "A 1", "Loket 2")
    expect(page.locator("#now")).to_have_class(re.compile("fresh"))
    expect(page.locator("#services")).to_contain_text("A 0B 1")
    page.reload()
    shows(page, "A 1", "Loket 2")
    expect(page.locator("#now")).not_to_have_class(re.compile("fresh"))  # it was called before
    hall.command(op="call_next", counter="1")
    shows(page, "B 2", "Loket 1")
    expect(page.locator("#last li:not(.title)")).to_have_text(["A 1Loket 2"])
    hall.command(op="close", service="kk")
    expect(page.locator("#services")).to_contain_text("B tutup")


def test_a_call_is_spoken_once_after_somebody_has_touched_the_page(opened: Opened, hall: Hall):
    hall.issue("adm", "kk")
    first, second = "chime nomor-antrian a satu silakan-ke-loket dua", "chime nomor-antrian b dua silakan-ke-loket satu"
    page = opened(hall.board_page, prepare=listening)
    touched(page)
    hall.command(op="call_next", counter="2")
    shows(page, "A 1")
    hall.command(op="call_next", counter="1")
    expect(page.locator("#services")).to_contain_text("B 0")
    shows(page, "A 1", "Loket 2")  # for as long as it is spoken
    heard(page, first)
    page.clock.fast_forward(8000)
    shows(page, "B 2", "Loket 1")
    heard(page, first, second)
    page.clock.fast_forward(8000)
    expect(page.locator("#now")).not_to_have_class(re.compile("fresh"))
    hall.command(op="recall", ticket=1)
    shows(page, "A 1", "Loket 2")
    heard(page, first, second, first)
    expect(page.locator("#last li:not(.title)")).to_have_text(["B 2Loket 1"])


def test_a_clip_that_hangs_does_not_hold_up_the_numbers(opened: Opened, hall: Hall):
    hall.issue("adm", "kk")
    page = opened(hall.board_page, prepare=listening)
    touched(page)
    page.route("**/voice/**", lambda route: None)
    with page.expect_request("**/voice/id/chime.wav"):
        hall.command(op="call_next", counter="1")
    shows(page, "A 1")
    page.clock.fast_forward(8000)
    expect(page.locator("#now")).not_to_have_class(re.compile("fresh"))
    hall.command(op="call_next", counter="1")
    shows(page, "B 2")


def test_it_says_since_when_what_it_shows_is_old(opened: Opened, hall: Hall):
    hall.issue("adm")
    hall.command(op="call_next", counter="1")
    page = opened(hall.board_page)
    shows(page, "A 1")
    hall.cut_off()
    expect(page.locator("#line")).to_have_text(re.compile(r"Sambungan terputus, data pukul \d\d\.\d\d"))
    expect(page.locator("#line")).to_have_class("state down")
    shows(page, "A 1", "Loket 1")
    hall.led_by("controller")
    expect(page.locator("#line")).to_have_text("Tersambung")


def test_its_clock_is_the_halls_whatever_the_machine_on_the_wall_believes(opened: Opened, house: House):
    hall = house.hall(tz=540)
    page = opened(hall.board_page, prepare=lambda one: one.clock.install(time="2005-01-01T00:00:00Z"))
    expect(page.locator("#hall")).to_have_text("Desa Genteng Kulon")
    right = page.request.get(f"{house.inside.address}/healthz").headers["date"]
    minutes = int(right[17:19]) * 60 + int(right[20:22]) + 540
    close = [f"{(minutes + late) // 60 % 24:02}.{(minutes + late) % 60:02}" for late in (0, 1)]
    expect(page.locator("#clock")).to_have_text(re.compile("|".join(close)))


def test_html_in_a_name_or_an_id_is_shown_as_text(opened: Opened, house: House):
    hall = house.hall(
        name=HTML,
        services=[{"id": "adm", "letter": "A", "name": HTML}],
        counters=[{"id": "1", "name": HTML, "services": []}],
    )
    hall.issue("adm", "adm", "adm", priority="elderly")
    for _ in range(2):
        hall.command(op="call_next", counter="1")
    for address in (hall.board_page, f"{hall.console}&counter=1"):
        page = opened(address)
        expect(page.locator("#hall")).to_have_text(HTML)
        expect(page.locator("main")).to_contain_text("A 2")
        assert page.locator("body").inner_text().count(HTML) >= 2
        assert page.locator("img, main b b").count() == 0
        assert page.title().startswith(HTML)
    page.keyboard.press("a")
    expect(page.locator("dialog option").first).to_have_text(f"A – {HTML}")
    for path in ("board", "console"):
        strange = opened(f"{house.inside.address}/{path}?site={HTML}&counter={HTML}&lang={HTML}")
        expect(strange.locator("body")).to_contain_text(re.compile("tidak ada|no such", re.IGNORECASE))
        assert strange.locator("img").count() == 0


def test_what_the_hall_is_called_may_change_while_the_board_hangs(opened: Opened, house: House, hall: Hall):
    page = opened(hall.board_page)
    expect(page.locator("#line")).to_have_text("Tersambung")
    changed = {"name": "Desa Genteng Wetan", "counters": [{"id": "1", "name": "Meja depan", "services": []}]}
    assert house.inside.admin.patch(f"/sites/{hall.site}", json=changed).status_code == 200
    hall.issue("adm")
    hall.command(op="call_next", counter="1")
    expect(page.locator("#hall")).to_have_text("Desa Genteng Wetan")
    shows(page, "A 1", "Meja depan")


@pytest.fixture(scope="module")
def full(house: House) -> Hall:
    """A hall with the longest names, numbers and lists."""
    letters = [f"{one}M" for one in "WQGMNOHD"]
    services = [{"id": f"s{n}", "letter": letter, "name": f"{LONG[:-2]}{n}"} for n, letter in enumerate(letters)]
    counters = [{"id": str(n), "name": f"{LONG[:-2]}{n}", "services": []} for n in range(1, 7)]
    hall = house.hall(name=LONG, services=services, counters=counters)
    hall.cut_off()  # a hall with a kiosk: the controller's numbers begin at 800
    hall.led_by("controller")
    for n in range(8):
        hall.issue(f"s{n}", priority="infant")
    for n in range(1, 6):
        hall.command(op="call_next", counter=str(n))
    return hall


# What is cut off, or lies outside of the screen, as the browser lays it out; an ellipsis is no fault.
CUT = """() => {
  const wrong = [];
  for (const node of document.querySelectorAll("body *")) {
    if (!node.checkVisibility() || node.closest("svg, select")) continue;
    const at = node.getBoundingClientRect(), style = getComputedStyle(node);
    const name = `${node.tagName}#${node.id}.${node.className} ${node.textContent.slice(0, 20)}`;
    if (at.left < -1 || at.right > innerWidth + 1) wrong.push(`beside the screen: ${name}`);
    const may = style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none";
    const lines = node.clientHeight / parseFloat(style.lineHeight);
    const half = style.webkitLineClamp !== "none" && Math.abs(lines - Math.round(lines)) > 0.1;
    if (half) wrong.push(`half a line: ${name}`);
    if (!may && style.overflowX === "hidden" && node.scrollWidth > node.clientWidth + 1) wrong.push(`cut: ${name}`);
  }
  return wrong;
}"""
BELOW = """() => [...document.querySelectorAll("body *")].filter((node) => node.checkVisibility())
  .filter((node) => node.getBoundingClientRect().bottom > innerHeight + 1).map((node) => node.outerHTML)"""
# How much of its field a number takes: the text's own rectangle within that of the field.
FIELD = """() => {
  const text = document.createRange();
  text.selectNodeContents(document.getElementById("number"));
  const at = text.getBoundingClientRect(), field = document.getElementById("now").getBoundingClientRect();
  return [at.left - field.left, field.right - at.right, at.top - field.top, field.bottom - at.bottom].map(Math.round);
}"""
# The least contrast of the text on a page (WCAG 2.2, 1.4.3), and which it is; what cannot be pressed now is exempt.
CONTRAST = """() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const over = (top, under, alpha) => top.slice(0, 3).map((part, n) => part * alpha + under[n] * (1 - alpha));
  const back = (node) => {
    if (!node) return [255, 255, 255];
    const own = rgb(getComputedStyle(node).backgroundColor), alpha = own.length > 3 ? own[3] : 1;
    return alpha === 1 ? own : over(own, back(node.parentElement), alpha);
  };
  let worst = [99, "nothing"];
  for (const node of document.querySelectorAll("body *")) {
    const says = [...node.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim());
    const seen = says && node.checkVisibility({ visibilityProperty: true });
    if (!seen || node.closest("[aria-disabled=true], option")) continue;
    let alpha = 1;
    for (let one = node; one; one = one.parentElement) alpha *= Number(getComputedStyle(one).opacity);
    const under = back(node), ink = over(rgb(getComputedStyle(node).color), under, alpha);
    const [a, b] = [luminance(ink), luminance(under)].sort((x, y) => y - x);
    const found = (a + 0.05) / (b + 0.05);
    if (found < worst[0]) worst = [found, `${node.tagName} ${node.textContent.slice(0, 30)}`];
  }
  return worst;
}"""


@pytest.mark.parametrize("size", [WALL, TELEVISION, PHONE], ids=lambda size: f"{size['width']}x{size['height']}")
def test_the_longest_names_and_numbers_fit_any_screen(opened: Opened, full: Hall, size: dict[str, int]):
    page = opened(full.board_page, viewport=size)
    shows(page, re.compile(r"M 80\d"))
    expect(page.locator("#last li")).to_have_count(5)
    expect(page.locator("#services li")).to_have_count(9)
    assert page.evaluate(CUT) == []
    assert page.evaluate(BELOW) == []
    assert min(page.evaluate(FIELD)) >= 0, "the number leaves its field"
    height = page.locator("#number").evaluate("(node) => parseFloat(getComputedStyle(node).fontSize)")
    assert height >= (size["height"] / 5 if size != PHONE else size["width"] / 6)


def test_an_ordinary_number_takes_a_third_of_the_walls_height(opened: Opened, hall: Hall):
    hall.issue("adm", "kk")
    for counter in ("1", "2"):
        hall.command(op="call_next", counter=counter)
    page = opened(hall.board_page, viewport=WALL)
    shows(page, "B 2", "Loket 2")
    assert page.locator("#number").evaluate("(node) => parseFloat(getComputedStyle(node).fontSize)") >= 1080 / 3
    assert min(page.evaluate(FIELD)) >= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_on_both_pages_can_be_read(opened: Opened, full: Hall, scheme: str):
    page = opened(full.board_page, color_scheme=scheme)
    expect(page.locator("#last li")).to_have_count(5)
    least = [page.evaluate(CONTRAST)]
    full.command(op="call_next", counter="6") if scheme == "light" else full.command(op="recall", ticket=805)
    expect(page.locator("#now")).to_have_class(re.compile("fresh"))
    least.append(page.evaluate(CONTRAST))
    page = opened(f"{full.console}&counter=1")
    expect(page.locator("#waiting li")).not_to_have_count(0)
    page.click("#act-park" if scheme == "light" else "#act-issue")
    expect(page.locator("#notice.good, dialog option").first).to_be_attached()
    least.append(page.evaluate(CONTRAST))
    page.goto(full.console)
    expect(page.locator("#current")).to_have_text("Pilih loket Anda")
    least.append(page.evaluate(CONTRAST))
    assert min(least)[0] >= 4.5, least


def test_the_console_fits_a_phone(opened: Opened, full: Hall):
    page = opened(f"{full.console}&counter=2", viewport=PHONE, is_mobile=True, has_touch=True)
    expect(page.locator("#waiting li")).not_to_have_count(0)
    page.tap("#act-serve")
    expect(page.locator("#notice")).to_have_text(re.compile("Berhasil"))
    page.tap("#act-park")
    expect(page.locator("#others button").first).to_be_enabled()
    for lang in ("English", "Bahasa Indonesia"):
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert page.evaluate(CUT) == []
        page.tap("#act-new_day")
        assert page.evaluate(CUT) == []
        page.tap("dialog button >> nth=0")
        page.tap(f"text={lang}")
        expect(page.locator("html")).to_have_attribute("lang", lang[:2].lower().replace("ba", "id"))
        expect(page.locator("#others button").first).to_be_enabled()
    touched = page.locator("main button").evaluate_all("all => all.map((one) => one.offsetHeight)")
    assert min(touched) >= 36, "a finger hits it"

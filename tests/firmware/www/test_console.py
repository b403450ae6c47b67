"""The clerk's console as a clerk works with it: by mouse, by key, on a phone, and when something is in the way."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from tests.firmware.www.conftest import Opened
from tests.firmware.www.hall import Hall, House

pytestmark = pytest.mark.browser

Do = Callable[[Page, str], None]


def by_mouse(page: Page, op: str) -> None:
    page.click(f"#act-{op}")


def key_of(page: Page, op: str) -> str:
    expect(page.locator(f"#act-{op}")).to_be_enabled()
    return page.locator(f"#act-{op} kbd").inner_text().replace("␣", "Space")


def by_key(page: Page, op: str) -> None:
    page.keyboard.press(key_of(page, op))


def at_counter(opened: Opened, hall: Hall, counter: str = "1", **options: object) -> Page:
    """Open the console at a counter."""
    page = opened(f"{hall.console}&counter={counter}", **options)
    expect(page.locator("#line")).to_have_class("state up")
    return page


def shows(page: Page, text: str, waiting: int | None = None) -> None:
    expect(page.locator("#current")).to_have_text(text)
    if waiting is not None:
        expect(page.locator("#count")).to_have_text(str(waiting))


def says(page: Page, kind: str, text: str | re.Pattern[str]) -> None:
    expect(page.locator("#notice")).to_contain_text(text)
    expect(page.locator("#notice")).to_have_class(re.compile(kind))


def posted(page: Page) -> list[dict[str, object]]:
    """Collect the commands that a page sends from here on, each with its key."""
    found: list[dict[str, object]] = []

    def see(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/queue/commands"):
            found.append({"key": request.headers["idempotency-key"], **request.post_data_json})

    page.on("request", see)
    return found


def kinds(hall: Hall) -> list[str]:
    return [f"{kind} {data.get('no', '')}".strip() for kind, data in hall.events() if kind.startswith("ticket.")]


@pytest.mark.parametrize("do", [by_mouse, by_key])
def test_a_morning_with_every_action(opened: Opened, hall: Hall, do: Do):
    hall.issue("adm", "adm", "kk", "adm")
    page = at_counter(opened, hall)
    shows(page, "Kosong", 4)
    do(page, "next")
    shows(page, "A 1", 3)
    says(page, "good", "Berhasil: A 1")
    do(page, "recall")
    expect(page.locator("#act-recall")).to_be_enabled()
    do(page, "serve")
    expect(page.locator("#currentstate")).to_have_text("Loket 1 – dilayani")
    do(page, "finish")
    shows(page, "Kosong", 3)
    do(page, "next")
    shows(page, "A 2", 2)
    do(page, "no_show")
    shows(page, "Kosong", 2)
    do(page, "next")
    shows(page, "B 3", 1)
    do(page, "park")
    expect(page.locator("#others li")).to_have_count(2)
    row = page.locator("#others li", has_text="B 3").locator("button")
    expect(row).to_be_enabled()
    if do is by_mouse:
        row.click()
    else:
        page.keyboard.press("k")
        page.keyboard.press("Tab")
        expect(row).to_be_focused()
        page.keyboard.press("Enter")
    expect(page.locator("#others li")).to_have_count(1)
    do(page, "call")
    expect(page.get_by_label("Nomor tiket")).to_be_focused()
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    shows(page, "A 4", 1)
    do(page, "transfer")
    expect(page.get_by_label("Layanan").locator("option")).to_have_text(["B – Kartu keluarga"])
    confirm(page, do)
    shows(page, "Kosong", 2)
    do(page, "issue")
    page.get_by_label("Prioritas").select_option("elderly")
    confirm(page, do)
    expect(page.locator("#waiting li", has_text="A 5")).to_contain_text("Lansia · Administrasi")
    expect(page.locator("#act-next")).to_be_enabled()
    toggled(page, do)
    expect(page.locator("#services li").first).to_contain_text("tutup")
    toggled(page, do)
    expect(page.locator("#services li").first).not_to_contain_text("tutup")
    expect(page.locator("#act-new_day")).to_be_enabled()
    do(page, "new_day")
    expect(page.locator("dialog")).to_contain_text("nomor yang masih terbuka (4) hangus")
    confirm(page, do)
    shows(page, "Kosong", 0)
    said = [kind for kind, _ in hall.events()]
    assert kinds(hall)[4:] == [
        *("ticket.called 1", "ticket.recalled 1", "ticket.serving 1", "ticket.done 1", "ticket.called 2"),
        *("ticket.noshow 2", "ticket.called 3", "ticket.parked 3", "ticket.resumed 3", "ticket.called 4"),
        *("ticket.transferred 4", "ticket.issued 5"),
    ]
    assert said[-3:] == ["service.closed", "service.opened", "day.opened"]


def confirm(page: Page, do: Do) -> None:
    """Go on with what a dialog has asked."""
    if do is by_mouse:
        page.click("dialog button.main")
    else:
        page.locator("dialog button.main").focus()
        page.keyboard.press("Enter")
    expect(page.locator("dialog")).to_be_hidden()


def toggled(page: Page, do: Do) -> None:
    """Press the button of the first service."""
    button = page.locator("#services button").first
    expect(button).to_be_enabled()
    if do is by_mouse:
        button.click()
        return
    page.keyboard.press("b")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")


def test_from_the_sign_in_to_the_call_by_keyboard_alone(
    house: House, hall: Hall, browser: Callable[..., BrowserContext]
):
    hall.issue("adm")
    page = browser(locale="id-ID").new_page()
    page.goto(hall.console)
    page.wait_for_url(re.compile("/signin"))
    page.keyboard.type("petugas")
    page.keyboard.press("Tab")
    page.keyboard.type("kata-sandi-petugas")
    page.keyboard.press("Enter")
    expect(page.locator("#current")).to_have_text("Pilih loket Anda")
    expect(page.locator("#act-next")).to_be_disabled()
    page.keyboard.press("Tab")
    expect(page.locator("#counters")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#counters")).to_have_value("2")
    for _ in range(10):
        if page.evaluate("document.activeElement.id") == "act-next":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    shows(page, "A 1")
    assert [data["counter"] for _, data in hall.events("ticket.called")] == ["2"]


# The pause after an action lasts until the test says so.
PAUSE = """
const later = window.setTimeout;
window.setTimeout = (then, ms, ...all) => (ms === 300 ? (window.rested = then) : later(then, ms, ...all));
"""


def test_a_double_click_is_one_call_however_slow(opened: Opened, hall: Hall):
    hall.issue("adm", "adm")
    page = at_counter(opened, hall)
    sent = posted(page)
    page.dblclick("#act-next", delay=30)
    shows(page, "A 1", 1)
    expect(page.locator("#act-next")).to_be_enabled()
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    page.dblclick("#act-issue", delay=30)
    page.click("text=Batal")
    assert len(sent) == 1
    assert len(hall.events("ticket.called")) == 1


def test_a_key_that_bounces_or_is_held_is_one_call(opened: Opened, hall: Hall):
    hall.issue("adm", "adm", "adm")
    page = opened(f"{hall.console}&counter=1", prepare=lambda one: one.add_init_script(PAUSE))
    sent = posted(page)
    by_key(page, "next")
    shows(page, "A 1", 2)
    says(page, "good", "Berhasil: A 1")
    page.keyboard.press("Space")
    expect(page.locator("#act-next")).to_be_disabled()
    page.evaluate("window.rested()")
    expect(page.locator("#act-next")).to_be_enabled()
    page.keyboard.down("Space")
    shows(page, "A 2", 1)
    page.evaluate("window.rested()")
    expect(page.locator("#act-next")).to_be_enabled()
    page.keyboard.down("Space")  # as the keyboard repeats it
    page.keyboard.up("Space")
    assert len(sent) == 2
    assert len(hall.events("ticket.called")) == 2


def test_the_space_bar_presses_the_button_that_has_the_focus_and_nothing_else(opened: Opened, hall: Hall):
    hall.issue("adm", "adm")
    page = at_counter(opened, hall)
    by_mouse(page, "next")
    shows(page, "A 1")
    page.focus("#act-recall")
    page.keyboard.press("Space")
    says(page, "good", "Berhasil: A 1")
    expect(page.locator("#act-serve")).to_be_enabled()
    page.focus("#act-serve")
    page.keyboard.press("Space")
    expect(page.locator("#currentstate")).to_have_text("Loket 1 – dilayani")
    by_mouse(page, "finish")
    shows(page, "Kosong")
    assert kinds(hall)[2:5] == ["ticket.called 1", "ticket.recalled 1", "ticket.serving 1"]
    expect(page.locator("#act-next")).to_be_enabled()
    page.keyboard.press("Space")  # a mouse leaves the space bar alone
    shows(page, "A 2")


def test_neither_the_focus_nor_a_press_is_lost_to_an_update(opened: Opened, hall: Hall):
    hall.issue("adm", "adm", "kk")
    page = at_counter(opened, hall)
    for op in ("next", "park"):
        by_mouse(page, op)
        expect(page.locator("#act-next")).to_be_enabled()
    expect(page.locator("#others li")).to_have_count(1)
    for place, waits in (("#act-next", 3), ("#others button", 4), ("#services button", 5)):
        page.locator(place).first.focus()
        hall.issue("adm")
        expect(page.locator("#count")).to_have_text(str(waits))
        expect(page.locator(place).first).to_be_focused()
    page.locator("#act-next").focus()
    for op in ("Enter", "Enter"):
        expect(page.locator("#act-next")).to_be_enabled()
        before = page.locator("#current").inner_text()
        page.keyboard.press(op)
        expect(page.locator("#current")).not_to_have_text(before)
    expect(page.locator("#act-next")).to_be_focused()
    for place, kind in (("#act-serve", "ticket.serving"), ("#others button", "ticket.resumed")):
        expect(page.locator(place)).to_be_enabled()
        page.hover(place)
        page.mouse.down()
        waits = int(page.locator("#count").inner_text())
        hall.issue("kk")
        expect(page.locator("#count")).to_have_text(str(waits + 1))
        page.mouse.up()
        says(page, "good", "Berhasil")
        expect(page.locator("#act-next")).to_be_enabled()
        assert len(hall.events(kind)) == 1


def test_while_the_leader_is_cut_off_it_says_so_and_keeps_asking_with_the_same_key(opened: Opened, hall: Hall):
    hall.issue("adm", "adm")
    page = at_counter(opened, hall)
    sent = posted(page)
    hall.cut_off()
    expect(page.locator("#line")).to_have_text("Anjungan tidak terjangkau")
    by_mouse(page, "next")
    says(page, "warn", "Belum pasti")
    expect(page.locator("#act-next")).to_be_disabled()
    page.keyboard.press("Space")
    with page.expect_request("**/queue/commands"):
        pass
    page.reload()  # what a clerk does who is left in doubt
    says(page, "warn", "Belum pasti")
    hall.led_by("controller")
    says(page, "good", "Berhasil: A 1")
    shows(page, "A 1", 1)
    assert len(sent) >= 3
    assert len({one["key"] for one in sent}) == 1
    assert [data["key"] for _, data in hall.events("ticket.called")] == [sent[0]["key"]]
    page.reload()
    shows(page, "A 1", 1)
    by_mouse(page, "next")
    shows(page, "A 2", 0)
    assert len({one["key"] for one in sent}) == 2


def test_an_answer_that_is_lost_is_asked_for_again_with_the_same_key(opened: Opened, hall: Hall):
    hall.issue("adm", "adm")
    page = at_counter(opened, hall)
    sent = posted(page)
    lost = []

    def lose(route) -> None:
        if lost:
            route.fallback()
            return
        lost.append(route.fetch().json()["outcome"])
        route.abort()

    page.route("**/queue/commands", lose)
    by_mouse(page, "next")
    says(page, "warn", "Belum pasti")
    says(page, "good", "Berhasil: A 1")
    assert lost == ["done"]
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert len(hall.events("ticket.called")) == 1


def test_what_is_refused_is_said_in_words(opened: Opened, hall: Hall):
    page = at_counter(opened, hall)
    by_mouse(page, "next")
    says(page, "bad", "Tidak ada yang menunggu untuk loket ini.")
    by_mouse(page, "call")
    page.keyboard.type("77")
    page.keyboard.press("Enter")
    says(page, "bad", "Nomor itu tidak ada hari ini.")
    by_mouse(page, "issue")
    hall.command(op="close", service="adm")
    confirm(page, by_mouse)
    says(page, "bad", "Layanan itu sedang tutup.")
    assert not kinds(hall)


def test_a_dialog_is_about_the_ticket_for_which_it_was_opened(opened: Opened, hall: Hall):
    hall.issue("adm", "adm")
    page = at_counter(opened, hall)
    by_mouse(page, "next")
    shows(page, "A 1")
    by_key(page, "transfer")
    hall.command(op="call_next", counter="1")  # the counter's keypad
    expect(page.locator("#current")).to_have_text("A 2")
    confirm(page, by_key)
    says(page, "bad", "Tiket itu sudah berubah")
    assert not hall.events("ticket.transferred")


def test_a_new_day_is_begun_only_by_who_means_it(opened: Opened, hall: Hall):
    hall.issue("adm")
    page = at_counter(opened, hall)
    sent = posted(page)
    for leave in ("Enter", "Escape"):
        by_key(page, "new_day")
        expect(page.locator("dialog")).to_contain_text("tidak dapat dibatalkan")
        expect(page.get_by_role("button", name="Batal")).to_be_focused()
        page.keyboard.press(leave)
        expect(page.locator("dialog")).to_be_hidden()
    page.dblclick("#act-new_day")
    page.click("text=Batal")
    assert not sent
    assert len(hall.events("day.opened")) == 1


def test_whoever_was_signed_in_elsewhere_is_led_to_the_sign_in_and_back(opened: Opened, house: House, hall: Hall):
    hall.issue("adm")
    page = at_counter(opened, hall)
    house.sign_in(page.context)  # another tab of the same browser
    by_key(page, "next")
    page.wait_for_url(re.compile(r"/signin\?next="))
    page.fill("input[name=name]", "petugas")
    page.fill("input[name=password]", "kata-sandi-petugas")
    page.keyboard.press("Enter")
    shows(page, "Kosong", 1)  # refused for good: nothing is called behind the clerk's back
    by_key(page, "next")
    shows(page, "A 1", 0)
    page.click("#signout")
    page.wait_for_url(re.compile(r"/signin\?next="))
    assert page.request.get(f"{house.inside.address}/api/v1/session").status == 401


def test_a_session_that_has_ended_leads_to_the_sign_in(opened: Opened, hall: Hall):
    page = at_counter(opened, hall)
    key = key_of(page, "next")
    page.context.clear_cookies()
    page.keyboard.press(key)  # the page may have found out by itself before
    page.wait_for_url(re.compile(r"/signin\?next=%2Fconsole"))


def test_a_clerk_of_another_hall_is_told_so_and_can_leave(
    house: House, hall: Hall, browser: Callable[..., BrowserContext]
):
    name = f"tamu-{hall.site}"
    house.inside.person(name, "clerk", "balai-1")
    context = browser()
    house.sign_in(context, name)
    page = context.new_page()
    page.goto(house.hall().console)
    says(page, "bad", "Anda tidak berhak untuk balai ini.")
    page.click("#signout")
    page.wait_for_url(re.compile("/signin"))


def test_it_is_indonesian_until_somebody_switches_to_english_and_stays_so(opened: Opened, hall: Hall):
    page = at_counter(opened, hall)  # the browser's own language is English
    expect(page.locator("html")).to_have_attribute("lang", "id")
    expect(page.locator("#act-next")).to_contain_text("Panggil berikutnya")
    page.click("text=English")
    expect(page.locator("#act-next")).to_contain_text("Call next")
    by_mouse(page, "next")
    says(page, "bad", "Nobody is waiting for this counter.")
    page.goto(hall.console)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.click("text=Bahasa Indonesia")
    expect(page.locator("#act-next")).to_contain_text("Panggil berikutnya")


def test_what_the_hall_is_called_may_change_while_the_page_is_open(opened: Opened, house: House, hall: Hall):
    page = at_counter(opened, hall)
    changed = {"name": "Desa Genteng Wetan", "counters": [{"id": "1", "name": "Meja depan", "services": []}]}
    assert house.inside.admin.patch(f"/sites/{hall.site}", json=changed).status_code == 200
    hall.issue("adm")
    expect(page.locator("#hall")).to_have_text("Desa Genteng Wetan")
    expect(page.locator("#currentstate")).to_have_text("Meja depan")

"""The staff pages in a real browser."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import update

from controller.fleet.models import Device
from controller.ingest.alarms import now_ms
from controller.ingest.models import DeadLetter
from controller.updates.models import Release
from tests.controller.inside import Someone
from tests.controller.web.shell.conftest import GENTENG, SRONO, House

HANGS_MS = 60_000
pytestmark = pytest.mark.browser
EVERY = (
    *("/fleet", "/fleet/incidents", "/fleet/sites", f"/fleet/sites/{GENTENG}", "/fleet/updates"),
    *("/fleet/updates/begin", "/fleet/users", "/fleet/tokens", "/fleet/audit", "/fleet/letters"),
)
NAMELESS = """
() => [...document.querySelectorAll("a, button, input, select, [role=region], nav, svg[role]")]
  .filter((one) => one.checkVisibility() && one.getAttribute("aria-hidden") !== "true")
  .filter((one) => !(one.ariaLabel || one.title || one.labels?.length || one.closest("label") ||
    [...one.querySelectorAll(":not(.icon)")].concat(one).some((part) => [...part.childNodes].some(
      (child) => child.nodeType === 3 && child.data.trim() && !part.classList.contains("icon")))))
  .map((one) => one.outerHTML.slice(0, 160))
"""


@pytest.fixture
def opened(chromium: Browser, house: House) -> Iterator[Callable[..., Page]]:
    """Open pages in somebody's browser; none may have had an error, or have asked another host for anything."""
    wrong: list[str] = []
    contexts: list[BrowserContext] = []

    def open_page(path: str, person: Someone | None, **options: object) -> Page:
        context = chromium.new_context(**{"locale": "id-ID", "viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(HANGS_MS)
        contexts.append(context)
        if person is not None:
            cookie = person.cookies["balai_session"]
            context.add_cookies([{"name": "balai_session", "value": cookie, "url": house.address}])
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        foreign = re.compile(rf"^(?!({house.address}|{house.address.replace('http', 'ws')}|data:|blob:))")
        page.on("request", lambda asked: wrong.append(asked.url) if foreign.match(asked.url) else None)
        page.goto(house.address + path)
        return page

    expect.set_options(timeout=HANGS_MS)
    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


def ready(page: Page) -> Page:
    """Wait until the page's socket stands."""
    page.wait_for_function("() => window.socket?.connected")
    return page


def test_somebody_signs_in_and_is_where_they_wanted_to_be(house: House, people, opened):
    name = people("technician").get("/session").json()["name"]
    page = opened(f"/fleet/sites/{GENTENG}", None)
    page.get_by_label("Nama").fill(name)
    page.get_by_label("Kata sandi").fill(f"kata-sandi-{name}")
    page.get_by_role("button", name="Masuk").click()
    expect(page.get_by_role("heading", name="Desa Genteng Kulon")).to_be_visible()
    expect(page.get_by_role("link", name=name)).to_be_visible()
    page.get_by_role("button", name="Keluar").click()
    page.wait_for_url("**/signin")


def test_what_goes_wrong_is_seen_at_once_and_whoever_takes_it_on_is_seen_by_others(house: House, people, opened):
    wall = ready(opened("/fleet", people("viewer")))
    mark = wall.get_by_role("link", name="Desa Genteng Kulon: ")
    expect(wall.get_by_text("Tidak ada gangguan")).to_be_visible()
    id_ = house.trouble(GENTENG)
    expect(wall.get_by_role("link", name="Kertas habis")).to_be_visible()
    expect(mark).to_have_class(re.compile("urgent"))
    technician = ready(opened(f"/fleet/incidents/{id_}", people("technician")))
    technician.get_by_label("Komentar").fill("Gulungan baru dibawa")
    technician.get_by_role("button", name="Saya tangani").click()
    expect(technician.get_by_text("Gulungan baru dibawa")).to_be_visible()
    expect(wall.get_by_role("link", name=house.incident(id_).by)).to_be_visible()
    assert [one["what"] for one in house.audit() if one["target"].endswith(f"/{id_}")] == ["incident.acknowledge"]


def test_who_is_bound_to_a_hall_sees_its_mark_alone_and_nothing_of_others_comes_later(house: House, people, opened):
    page = ready(opened("/fleet", people("viewer", GENTENG)))
    house.trouble(SRONO, "fault")
    house.trouble(GENTENG, "paper_low")
    expect(page.get_by_role("link", name="Kertas hampir habis")).to_be_visible()
    expect(page.locator("svg.map a")).to_have_count(1)
    assert "Kebaman" not in page.content()


def test_a_language_that_was_chosen_is_remembered_here(house: House, people, opened):
    page = ready(opened("/fleet", people("viewer")))
    expect(page.get_by_role("heading", name="Keadaan balai")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "id"
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="How the halls do")).to_be_visible()
    page.goto(f"{house.address}/fleet/sites")
    expect(page.get_by_role("heading", name="Halls")).to_be_visible()
    page.goto(f"{house.address}/signin")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_light_follows_the_system_until_somebody_chooses(house: House, people, opened):
    page = ready(opened("/fleet/tokens", people("viewer"), color_scheme="dark"))
    theme = "() => [document.documentElement.dataset.theme, document.body.classList.contains('body--dark')]"
    assert page.evaluate(theme) == ["dark", True]
    page.emulate_media(color_scheme="light")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'light'")
    page.get_by_role("button", name="Gelap atau terang").click()
    assert page.evaluate(theme) == ["dark", True]
    ready(page).reload()
    ready(page)
    assert page.evaluate(theme) == ["dark", True]


def test_every_page_fits_a_phone_and_names_whatever_one_can_press(house: House, opened):
    house.trouble(GENTENG)
    phone = opened("/fleet", house.admin, viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    for path in EVERY:
        phone.goto(house.address + path)
        ready(phone)
        assert phone.evaluate("() => document.documentElement.scrollWidth") <= 360, path
        assert phone.evaluate(NAMELESS) == [], path
    phone.get_by_role("button", name="Menu").click()
    phone.get_by_role("navigation").get_by_role("link", name="Ikhtisar").click()
    expect(phone.get_by_role("heading", name="Keadaan balai")).to_be_visible()


def test_halls_are_found_by_their_sub_district_and_taken_away_as_a_file(house: House, people, opened):
    page = ready(opened("/fleet/sites", people("viewer")))
    page.get_by_label("Nama atau kecamatan").fill("genteng")
    expect(page.get_by_role("link", name="Desa Kebaman")).to_be_hidden()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    head, *rows = text.splitlines()
    assert head.startswith("Balai;Nama;")
    assert [row.split(";")[:2] for row in rows] == [[GENTENG, "Desa Genteng Kulon"]]


def test_an_admin_makes_an_account_and_removes_it(house: House, opened):
    page = ready(opened("/fleet/users", house.admin))
    page.get_by_role("button", name="Akun baru").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Nama").fill("sri.wahyuni")
    dialog.get_by_label("Kata sandi pertama").fill("pendek")
    dialog.get_by_role("button", name="Buat").click()
    expect(page.get_by_text("Periksa isian Anda")).to_be_visible()
    dialog.get_by_label("Kata sandi pertama").fill("kata sandi yang panjang")
    dialog.get_by_role("button", name="Buat").click()
    row = page.get_by_role("row", name="sri.wahyuni")
    expect(row).to_be_visible()
    assert house.has("sri.wahyuni")
    row.get_by_role("button", name="Hapus").click()
    page.get_by_role("dialog").get_by_role("button", name="Hapus").click()
    expect(row).to_be_hidden()
    assert not house.has("sri.wahyuni")
    assert [one["what"] for one in house.audit() if one["target"] == "sri.wahyuni"] == ["user.add", "user.remove"]


def test_a_rollout_is_begun_after_a_look_and_steered_live(house: House, opened):
    release = Release(
        rel="a" * 64, fw="9.9.9", seq=99, abi=6, least="0.0.1", roles="kiosk display", back=0, files=[],
        sha256="b" * 64, size=1000, bundle=b"x", who="admin", at=1,
    )  # fmt: skip
    here = update(Device).where(Device.site == GENTENG).values(seen=now_ms())  # or it is away for too long

    def fn(session) -> None:
        session.add(release)
        session.exec(here)

    house.parts.db.write(fn)
    page = ready(opened("/fleet/updates/begin", house.admin))
    begin = page.get_by_role("button", name="Mulai", exact=True)
    expect(begin).to_be_disabled()
    page.get_by_label("Gelombang").fill("50, 10")
    page.get_by_role("button", name="Tampilkan yang akan dilakukan").click()
    expect(page.get_by_role("alert").filter(has_text="harus")).to_be_visible()
    expect(begin).to_be_disabled()
    page.get_by_label("Gelombang").fill("100")
    page.get_by_role("button", name="Tampilkan yang akan dilakukan").click()
    expect(page.get_by_role("cell", name=GENTENG)).to_be_visible()
    begin.click()
    expect(page.get_by_role("heading", name="9.9.9")).to_be_visible()
    ready(page).get_by_role("button", name="Jeda").click()
    expect(page.get_by_text("Dijeda")).to_be_visible()
    house.admin.post("/rollouts/1/resume")
    expect(page.get_by_text("Berjalan")).to_be_visible()
    page.get_by_role("button", name="Akhiri").click()
    page.get_by_role("dialog").get_by_role("button", name="Akhiri").click()
    expect(page.get_by_text("Dibatalkan").first).to_be_visible()
    told = [one["what"] for one in house.audit() if str(one["what"]).startswith("rollout.")]
    assert told == ["rollout.add", "rollout.pause", "rollout.resume", "rollout.cancel"]


def test_dead_letters_are_leafed_through_and_looked_into(house: House, opened):
    letters = [
        DeadLetter(
            at=at,
            device="b0a732000001",
            reason="bad_event",
            detail=f"nomor-{at}",
            log="0" * 16,
            seq=at,
            body='{"v":<1>}',
        )
        for at in range(1, 61)
    ]
    house.parts.db.write(lambda session: session.add_all(letters))
    page = ready(opened("/fleet/letters", house.admin))
    expect(page.get_by_role("cell", name="nomor-60")).to_be_visible()
    expect(page.get_by_role("cell", name="nomor-10", exact=True)).to_be_hidden()
    expect(page.get_by_role("button", name="Lebih baru")).to_be_disabled()
    page.get_by_role("button", name="Lebih lama").click()
    expect(page.get_by_role("cell", name="nomor-10", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Lebih lama")).to_be_disabled()
    page.get_by_role("row", name="nomor-10").get_by_role("button", name="Periksa").click()
    expect(page.get_by_role("dialog").get_by_text('{"v":<1>}')).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Tutup").click()
    page.get_by_role("button", name="Lebih baru").click()
    expect(page.get_by_role("cell", name="nomor-60")).to_be_visible()

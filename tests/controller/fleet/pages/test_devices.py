"""The list of devices as its readers use it: they search, sort, keep a view, and change many after a look."""

import re

from playwright.sync_api import Page, expect
from sqlmodel import select

from controller.fleet.inventory.models import DeviceTag
from controller.fleet.orders.models import Command
from controller.ingest.alarms import now_ms
from tests.controller.fleet.inventory.fleet import SECRET, Fleet

LIST = "/fleet/devices"
BOX = "Saring"


def rows(page: Page):
    return page.locator("table.devices tbody tr")


def test_what_is_typed_is_found_and_stands_in_the_address_and_in_the_files(fleet: Fleet, opened):
    page = opened(fleet.near, LIST)
    expect(rows(page)).to_have_count(5)
    page.get_by_label(BOX).fill("role:kiosk site:genteng*")
    expect(rows(page)).to_have_count(2)
    expect(page).to_have_url(re.compile(r"filter=role%3Akiosk"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Unduh sebagai CSV").click()
    assert download.value.suggested_filename == "devices.csv"
    assert len(download.value.path().read_text("utf-8-sig").splitlines()) == 3
    page.reload()
    expect(rows(page)).to_have_count(2)
    expect(page.get_by_label(BOX)).to_have_value("role:kiosk site:genteng*")


def test_a_mistake_is_shown_at_its_place_and_the_list_stays(fleet: Fleet, opened):
    page = opened(fleet.near, LIST)
    page.get_by_label(BOX).fill("role:kiosk colour:red")
    alert = page.get_by_role("alert").filter(has_text="tidak ada isian colour")
    expect(alert).to_be_visible()
    expect(alert.locator("mark")).to_have_text("colour")
    expect(rows(page)).to_have_count(5)
    page.get_by_role("button", name="Apa saja yang bisa dicari?").click()
    expect(page.get_by_text("kekuatan Wi-Fi, dBm")).to_be_visible()
    page.get_by_role("button", name="Cadangan", exact=True).click()
    expect(rows(page)).to_have_count(1)
    expect(alert).to_have_count(0)


def test_a_heading_sorts_and_says_so(fleet: Fleet, opened):
    weak = fleet.devices["genteng-wetan", "layar"]
    fleet.says(weak, at=now_ms(), rssi=-88)
    page = opened(fleet.near, f"{LIST}?filter=-status:spare")
    heading = page.get_by_role("columnheader", name="Wi-Fi")
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    expect(rows(page).first).to_contain_text(weak)
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "descending")


def test_a_view_is_kept_and_taken_again(fleet: Fleet, opened):
    page = opened(fleet.near, f"{LIST}?filter=role:display")
    expect(rows(page)).to_have_count(2)
    page.get_by_role("button", name="Tampilan").click()
    page.get_by_role("button", name="Simpan tampilan ini").click()
    page.get_by_label("Nama").fill("Layar")
    page.get_by_role("button", name="Simpan", exact=True).click()
    expect(page.get_by_text("Tampilan disimpan")).to_be_visible()
    page.get_by_role("button", name="Semua", exact=True).click()
    expect(rows(page)).to_have_count(5)
    page.get_by_role("button", name="Tampilan").click()
    page.get_by_role("button", name="Layar", exact=True).click()
    expect(rows(page)).to_have_count(2)
    assert [one["filter"] for one in fleet.near.get("/views").json()] == ["role:display"]


def test_many_are_changed_after_a_look_and_nobody_elses(fleet: Fleet, opened):
    page = opened(fleet.near, f"{LIST}?filter=role:kiosk%20-status:spare")
    expect(rows(page)).to_have_count(2)
    rows(page).first.get_by_role("checkbox").click()
    expect(page.get_by_text("1 dipilih")).to_be_visible()
    page.get_by_role("button", name="Pilih semua 2 yang cocok").click()
    page.get_by_role("button", name="Perintah …").click()
    page.get_by_role("button", name="Lihat yang akan terjadi").click()
    expect(page.get_by_role("region", name="Perangkat").last).to_contain_text("genteng-kulon / kiosk-1")
    with fleet.inside.parts.db.read() as session:
        assert session.exec(select(Command)).all() == [], "a look changes nothing"
    page.get_by_role("button", name="Lakukan untuk 2 perangkat").click()
    expect(page.get_by_text("2 perangkat: sedang dikirim")).to_be_visible()
    with fleet.inside.parts.db.read() as session:
        done = set(session.exec(select(Command.device)))
    assert done == {fleet.devices["genteng-kulon", "kiosk-1"], fleet.devices["genteng-wetan", "kiosk-1"]}


def test_a_viewer_sees_their_own_halls_and_chooses_nothing(fleet: Fleet, opened):
    page = opened(fleet.viewer, LIST)
    expect(rows(page)).to_have_count(4)
    expect(page.get_by_role("checkbox")).to_have_count(0)
    assert SECRET not in page.content()
    with fleet.inside.parts.db.read() as session:
        assert session.exec(select(DeviceTag)).all() == []


def test_what_a_device_says_is_seen_without_a_press_and_on_a_phone(fleet: Fleet, opened):
    mac = fleet.devices["genteng-kulon", "layar"]
    page = opened(fleet.near, f"{LIST}?filter=id:{mac}", width=360)
    expect(rows(page)).to_have_count(1)
    fleet.says(mac, at=now_ms(), backlog=4321)
    expect(rows(page)).to_contain_text("4.321")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360, "only the table scrolls sideways"

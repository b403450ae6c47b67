"""The page of one device: what it says now, its figures, its commands with what became of them, its configuration."""

from playwright.sync_api import expect
from sqlmodel import select

from controller.fleet.orders.models import Command
from controller.ingest.alarms import now_ms
from tests.controller.fleet.inventory.fleet import Fleet


def test_it_shows_what_the_device_says_as_it_says_it(fleet: Fleet, opened):
    mac = fleet.devices["genteng-kulon", "kiosk-1"]
    fleet.says(mac, at=now_ms(), rssi=-61, heap=31_234)
    page = opened(fleet.viewer, f"/fleet/devices/{mac}")
    expect(page.get_by_role("heading", level=1)).to_have_text(mac)
    expect(page.get_by_text("31.234")).to_be_visible()
    expect(page.locator(".plot svg")).to_have_count(3)
    expect(page.get_by_role("button", name="Beri perintah")).to_have_count(0)
    expect(page.get_by_role("heading", name="Konfigurasi")).to_be_visible()
    fleet.says(mac, at=now_ms(), rssi=-93, code="E-05")
    expect(page.get_by_text("-93")).to_be_visible()
    expect(page.get_by_text("E-05")).to_be_visible()


def test_a_command_is_followed_from_the_press_to_its_outcome(fleet: Fleet, opened):
    mac = fleet.devices["genteng-kulon", "layar"]
    page = opened(fleet.near, f"/fleet/devices/{mac}")
    page.get_by_role("button", name="Beri perintah").click()
    table = page.get_by_role("region", name="Perintah")
    expect(table).to_contain_text("Menunggu perangkat")

    def done(session) -> None:
        [found] = session.exec(select(Command).where(Command.device == mac))
        found.state, found.reason = "failed", "digits"
        session.add(found)

    fleet.inside.parts.db.write(done)
    expect(table).to_contain_text("Gagal")
    expect(table).to_contain_text("layar tidak menjawab")


def test_tags_are_changed_where_they_are_seen(fleet: Fleet, opened):
    mac = fleet.devices["genteng-wetan", "kiosk-1"]
    page = opened(fleet.near, f"/fleet/devices/{mac}")
    page.get_by_role("button", name="Ubah tanda").click()
    page.get_by_role("dialog").get_by_label("Tanda").fill("baru pinjam")
    page.get_by_role("button", name="Simpan", exact=True).click()
    expect(page.locator(".tag")).to_have_text(["baru", "pinjam"])
    assert fleet.near.get(f"/devices/{mac}").json()["tags"] == ["baru", "pinjam"]


def test_a_device_of_another_is_not_there(fleet: Fleet, opened):
    mac = fleet.devices["srono", "kiosk-1"]
    for path in (f"/fleet/devices/{mac}", "/fleet/devices/02ba1affff00"):
        answer = fleet.near.get(fleet.inside.address + path)
        assert answer.status_code == 404
        assert "RAHASIA" not in answer.text

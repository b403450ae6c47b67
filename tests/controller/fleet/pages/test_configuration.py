"""The editor of configurations as admins use it: looked at before it is saved, with others beside, and back again."""

import re

import pytest
from playwright.sync_api import Page, expect

from controller.accounts.models import User
from tests.controller.fleet.inventory.fleet import SECRET, Fleet
from tests.controller.inside import SERVICES, Someone

ROOT = "/fleet/configuration"
HALL = "genteng-kulon"
SITE = f"site/{HALL}"
SCREEN = f"position/{HALL}/layar"


@pytest.fixture(scope="module")
def keeper(fleet: Fleet) -> Someone:
    """An admin of one sub-district."""
    return fleet.inside.person("admin-genteng", "admin", "district:genteng")


@pytest.fixture(autouse=True)
def _as_before(fleet: Fleet):
    yield
    for layer in ("fleet", SCREEN):
        save(fleet.inside.admin, layer, {})


def layer(who: Someone, path: str) -> dict:
    return who.get(f"/configuration/{path}").json()


def save(who: Someone, path: str, patch: dict[str, object], note: str = "") -> None:
    seen = {"If-Match": f'"{layer(who, path)["rev"]}"'}
    answer = who.put(f"/configuration/{path}", json={"patch": patch, "note": note}, headers=seen)
    assert answer.status_code == 200, answer.text


def turn(page: Page, name: str, way: str) -> None:
    """Say whether a value is set here."""
    setting(page, name).get_by_role("combobox", name="Nilai").click()
    page.get_by_role("option", name=way, exact=True).click()


def setting(page: Page, name: str):
    return page.locator(f'.setting[aria-label="{name}"]')


def look(page: Page):
    """Look at what would change; return the dialog."""
    page.get_by_role("button", name="Periksa, lalu simpan").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def test_a_value_is_set_after_a_look_and_followed_to_the_device(fleet: Fleet, keeper: Someone, opened):
    save(fleet.inside.admin, "fleet", {"volume": 12})
    page = opened(keeper, f"{ROOT}/{SCREEN}")
    volume = setting(page, "Volume suara")
    expect(volume).to_contain_text("12")
    expect(volume).to_contain_text("dari: Seluruh armada")
    turn(page, "Volume suara", "Tetapkan di sini")
    box = volume.get_by_label("Volume suara", exact=True)
    box.fill("31")
    expect(volume).to_contain_text("Paling banyak 30")
    expect(page.get_by_role("button", name="Periksa, lalu simpan")).to_be_disabled()
    box.fill("20")
    expect(volume).not_to_contain_text("Paling banyak 30")
    dialog = look(page)
    expect(dialog).to_contain_text("Posisi: 1, balai: 1, perangkat: 1")
    expect(dialog.locator("del").last).to_have_text("12")
    expect(dialog.locator("ins").last).to_have_text("20")
    assert layer(keeper, SCREEN)["patch"] == {}, "a look changes nothing"
    dialog.get_by_label("Catatan").fill("Warga tidak mendengar")
    dialog.get_by_role("button", name="Simpan untuk 1 perangkat").click()
    expect(page.get_by_role("row").filter(has_text="Warga tidak mendengar")).to_contain_text("admin-genteng")
    assert layer(keeper, SCREEN)["patch"] == {"volume": 20}
    expect(page.locator(".standing.pending")).to_contain_text("1")
    mac = fleet.devices[HALL, "layar"]
    fleet.says(mac, config=keeper.get(f"/devices/{mac}/configuration").json()["hash"])
    expect(page.locator(".standing.applied")).to_contain_text("1")


def test_somebody_else_is_quicker_and_nobody_loses_anything(fleet: Fleet, keeper: Someone, opened):
    page = opened(keeper, f"{ROOT}/{SCREEN}")
    turn(page, "Kecerahan", "Tetapkan di sini")
    setting(page, "Kecerahan").get_by_label("Kecerahan", exact=True).fill("3")
    save(fleet.inside.admin, SCREEN, {"shown": 9}, "rapat")
    news = page.locator(".news")
    expect(news).to_contain_text("admin sudah menyimpan lapisan ini")
    expect(news.locator("ins")).to_have_text("9 s")
    expect(setting(page, "Kecerahan").get_by_label("Kecerahan", exact=True)).to_have_value("3")
    news.get_by_role("button", name="Ambil perubahannya").click()
    expect(news).to_have_count(0)
    look(page).get_by_role("button", name="Simpan untuk").click()
    expect(page.get_by_text("Tidak ada yang diubah")).to_be_visible()
    assert layer(keeper, SCREEN)["patch"] == {"shown": 9, "brightness": 3}


def test_an_earlier_revision_is_looked_at_and_is_in_force_again(fleet: Fleet, keeper: Someone, opened):
    save(keeper, SCREEN, {"lang": "en"}, "tamu asing")
    save(keeper, SCREEN, {"volume": 5})
    page = opened(keeper, f"{ROOT}/{SCREEN}")
    row = page.get_by_role("row").filter(has_text="tamu asing")
    row.get_by_role("button", name="Yang berubah").click()
    expect(page.get_by_text("Bahasa: –")).to_contain_text("English")
    row.get_by_role("button", name="Pulihkan").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Catatan")).to_have_value(re.compile("Kembali ke revisi"))
    dialog.get_by_role("button", name="Simpan untuk").click()
    expect(setting(page, "Bahasa")).to_contain_text("dari: lapisan ini")
    assert layer(keeper, SCREEN)["patch"] == {"lang": "en"}


def test_services_are_written_as_a_list_or_as_json_and_what_would_break_is_not_saved(
    fleet: Fleet, keeper: Someone, opened
):
    fleet.inside.position(HALL, "loket-2", "counter", counter="2", name="Loket 2")
    page = opened(keeper, f"{ROOT}/{SITE}", width=360)
    page.get_by_role("button", name="Tambah layanan").click()
    new = setting(page, "Layanan").locator(".item").last
    expect(new).to_contain_text("Isilah")
    for label, text in (("Nama", "Akta"), ("Id", "akta")):
        new.get_by_label(label, exact=True).fill(text)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    setting(page, "Loket").locator(".item").last.get_by_role("button", name="Hapus").click()
    dialog = look(page)
    expect(dialog.get_by_role("alert")).to_contain_text(f"{HALL} / loket-2")
    expect(dialog.get_by_role("button", name="Simpan untuk")).to_be_disabled()
    dialog.get_by_role("button", name="Batal").click()
    page.get_by_role("button", name="JSON").click()
    text = page.get_by_label("Lapisan sebagai JSON")
    expect(text).to_have_value(re.compile('"akta"'))
    text.fill("{")
    expect(page.get_by_role("alert").filter(has_text="baris 1, kolom 2")).to_be_visible()
    expect(page.get_by_role("button", name="Periksa, lalu simpan")).to_be_disabled()
    text.fill('{"share": 4, "services": [{"id": "adm", "letter": "A", "name": "Administrasi"}]}')
    look(page).get_by_role("button", name="Simpan untuk")
    assert layer(keeper, SITE)["patch"]["services"] == SERVICES


def test_who_may_not_sees_and_writes_nothing(fleet: Fleet, keeper: Someone, opened):
    page = opened(fleet.near, f"{ROOT}/{SITE}")
    expect(setting(page, "Layanan")).to_contain_text("Administrasi")
    expect(page.locator("main input")).to_have_count(2)  # of which revisions are compared
    page = opened(keeper, f"{ROOT}/fleet")
    expect(page.get_by_text("Anda hanya dapat melihat")).to_be_visible()
    expect(page.get_by_role("button", name="Periksa, lalu simpan")).to_have_count(0)
    page = opened(keeper, ROOT)
    page.get_by_label("Cari balai atau posisi").fill("layar")
    expect(page.get_by_role("link", name=f"Desa {HALL} – Desa {HALL}")).to_have_attribute("href", f"{ROOT}/{SCREEN}")
    assert SECRET not in page.content()
    for path in ("site/srono", "position/srono/layar"):
        assert keeper.get(f"{fleet.inside.address}{ROOT}/{path}").status_code == 403
    for path in (f"position/{HALL}/nobody", "kind/palace"):
        assert keeper.get(f"{fleet.inside.address}{ROOT}/{path}").status_code == 404


def test_a_right_that_was_taken_away_is_gone_in_an_open_dialog_too(fleet: Fleet, opened):
    newcomer = fleet.inside.person("admin-baru", "admin", "district:genteng")
    page = opened(newcomer, f"{ROOT}/{SCREEN}")
    turn(page, "Kecerahan", "Tetapkan di sini")
    dialog = look(page)

    def demote(session) -> None:
        session.get(User, "admin-baru").role = "technician"

    fleet.inside.parts.db.write(demote)
    dialog.get_by_role("button", name="Simpan untuk").click()
    expect(page.get_by_text("Akun Anda tidak berhak")).to_be_visible()
    assert layer(newcomer, SCREEN)["patch"] == {}

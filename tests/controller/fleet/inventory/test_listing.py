"""Lists of devices over HTTP: filtered, sorted, in pages, as files; tags and figures."""

import csv
import io
import zipfile
from xml.etree import ElementTree

import pytest
from sqlmodel import select

from controller.fleet.inventory.export import COLUMNS
from controller.fleet.inventory.history import DAY_MS, STEP_MS
from controller.fleet.inventory.models import Sample
from controller.ingest.alarms import now_ms
from tests.controller.fleet.inventory.fleet import NOW, SPARE, Fleet


def test_without_parameters_the_list_is_whole(fleet: Fleet):
    answer = fleet.all.get("/devices")
    assert {one["id"] for one in answer.json()} == {*fleet.devices.values(), SPARE}
    assert answer.headers["X-Total-Count"] == str(len(fleet.devices) + 1)
    assert "Link" not in answer.headers


def test_pages_lead_from_one_to_the_next_until_every_device_was_shown(fleet: Fleet):
    found, answer = [], fleet.all.get("/devices", params={"filter": "-status:spare", "sort": "-site", "limit": 3})
    while True:
        assert answer.headers["X-Total-Count"] == str(len(fleet.devices))
        found += answer.json()
        if "next" not in answer.links:
            break
        answer = fleet.all.get(fleet.inside.address + answer.links["next"]["url"])
    assert [one["site"] for one in found] == sorted((site for site, _ in fleet.devices), reverse=True)
    assert len({one["id"] for one in found}) == len(found)


def test_what_devices_say_can_be_asked_for_at_once(fleet: Fleet):
    weak, old = fleet.devices["srono", "kiosk-1"], fleet.devices["muncar", "layar"]
    fleet.says(weak, rssi=-91, backlog=7, fw="1.2.3")
    fleet.says(old, at=now_ms() - DAY_MS, online=False, fw="1.1.9", code="E-05")
    assert fleet.found(fleet.all, filter="rssi<-90 online:yes") == [weak]
    assert fleet.found(fleet.all, filter="seen>23h seen<25h") == [old]
    assert fleet.found(fleet.all, filter="fw>=1.1", sort="fw") == [old, weak]
    assert fleet.found(fleet.all, filter="fw:1.2 or code:e-05", sort="-backlog") == [weak, old]
    assert fleet.found(fleet.all, filter="role:display kind:village", site="muncar") == [old]
    assert fleet.found(fleet.all, filter="role:kiosk or role:display", site="muncar", sort="position") == [
        fleet.devices["muncar", "kiosk-1"],
        old,
    ], "the site goes before the whole filter"


def test_a_filter_that_is_none_is_refused_with_its_place_in_the_readers_language(fleet: Fleet):
    for path in ("/devices", "/devices/export"):
        answer = fleet.all.get(path, params={"filter": "role:kiosk colour:red", "lang": "id"})
        assert answer.status_code == 422
        body = answer.json()
        assert (body["position"], body["length"]) == (11, 6)
        assert "rssi" in body["allowed"]
        assert body["detail"].startswith("Huruf ke-12: tidak ada isian colour")
        assert fleet.all.get(path, params={"filter": "(", "site": "srono"}).json()["position"] == 1
        assert fleet.all.get(path, params={"sort": "colour"}).status_code == 422


def test_tags_are_put_on_devices_found_by_them_and_counted_for_those_who_may_see_them(fleet: Fleet):
    near, far = fleet.devices["genteng-kulon", "kiosk-1"], fleet.devices["srono", "layar"]
    assert fleet.near.put(f"/devices/{near}/tags", json={"tags": ["pinjam", "baru", "baru"]}).json() == {
        "tags": ["baru", "pinjam"]
    }
    fleet.far.put(f"/devices/{far}/tags", json={"tags": ["baru", "rahasia"]})
    assert fleet.near.get(f"/devices/{near}").json()["tags"] == ["baru", "pinjam"]
    assert fleet.found(fleet.all, filter="tag:baru") == sorted([near, far])
    assert fleet.near.get("/tags").json() == [{"tag": "baru", "devices": 1}, {"tag": "pinjam", "devices": 1}]
    assert {one["tag"]: one["devices"] for one in fleet.all.get("/tags").json()}["baru"] == 2
    assert fleet.near.put(f"/devices/{near}/tags", json={"tags": [f"t{n}" for n in range(17)]}).status_code == 422
    assert fleet.viewer.put(f"/devices/{near}/tags", json={"tags": []}).status_code == 403
    assert fleet.near.put(f"/devices/{far}/tags", json={"tags": []}).status_code == 404
    changes = [one for one in fleet.inside.audit() if one["what"] == "device.tags"]
    assert [(one["who"], one["target"]) for one in changes[:2]] == [("teknisi-genteng", near), ("teknisi-srono", far)]


def test_the_history_is_the_worst_of_each_ten_minutes_and_is_forgotten_in_time(fleet: Fleet):
    mac, now = fleet.devices["genteng-wetan", "kiosk-1"], now_ms()
    step = now - now % STEP_MS
    fleet.inside.parts.db.write(lambda session: session.add(Sample(device=mac, at=step - 15 * DAY_MS, heap=1)))
    fleet.says(mac, at=step - STEP_MS, heap=40_000)
    for after, (heap, rssi, backlog) in enumerate(((30_000, -60, 9), (20_000, -80, 0), (25_000, -70, 5))):
        fleet.says(mac, at=step + after, heap=heap, rssi=rssi, backlog=backlog)
    fleet.says(mac, at=now, online=False, heap=1)
    assert fleet.viewer.get(f"/devices/{mac}/history").json() == [
        {"at": step - STEP_MS, "heap": 40_000, "rssi": -60, "backlog": 0},
        {"at": step, "heap": 20_000, "rssi": -80, "backlog": 9},
    ]
    with fleet.inside.parts.db.read() as session:
        assert session.get(Sample, (mac, step - 15 * DAY_MS)) is None
    other = fleet.devices["srono", "kiosk-1"]
    assert fleet.viewer.get(f"/devices/{other}/history").status_code == 404


def test_the_samples_of_a_device_that_is_no_more_are_forgotten_at_the_next_start(fleet: Fleet):
    mac = fleet.devices["muncar", "kiosk-1"]
    fleet.says(mac, at=NOW - 400 * DAY_MS)
    fleet.inside.parts.roster.forget_silent()
    fleet.inside.parts.db.write(lambda session: None)
    with fleet.inside.parts.db.read() as session:
        assert session.exec(select(Sample).where(Sample.device == mac)).all() == []


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_holds_what_the_list_holds_and_nothing_that_a_spreadsheet_would_run(fleet: Fleet, kind):
    mac = fleet.devices["genteng-kulon", "layar"]
    fleet.says(mac, rssi=-77, code="=1+1")
    answer = fleet.near.get("/devices/export", params={"format": kind, "filter": "role:display", "lang": "en"})
    assert answer.status_code == 200
    assert f'filename="devices.{kind}"' in answer.headers["Content-Disposition"]
    rows = read(kind, answer.content)
    assert rows[0] == list(COLUMNS)
    assert [row[0] for row in rows[1:]] == fleet.found(fleet.near, filter="role:display")
    row = dict(zip(rows[0], next(row for row in rows if row[0] == mac), strict=True))
    assert (row["Wi-Fi (dBm)"], row["Code"]) == ("-77", "'=1+1" if kind == "csv" else "=1+1")


def read(kind: str, content: bytes) -> list[list[str]]:
    """Return the cells of a file."""
    if kind == "csv":
        assert content.startswith(b"\xef\xbb\xbf"), "Excel would take it for another encoding"
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))
    book = zipfile.ZipFile(io.BytesIO(content))
    sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert sheet.findall(f".//{space}f") == [], "no formula"
    rows = []
    for row in sheet.iter(f"{space}row"):
        cells = dict.fromkeys(range(len(COLUMNS)), "")
        for cell in row.iter(f"{space}c"):
            text = "".join(one.text or "" for one in cell.iter() if one.tag in (f"{space}v", f"{space}t"))
            cells[ord(cell.attrib["r"].rstrip("0123456789")) - ord("A")] = text
        rows.append(list(cells.values()))
    return rows

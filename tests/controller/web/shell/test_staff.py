"""Who may open which page, what a page is sent with, and what of NiceGUI is there when nobody asks for one."""

import asyncio
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from nicegui import Client, core

from tests.controller.inside import Inside
from tests.controller.web.shell.conftest import GENTENG, SRONO, House

ROOT = Path(__file__).resolve().parents[4]
EVERYBODYS = ["/fleet", "/fleet/incidents", "/fleet/sites", f"/fleet/sites/{GENTENG}", "/fleet/tokens"]
ADMINS = ["/fleet/users", "/fleet/audit", "/fleet/letters", "/fleet/updates", "/fleet/updates/begin"]


@pytest.mark.parametrize("path", [*EVERYBODYS, *ADMINS, "/fleet/sites?q=srono"])
def test_who_has_not_signed_in_is_asked_to_and_comes_back(house: House, path):
    answer = house.someone().get(house.address + path)
    assert answer.status_code == 303
    assert answer.headers["location"].replace("%3F", "?").replace("%3D", "=") == f"/signin?next={path}"


def test_a_token_opens_no_page(house: House):
    token = house.admin.post("/tokens", json={"name": "halaman", "role": "admin"}).json()["token"]
    answer = house.someone(Authorization=f"Bearer {token}").get(f"{house.address}/fleet")
    assert answer.status_code == 303


def test_pages_of_the_whole_fleet_are_those_of_who_is_bound_to_nothing(house: House, people):
    for path in ADMINS:
        for person, status in ((people("technician"), 403), (people("admin", GENTENG), 403), (house.admin, 200)):
            assert person.get(house.address + path).status_code == status, path
    for path in EVERYBODYS:
        assert people("viewer").get(house.address + path).status_code == 200, path


def test_who_is_bound_to_a_hall_sees_nothing_of_another(house: House, people):
    id_ = house.trouble(SRONO, "fault")
    bound = people("technician", GENTENG)
    assert bound.get(f"{house.address}/fleet/sites/{SRONO}").status_code == 403
    assert bound.get(f"{house.address}/fleet/incidents/{id_}").status_code == 404
    assert house.admin.get(f"{house.address}/fleet/incidents/{id_}").status_code == 200
    for path in ("/fleet", "/fleet/incidents", "/fleet/sites", f"/fleet/incidents?site={SRONO}"):
        assert "Kebaman" in house.admin.get(house.address + path).text, "or the test shows nothing"
        assert "Kebaman" not in bound.get(house.address + path).text
    assert "Genteng Kulon" in bound.get(f"{house.address}/fleet/sites").text


def test_nothing_is_kept_of_a_page_that_was_not_opened(house: House, people):
    house.admin.get(f"{house.address}/fleet/tokens")
    before = set(Client.instances)
    assert house.someone().get(f"{house.address}/fleet").status_code == 303
    assert people("viewer").get(f"{house.address}/fleet/users").status_code == 403
    assert house.admin.get(f"{house.address}/fleet/sites/nothing").status_code == 404
    assert set(Client.instances) <= before


@pytest.mark.parametrize("path", ["/fleet/nothing", "/fleet/sites/nothing", "/fleet/incidents/0", "/fleet/rollouts/x"])
def test_what_is_not_there_is_said_on_a_page_of_ours(house: House, path):
    answer = house.admin.get(house.address + path)
    assert answer.status_code == 404
    assert "nonce" not in answer.text
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_a_page_runs_the_scripts_that_it_was_sent_with_and_no_others(house: House):
    pages = [house.admin.get(f"{house.address}/fleet") for _ in range(2)]
    nonces = []
    for answer in pages:
        policy = answer.headers["content-security-policy"]
        nonce = re.search(r"script-src 'self' 'nonce-([\w-]{22})' 'unsafe-eval';", policy)
        assert nonce, policy
        nonces.append(nonce[1])
        assert answer.text.count("<script") == answer.text.count(f'<script nonce="{nonce[1]}"')
        for needed in ("default-src 'none'", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"):
            assert needed in policy
        assert "http:" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-frame-options"] == "DENY"
    assert nonces[0] != nonces[1]


def test_what_people_have_written_is_never_taken_for_a_script(house: House, until):
    house.site("nakal", name="</script><script>alert(1)</script>", district="genteng")
    until(lambda: "nakal" in {one.id for one in house.parts.incidents.glances.now()}, "the overview is old")
    for path in ("/fleet", "/fleet/sites", "/fleet/sites/nakal"):
        text = house.admin.get(house.address + path).text
        assert "alert(1)" in text
        assert "<script>alert" not in text
        assert '">alert(1)' not in text


def test_staff_find_the_pages_from_the_list_of_halls(house: House, people):
    assert 'href="/fleet"' in people("technician").get(house.address + "/").text
    assert 'href="/fleet"' not in people("clerk").get(house.address + "/").text


def test_files_are_kept_by_browsers_and_sent_small(house: House):
    text = house.admin.get(f"{house.address}/fleet").text
    file = re.search(r'src="(/_nicegui/[^"]+/static/quasar[^"]+)"', text)
    assert file
    answer = house.someone().get(house.address + file[1], headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]


def test_neither_commands_nor_the_api_load_nicegui():
    code = "import sys, controller.cli, controller.app, controller.process; sys.exit('nicegui' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_pages_begin_and_end_with_the_application_and_leave_nothing(house: House, tmp_path, monkeypatch):
    house.admin.get(f"{house.address}/fleet")
    assert core.loop is not None
    asyncio.run_coroutine_threadsafe(house.parts.closing[0](), core.loop).result()  # a process has NiceGUI once
    assert not core.app.is_started
    monkeypatch.chdir(tmp_path)
    before = set(threading.enumerate())
    one = Inside(tmp_path / "data")
    assert one.admin.get(f"{one.address}/fleet").status_code == 200
    one.stop()
    left = [thread.name for thread in set(threading.enumerate()) - before]
    assert [name for name in left if not name.startswith("asyncio")] == [], "those are of the first one's loop"
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert house.admin.get(f"{house.address}/fleet").status_code == 200, "and then it is there again"

"""`balai` at the command line: what is wrong is one line that names it, and a bad start leaves nothing."""

import json
import os
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from controller.commands import serve as serving
from controller.folder import write_secret
from tests.controller.conftest import BALAI, Serving, environment
from tests.controller.waiting import HANGS, until

SITE = {"id": "genteng", "name": "Desa Genteng", "services": [{"id": "adm", "letter": "A", "name": "Administrasi"}]}
PORTS = ("--port", "0", "--broker-port", "0")
NOBODY = 65534


def as_nobody(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `balai` as a user who may write nowhere but below /tmp."""
    who = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*who, *BALAI, *arguments],
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
        env=environment(PYTHONDONTWRITEBYTECODE="1", HOME="/tmp"),
        cwd="/",
    )


def one_line(run: "subprocess.CompletedProcess[str]", code: int, *words: str) -> None:
    """Check that a command has ended with `code` and one line that holds `words`."""
    assert run.returncode == code, run.stdout + run.stderr
    assert run.stderr.count("\n") == 1, run.stderr
    assert run.stderr.startswith("balai: ")
    for word in words:
        assert word in run.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("port", "99999"), ("host", "no.such.host.invalid"), ("tls-cert", "/nowhere/cert.pem"), ("log-level", "loud"),
        ("database-url", "mysql://h/n"), ("broker-url", "http://h"), ("drain-rate", "-1"),
        ("broker-host", "203.0.113.9"),
    ],
)  # fmt: skip
def test_a_wrong_setting_stops_the_start_with_one_line_and_code_2(balai, tmp_path, option, value):
    ports = () if option == "port" else PORTS
    run = balai("serve", "--data", str(tmp_path / "data"), *ports, f"--{option}", value)
    one_line(run, 2, f"setting {option.replace('-', '_')}", "allowed: ")
    assert "Traceback" not in run.stderr


def test_a_weak_or_unknown_setting_in_the_environment_is_named_and_not_repeated(balai, tmp_path):
    data = str(tmp_path / "data")
    run = balai("serve", "--data", data, *PORTS, BALAI_BROKER_PASSWORD="hunter2")
    one_line(run, 2, "setting broker_password", "BALAI_BROKER_PASSWORD")
    assert "hunter2" not in run.stderr
    one_line(balai("settings", BALAI_PROT="1"), 2, "BALAI_PROT", "did you mean port?")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for place in ("/proc/balai", str(tmp_path / "file" / "data")):
        one_line(as_nobody("serve", "--data", place, *PORTS), 1, f"the data folder {place} cannot be")
    closed = Path("/root") if os.geteuid() == 0 else Path("/")
    one_line(as_nobody("serve", "--data", str(closed / "balai-data"), *PORTS), 1, "cannot be made", "Permission denied")
    if os.geteuid() == 0:
        theirs = tmp_path / "theirs"  # another user's folder that we may look into and not write
        theirs.mkdir(mode=0o755)
        for one in (theirs, *theirs.parents):
            if one.is_relative_to("/tmp") and one != Path("/tmp"):
                one.chmod(one.stat().st_mode | 0o055)
        one_line(as_nobody("serve", "--data", str(theirs), *PORTS), 1, f"the data folder {theirs} cannot be")


def test_a_ready_file_that_cannot_be_written_is_named_before_anything_starts(balai, tmp_path):
    run = balai("serve", "--data", str(tmp_path / "data"), *PORTS, "--ready-file", str(tmp_path / "no" / "ready.json"))
    one_line(run, 1, "ready.json cannot be written", "--ready-file")


def test_the_ready_file_is_never_there_before_the_controller_serves(tmp_path, monkeypatch):
    file, written = tmp_path / "ready.json", []
    file.write_text("of one that was killed")
    monkeypatch.setattr(
        serving, "write_secret", lambda path, content: (written.append(path), write_secret(path, content))
    )
    serving._can_be_written(file)
    assert written
    assert file not in written
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_none_or_of_a_later_version_stops_the_start(balai, serve, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "balai.db").write_bytes(b"this is no database at all, " * 400)
    run = balai("serve", "--data", str(data), *PORTS)
    assert run.returncode == 1
    assert "balai: the database cannot be used: file is not a database" in run.stderr.splitlines()[-1]
    one_line(balai("user", "list", "--data", str(data)), 1, "file is not a database")
    one_line(balai("rebuild", "--data", str(data)), 1, "file is not a database")


def test_a_server_that_cannot_be_reached_stops_the_first_start(balai, tmp_path):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://balai:quite-a-secret@127.0.0.1:{nobody.getsockname()[1]}/balai"
        run = balai("serve", "--data", str(tmp_path / "data"), *PORTS, "--database-url", url)
    assert run.returncode == 1
    assert "the database server cannot be reached" in run.stderr
    assert "quite-a-secret" not in run.stderr


@pytest.mark.parametrize("command", [["rebuild"], ["user", "list"], ["user", "remove", "x"], ["backup", "x.tar"]])
def test_a_command_in_the_wrong_folder_says_so_and_makes_nothing(balai, tmp_path, command):
    nowhere = tmp_path / "nowhere"
    run = balai(*command, "--data", str(nowhere))
    one_line(run, 1, str(nowhere))
    assert not nowhere.exists()


def test_settings_shows_all_with_their_origin_and_no_secret(balai, tmp_path):
    run = balai(
        *("settings", "--json", "--broker-url", "mqtt://balai:quite-a-secret@broker.example"),
        BALAI_DATA=str(tmp_path),
    )
    shown = json.loads(run.stdout)
    assert shown["data"] == {"value": str(tmp_path), "from": "environment BALAI_DATA"}
    assert shown["broker_url"]["from"] == "option --broker-url"
    assert "quite-a-secret" not in run.stdout + balai("settings", "--broker-url", "mqtt://b:quite-a-secret@h").stdout


def test_an_account_is_made_changed_listed_and_removed_while_the_controller_runs(serve, balai):
    running = serve()
    data = ("--data", str(running.data))
    made = balai("user", "add", "sari", "--role", "clerk", "--sites", "genteng rogojampi", *data)
    password = made.stdout.split("password")[1].split()[0]

    def signed_in(word: str) -> int:
        with running.client() as client:
            return client.post("/api/v1/session", json={"name": "sari", "password": word}).status_code

    assert signed_in(password) == 200
    assert "sari" in balai("user", "list", *data).stdout
    changed = balai("user", "password", "sari", *data).stdout.split("password")[1].split()[0]
    assert signed_in(password) == 401
    assert signed_in(changed) == 200
    one_line(balai("user", "add", "sari", *data), 1, "taken")
    one_line(balai("user", "add", "wati", "--role", "king", *data), 1, "a role is one of")
    one_line(balai("user", "add", "wati", "--sites", "a,b", *data), 1, "no id of a site")
    one_line(balai("user", "remove", "admin", *data), 1, "last admin")
    assert balai("user", "remove", "sari", *data).returncode == 0
    assert signed_in(changed) == 401


@contextmanager
def admin_of(running: Serving) -> Iterator[httpx.Client]:
    """Give a signed-in admin's client of a controller."""
    with running.client() as client:
        answer = client.post("/api/v1/session", json={"name": "admin", "password": running.password})
        client.headers["X-CSRF"] = answer.json()["csrf"]
        yield client


def test_a_backup_of_a_running_controller_comes_back_whole_elsewhere(serve, balai, tmp_path):
    running = serve("--broker-tls", "--broker-tls-host", "127.0.0.1", "--broker-tls-port", "0")
    with admin_of(running) as admin:
        assert admin.post("/api/v1/sites", json=SITE).status_code == 201
        until(lambda: admin.get("/api/v1/sites/genteng/board").json()["board"]["day"], "no day is opened")
        path, key = "/api/v1/sites/genteng/queue/commands", {"Idempotency-Key": "k"}
        outcome = admin.post(path, json={"op": "issue", "service": "adm"}, headers=key).json()
        assert outcome["ticket"] == 1
        token = admin.post("/api/v1/tokens", json={"name": "later", "role": "admin"}).json()["token"]
    archive = tmp_path / "a.tar.gz"
    assert balai("backup", str(archive), "--data", str(running.data)).returncode == 0
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    refused = balai("restore", str(archive), "--data", str(running.data), "--force")
    one_line(refused, 1, "in use by process")
    assert running.is_ready()
    assert running.stop() == 0

    restored = balai("restore", str(archive), "--data", str(tmp_path / "again"))
    assert restored.returncode == 0, restored.stderr
    for name in ("ca/ca.pem", "ca/ca.key", "keys/secrets.key", "broker/dynamic-security.json", "broker/server.crt"):
        assert (tmp_path / "again" / name).read_bytes() == (running.data / name).read_bytes(), name
    rebuilt = balai("rebuild", "--data", str(tmp_path / "again"))
    assert rebuilt.returncode == 0
    assert rebuilt.stdout.rstrip().endswith("events")
    again = serve(data="again")
    assert "password" not in again.said
    with again.client(headers={"Authorization": f"Bearer {token}"}) as client:
        assert [one["id"] for one in client.get("/api/v1/sites").json()] == ["genteng"]
        tickets = client.get("/api/v1/sites/genteng/queue").json()["tickets"]
        assert [(one["no"], one["state"]) for one in tickets] == [(1, "waiting")]
        same = client.post(path, json={"op": "issue", "service": "adm"}, headers=key).json()
        assert same == outcome, "the key is remembered through backup, restore and rebuild"

    again.stop()
    one_line(balai("restore", str(archive), "--data", str(again.data)), 1, "--force")
    aside = balai("restore", str(archive), "--data", str(again.data), "--force")
    assert "what was there lies in" in aside.stdout


def test_an_open_board_does_not_hold_up_the_end(serve):
    running = serve()
    with admin_of(running) as admin:
        assert admin.post("/api/v1/sites", json=SITE).status_code == 201
        with admin.stream("GET", "/api/v1/sites/genteng/board/stream") as stream:
            lines = stream.iter_lines()
            assert next(lines) == "event: board"
            assert running.stop() == 0
            assert not [line for line in lines if line.startswith("event: error")]
    log = running.log.read_text()
    assert "Cancel" not in log, "uvicorn had to cut it off"
    assert "Traceback" not in log


def test_clips_are_made_below_the_data_folder_that_any_setting_names(balai, tmp_path):
    (tmp_path / "balai.toml").write_text(f'data = "{tmp_path / "data"}"\n')
    run = balai(
        "voice", "build", "--lang", "id", "--card", str(tmp_path / "card"), BALAI_CONFIG=str(tmp_path / "balai.toml")
    )
    assert run.returncode == 0, run.stderr
    clips = sorted((tmp_path / "data" / "voice" / "id").glob("*.wav"))
    assert len(clips) >= 47
    assert all(path.read_bytes()[:4] == b"RIFF" for path in clips)
    assert len(list((tmp_path / "card" / "01").glob("*.wav"))) == len(clips)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    one_line(balai("voice", "build", "--lang", "jv", "--data", str(tmp_path / "data")), 1, "jv is no language")

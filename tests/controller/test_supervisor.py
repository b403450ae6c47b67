"""`balai serve`: two children, restarted separately, bound to their supervisor."""

import signal
import ssl
import stat

import httpx
import psutil
import pytest

from controller.broker.certificates import Authority
from controller.folder import Folder


def gone(process: psutil.Process) -> bool:
    """Whether a process has ended; one that nobody has waited for counts as ended."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_the_first_start_makes_what_is_needed_and_prints_the_password_once(serve):
    first = serve("--broker-tls", "--broker-tls-host", "127.0.0.1", "--broker-tls-port", "0")
    assert first.is_ready()
    for name in ("balai.db", "keys/secrets.key", "ca/ca.key", "ca/ca.pem", "broker/dynamic-security.json"):
        path = first.data / name
        assert path.exists(), name
        assert name in ("balai.db", "ca/ca.pem") or stat.S_IMODE(path.stat().st_mode) == 0o600, name
    assert stat.S_IMODE(first.data.stat().st_mode) == 0o700
    with first.client() as client:
        answer = client.post("/api/v1/session", json={"name": "admin", "password": first.password})
    assert answer.status_code == 200, answer.text
    assert first.password not in first.log.read_text()
    assert first.stop() == 0
    second = serve()
    assert "password" not in second.said
    assert second.is_ready()


def test_it_ends_with_its_children_and_leaves_nothing(serve):
    running = serve()
    children = running.children()
    assert set(children) == {"application", "broker"}
    assert running.stop() == 0
    assert all(gone(child) for child in children.values())
    assert not running.ready.exists()


@pytest.mark.parametrize("victims", [["supervisor"], ["supervisor", "broker"]])
def test_a_killed_supervisor_leaves_no_orphan(serve, until, victims):
    running = serve()
    children = running.children()
    everyone = {**children, "supervisor": psutil.Process(running.process.pid)}
    for victim in reversed(victims):
        everyone[victim].send_signal(signal.SIGKILL)
    running.process.wait()
    until(lambda: all(gone(child) for child in children.values()), "children outlive their supervisor")
    again = serve()  # what is left behind keeps nobody from starting
    assert again.is_ready()


def test_a_killed_application_is_started_again_on_the_same_address(serve, until):
    running = serve()
    children = running.children()
    children["application"].send_signal(signal.SIGKILL)
    until(
        lambda: running.children().get("application", children["application"]).pid != children["application"].pid,
        "the application is not started",
    )
    until(running.is_ready, "the application does not come back")
    assert running.children()["broker"].pid == children["broker"].pid
    assert "is started again" in running.log.read_text()


def test_a_request_during_the_restart_waits_rather_than_fails(serve):
    running = serve()
    running.children()["application"].send_signal(signal.SIGKILL)
    with running.client() as client:
        for _ in range(20):
            try:
                assert client.get("/healthz").status_code == 200
                break
            except (httpx.ReadError, httpx.RemoteProtocolError):
                continue  # it was taken by the application that was killed; a connection is never refused
        else:
            pytest.fail("no answer")


def test_a_killed_broker_is_started_again_and_the_bus_comes_back(serve, until):
    running = serve()
    children = running.children()
    children["broker"].send_signal(signal.SIGKILL)
    until(lambda: running.children().get("broker", children["broker"]).pid != children["broker"].pid, "no broker")
    until(running.is_ready, "the bus does not come back")
    assert running.children()["application"].pid == children["application"].pid


def test_two_do_not_share_a_data_folder(serve, balai):
    running = serve()
    second = balai("serve", "--data", str(running.data), "--port", "0", "--broker-port", "0")
    assert second.returncode == 1
    assert second.stderr == (
        f"balai: the data folder {running.data} is in use by process {running.process.pid}: stop that one first\n"
    )
    assert running.is_ready()


def test_a_port_that_is_taken_is_named(serve, balai, tmp_path):
    running = serve()
    port = running.address.rpartition(":")[2]
    other = str(tmp_path / "other")
    for options in (["--port", port, "--broker-port", "0"], ["--port", "0", "--broker-port", str(running.broker)]):
        second = balai("serve", "--data", other, *options)
        name = "port" if options[1] == port else "broker_port"
        assert second.returncode == 2
        assert second.stderr.startswith(f"balai: setting {name}: cannot listen at 127.0.0.1 port ")
        assert second.stderr.count("\n") == 1


def test_a_key_that_does_not_belong_to_the_database_stops_the_start(serve, balai):
    running = serve()
    running.stop()
    (running.data / "keys" / "secrets.key").write_bytes(b"short")
    second = balai("serve", "--data", str(running.data), "--port", "0", "--broker-port", "0")
    assert second.returncode == 1
    assert "secrets.key is not a key" in second.stderr.splitlines()[-1]


def test_it_serves_over_tls(serve, tmp_path):
    folder = Folder(tmp_path / "other")
    folder.make()
    authority = Authority(folder)
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    authority.server(cert, key, ["127.0.0.1", "localhost"])
    running = serve("--tls-cert", str(cert), "--tls-key", str(key))
    assert running.address.startswith("https://")
    trusting = ssl.create_default_context(cadata=authority.pem)
    with running.client(verify=trusting) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        cookie = client.post("/api/v1/session", json={"name": "admin", "password": running.password})
        assert "secure" in cookie.headers["set-cookie"].lower()


def test_a_certificate_with_another_key_is_named(balai, tmp_path):
    folder = Folder(tmp_path / "other")
    folder.make()
    authority = Authority(folder)
    for name in ("one", "two"):
        authority.server(tmp_path / f"{name}.crt", tmp_path / f"{name}.key", [name])
    run = balai(
        *("serve", "--data", str(tmp_path / "data"), "--port", "0", "--broker-port", "0"),
        *("--tls-cert", str(tmp_path / "one.crt"), "--tls-key", str(tmp_path / "two.key")),
    )
    assert run.returncode == 2
    assert run.stderr.startswith("balai: setting tls_cert: ")
    assert run.stderr.count("\n") == 1

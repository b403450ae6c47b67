"""Whether it lives and can do its work, the figures, and the log: also when the database or the broker is away."""

import io
import json
import logging
import os
import signal
import sqlite3
import tempfile
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from controller import log
from controller.settings import Settings
from tests.controller.conftest import Serving
from tests.controller.inside import Inside
from tests.controller.postgres import Postgres
from tests.controller.waiting import until


@pytest.fixture
def postgres_of_its_own(postgres_server: Postgres, tmp_path: Path):
    """A server that a test may stop."""
    with tempfile.TemporaryDirectory(prefix="balai-postgres-") as folder:
        server = Postgres(Path(folder))
        yield server
        server.stop()


@pytest.fixture
def inside_of(tmp_path: Path):
    """Start an application on a database; it is ended with the test."""
    started: list[Inside] = []

    def start(database: str) -> Inside:
        started.append(Inside(tmp_path / f"data-{os.urandom(4).hex()}", database))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def readiness(running: Serving) -> tuple[int, dict]:
    """Ask whether a controller is ready."""
    with running.client() as client:
        answer = client.get("/readyz")
        return answer.status_code, answer.json()


def test_what_works_is_said_and_a_503_is_a_problem_that_says_it_too(inside: Inside):
    answer = inside.someone().get(inside.address + "/readyz")
    assert answer.status_code == 503, "this application has no broker in reach"
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["database"], body["broker"], body["status"]) == (True, False, 503)
    assert inside.someone().get(inside.address + "/healthz").json() == {"status": "ok"}


def test_it_is_not_ready_while_the_broker_is_down_and_lives_all_the_same(serve):
    running = serve()
    assert readiness(running) == (200, {"database": True, "broker": True})
    broker = running.children()["broker"]
    broker.send_signal(signal.SIGSTOP)
    broker.kill()
    until(lambda: not running.is_ready() or running.children().get("broker", broker).pid != broker.pid, "not noticed")
    with running.client() as client:
        assert client.get("/healthz").status_code == 200
    until(running.is_ready, "it does not come back")


def test_it_is_not_ready_while_the_database_cannot_be_written(serve):
    """Another process holds the write lock for longer than a write may take."""
    running = serve()
    other = sqlite3.connect(running.data / "balai.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    status, body = readiness(running)
    assert (status, body["database"], body["broker"]) == (503, False, True)
    with running.client() as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/board").status_code == 200
    other.execute("ROLLBACK")
    other.close()
    until(running.is_ready, "it does not come back")


def test_it_is_not_ready_while_events_find_no_room_though_a_row_would(inside: Inside):
    anybody = inside.someone()

    def database() -> bool:
        return anybody.get(inside.address + "/readyz").json()["database"]

    until(database, "it cannot be written to begin with")
    inside.parts.store.alarms.hold("disk_full", "no room")
    until(lambda: not database(), "nobody would turn to another controller")
    inside.parts.store.alarms.release()
    until(database, "it does not come back")


def test_a_server_that_goes_away_is_a_503_and_comes_back(inside_of, postgres_of_its_own: Postgres):
    inside: Inside = inside_of(postgres_of_its_own.database())
    inside.site("genteng")
    postgres_of_its_own.stop()
    for path in ("/sites", "/audit", "/alarms", "/devices"):
        answer = inside.admin.get(path)
        assert answer.status_code == 503, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert inside.admin.post("/tokens", json={"name": "x", "role": "viewer"}).status_code == 503
    assert inside.admin.get(inside.address + "/readyz").json()["database"] is False
    assert inside.admin.get(inside.address + "/healthz").status_code == 200
    assert inside.admin.get(inside.address + "/metrics").status_code == 200
    postgres_of_its_own.start()
    until(lambda: inside.admin.get("/sites").status_code == 200, "it does not come back")
    assert inside.admin.post("/tokens", json={"name": "x", "role": "viewer"}).status_code == 201


def test_the_figures_are_what_prometheus_reads(inside: Inside):
    inside.admin.get("/nothing")
    answer = inside.someone().get(inside.address + "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = {one.name: one for one in text_string_to_metric_families(answer.text)}
    for name in (
        *("balai_events_stored", "balai_messages_refused", "balai_broker_connected", "balai_devices_online"),
        *("balai_alarms_open", "balai_commands", "balai_http_request_seconds", "balai_board_followers"),
        "process_resident_memory_bytes",
    ):
        assert name in families, name
        assert families[name].documentation, name
    labels = {sample.labels["route"] for sample in families["balai_http_request_seconds"].samples}
    assert "other" in labels
    assert not any("nothing" in label for label in labels), "a caller's invention is no label"


def test_figures_count_what_they_say(inside: Inside):
    def figure(name: str, **labels: str) -> float:
        text = inside.someone().get(inside.address + "/metrics").text
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value
        return 0.0

    before = figure("balai_events_stored_total")
    inside.parts.store.append_own("figures", [("gap", {"device": "d", "lo": 1, "hi": 2, "log": "0" * 16})] * 3)
    assert figure("balai_events_stored_total") == before + 3
    inside.parts.store.refusals.count("d", "not_json")
    assert figure("balai_messages_refused_total", reason="not_json") == 1
    inside.parts.db.write(lambda session: inside.parts.store.alarms.raise_in(session, "figures", "d", "gap", "", 1))
    assert figure("balai_alarms_open", kind="gap") == 1
    count = figure("balai_http_request_seconds_count", route="/sites", status="200", method="GET")
    inside.admin.get("/sites")
    assert figure("balai_http_request_seconds_count", route="/sites", status="200", method="GET") == count + 1


LEVELS = {"debug", "info", "warning", "error", "critical"}


def lines(path: Path) -> list[dict]:
    """Return the lines of a log, each of which must be a JSON object."""
    found = []
    for line in path.read_text().splitlines():
        one = json.loads(line)
        assert isinstance(one, dict)
        assert one["level"] in LEVELS, line
        assert one["message"] or one["message"] == "", line
        assert one["timestamp"].endswith("Z"), line
        assert one["logger"], line
        found.append(one)
    return found


def test_every_line_of_the_log_is_a_json_object(serve):
    running = serve("--log-level", "debug")
    with running.client() as client:
        client.get("/nothing")
        client.post("/api/v1/session", json={"name": "rahasia-saya", "password": "kata-sandi-saya"})
        client.post("/api/v1/session", content=b"\xff", headers={"content-type": "application/json"})
    running.children()["application"].send_signal(signal.SIGKILL)
    until(running.is_ready, "it does not come back")
    running.children()["broker"].send_signal(signal.SIGKILL)
    until(lambda: "the broker has ended" in running.log.read_text(), "nobody says that the broker has ended")
    until(running.is_ready, "it does not come back")
    assert running.stop() == 0
    found = lines(running.log)
    said = " ".join(one["message"] for one in found)
    assert "is started again" in said
    assert "a sign-in from 127.0.0.1 failed" in said
    text = running.log.read_text()
    for secret in ("kata-sandi-saya", "rahasia-saya", running.password):
        assert secret not in text
    credentials = json.loads((running.data / "broker" / "credentials.json").read_text())
    for secret in credentials.values():
        assert secret not in text


@pytest.fixture
def written():
    """Have this process log to a buffer as the controller does; what was written."""
    before = logging.getLogger().handlers[:], logging.getLogger().level
    out = io.StringIO()

    def set_up(**settings: str) -> io.StringIO:
        log.set_up(Settings(**settings), out)
        return out

    yield set_up
    logging.captureWarnings(False)
    logging.getLogger().handlers[:] = before[0]
    logging.getLogger().setLevel(before[1])


@pytest.mark.parametrize("format_", ["json", "console"])
def test_secrets_are_masked_wherever_they_stand(written, format_):
    out = written(log_format=format_)
    logger = logging.getLogger("x")
    logger.info("to postgresql://balai:geheim1@host/name")
    logger.warning(
        "told %s", "mqtts://balai:geheim2@host", extra={"password": "geheim3", "deep": {"api_key": "geheim4"}}
    )
    try:
        raise ValueError("mqtt://u:geheim5@h [parameters: ('geheim6',)]")
    except ValueError:
        logger.exception("failed")
    text = out.getvalue()
    for number in range(1, 7):
        assert f"geheim{number}" not in text
    assert "ValueError" in text
    assert "postgresql://balai:********@host/name" in text


def test_odd_messages_are_one_line_each(written):
    out = written(log_format="json")
    for message in ("two\nlines", "\x00\x1b[31m", "\u2028", "%s %d", "{}", '"'):
        logging.getLogger("x").error(message.replace("%", "%%"))
    logging.getLogger("x").error("%s", {"a": object()}, extra={"odd": object(), "path": Path("/x")})
    found = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(found) == 7
    assert found[0]["message"] == "two\nlines"


def test_a_level_leaves_out_what_is_below_it(written):
    out = written(log_format="json", log_level="warning")
    logging.getLogger("x").info("quiet")
    logging.getLogger("x").warning("loud")
    assert [json.loads(line)["message"] for line in out.getvalue().splitlines()] == ["loud"]

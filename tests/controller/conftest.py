"""What the tests of the whole controller share: `balai serve` as a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.controller.inside import Inside
from tests.controller.postgres import TOOLS, Postgres
from tests.controller.waiting import HANGS, until

BALAI = [sys.executable, "-c", "from controller.cli import main; main()"]


def balai(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of `balai` to its end."""
    return subprocess.run(
        [*BALAI, *arguments],
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
        stdin=subprocess.DEVNULL,
        env=environment(**variables),
    )


def environment(**variables: str) -> dict[str, str]:
    """Return the environment without settings of whoever runs the tests, and with `variables`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BALAI_")}
    return {**kept, "PYTHONWARNINGS": "", **variables}


class Serving:
    """A controller that serves. `variables` are of its environment."""

    def __init__(self, data: Path, *options: str, **variables: str) -> None:
        self.data = data
        self.ready = data.parent / f"{data.name}.ready.json"
        self.log = data.parent / f"{data.name}.log"
        ports = [one for name in ("--port", "--broker-port") if name not in options for one in (name, "0")]
        command = [*BALAI, "serve", "--data", str(data), "--ready-file", str(self.ready), *ports, *options]
        self.ready.unlink(missing_ok=True)  # of one that was killed
        self.out = data.parent / f"{data.name}.out"
        with self.log.open("ab") as log, self.out.open("wb") as out:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=log, cwd=data.parent, env=environment(**variables)
            )

    def wait(self) -> "Serving":
        """Wait until it serves."""
        until(lambda: self.ready.exists() or self.process.poll() is not None, "the controller does not get ready")
        assert self.process.poll() is None, self.log.read_text()
        told = json.loads(self.ready.read_text())
        self.address: str = told["address"]
        self.broker: int = told["brokers"][-1]["port"]
        self.brokers: list[dict[str, object]] = told["brokers"]
        self.said = self.out.read_text()
        return self

    @property
    def password(self) -> str:
        """The first admin's password, as it was printed."""
        found = re.search(r"^password +(\S+)", self.said, re.MULTILINE)
        assert found, self.said
        return found[1]

    def children(self) -> dict[str, psutil.Process]:
        """Return the processes that belong to it: application and broker, as far as they run."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):  # it has just ended
                line = " ".join(child.cmdline())
                if "controller.process" in line or "mosquitto.conf" in line:  # not one that has just been forked
                    found["application" if "controller.process" in line else "broker"] = child
        return found

    def client(self, **options: object) -> httpx.Client:
        """Return an HTTP client for it."""
        return httpx.Client(base_url=self.address, trust_env=False, timeout=HANGS, **options)

    def is_ready(self) -> bool:
        """Whether it says so."""
        try:
            with self.client() as client:
                return client.get("/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self) -> int:
        """End it as a service manager does; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(HANGS)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    """Start controllers; all are ended with the test."""
    started: list[Serving] = []

    def start(*options: str, data: str = "data") -> Serving:
        one = Serving(tmp_path / data, *options)
        started.append(one)
        return one.wait()

    yield start
    for one in started:
        one.stop()


@pytest.fixture(name="balai")
def balai_command() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run `balai`."""
    return balai


@pytest.fixture(name="until")
def until_function() -> Callable[[Callable[[], object], str], object]:
    """Wait for something."""
    return until


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL server of the tests' own."""
    if not TOOLS:
        pytest.skip("no PostgreSQL server on this machine: install Debian's package postgresql")
    with tempfile.TemporaryDirectory(prefix="balai-postgres-") as folder:  # pytest's own is closed to other users
        server = Postgres(Path(folder))
        yield server
        server.stop()


@pytest.fixture
def postgres(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Make an empty database on a PostgreSQL of the tests' own; its address."""
    return lambda: request.getfixturevalue("postgres_server").database()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def inside(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """The application inside the test's process, on either database."""
    outside = request.param == "postgresql"
    database = request.getfixturevalue("postgres_server").database() if outside else ""
    one = Inside(tmp_path_factory.mktemp("inside") / "data", database)
    yield one
    one.stop()

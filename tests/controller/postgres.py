"""A PostgreSQL server of the tests' own: a free port, a temporary folder, nothing of the machine's."""

import os
import shutil
import subprocess
from itertools import count
from pathlib import Path

import psycopg

from bench.broker import free_port

TOOLS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
NOBODY = 65534


class Postgres:
    """A running server with its files in `folder`, which another user must be able to reach."""

    def __init__(self, folder: Path) -> None:
        self._as_user: list[str] = []
        if os.geteuid() == 0:  # its programs refuse to run as root
            self._as_user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
            shutil.chown(folder, NOBODY, NOBODY)
        self._folder = folder
        self._port = free_port()
        self._numbers = count(1)
        self._run(TOOLS[-1] / "initdb", "-D", folder / "db", "-U", "balai", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-p {self._port} -k '' -h 127.0.0.1 -c fsync=off"
        self._control("-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """End it at once, as a power cut would."""
        self._control("-m", "immediate", "-w", "stop")

    def database(self) -> str:
        """Make an empty database and return its address."""
        name = f"balai_{next(self._numbers)}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._address(name)

    def _address(self, name: str) -> str:
        return f"postgresql://balai@127.0.0.1:{self._port}/{name}"

    def _control(self, *arguments: str) -> None:
        self._run(TOOLS[-1] / "pg_ctl", "-D", self._folder / "db", *arguments)

    def _run(self, *command: str | Path) -> None:
        run = subprocess.run([*self._as_user, *command], check=False, capture_output=True, text=True, cwd="/")
        if run.returncode:
            raise RuntimeError(f"{command[0]}: {run.stdout}{run.stderr}")

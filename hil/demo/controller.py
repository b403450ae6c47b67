"""A controller of the bench's own: `balai serve` on free ports, in a folder that is made for it."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from hil.demo.stop import Stop

BALAI = Path(sys.executable).with_name("balai")
SETPRIV = shutil.which("setpriv")  # util-linux
BOUND = [SETPRIV, "--pdeathsig", "TERM"] if SETPRIV else []  # it ends with us, however we end
GRACE_S = 30  # to write what has come
LOOKS_S = 0.02  # between two looks at another process
STARTS_S = 60  # after which a start is given up as hung
PARTS = {"application": "controller.process", "broker": "mosquitto.conf"}  # a word of each child's command line

Part = Literal["application", "broker"]


class Controller:
    """Runs `balai serve` below `folder`; its log is `folder`/log.jsonl. `port` 0 takes a free one.

    `options` are further settings of `balai serve`, and `environment` may hold what else its process is to find there.
    Started again it has the same ports: devices know no others.
    """

    def __init__(self, folder: Path, port: int = 0, **options: str | bool) -> None:
        self._folder = folder
        self._options: dict[str, object] = {
            "port": port,
            "broker-port": 0,
            "broker-tls": True,
            "broker-tls-host": "127.0.0.1",
            "broker-tls-port": 0,
            "log-format": "json",
            **{name.replace("_", "-"): value for name, value in options.items()},
        }
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self.data = folder / "data"
        self.log = folder / "log.jsonl"
        self.environment: dict[str, str] = {}
        self.address = ""
        self.broker_port = 0  # without TLS
        self.name = ""
        self.password = ""

    async def start(self) -> None:
        """Start it and return when it serves. Raises Stop with the last lines of its log."""
        self._folder.mkdir(parents=True, exist_ok=True)
        ready = self._folder / "ready.json"
        ready.unlink(missing_ok=True)  # of one that was killed
        first = not self.data.exists()  # then it says how to sign in
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *BOUND,
                BALAI,
                "serve",
                *_words(self._options),
                "--data",
                self.data,
                "--ready-file",
                ready,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=self._environment(),
            )
        assert self._process.stdout is not None
        self._reading = asyncio.create_task(self._read(self._process.stdout))
        process = self._process
        await self._until(lambda: (ready.exists() and (self.password or not first)) or process.returncode is not None)
        if process.returncode is not None:
            raise Stop("the controller does not start:\n" + "\n".join(self._log_end()))
        told = json.loads(ready.read_text())
        self.address = str(told["address"])
        self.broker_port = int(told["brokers"][-1]["port"])
        self._options["port"] = self.address.rpartition(":")[2]
        if "broker-url" not in self._options:
            for one in told["brokers"]:
                self._options["broker-tls-port" if one["tls"] else "broker-port"] = one["port"]

    async def stop(self) -> None:
        """Let it end in order, with its broker."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), GRACE_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._reading is not None:
            await self._reading
        self._process = None

    def pid(self, part: Part) -> int:
        """Return the process id of its application or its broker; 0 while that does not run."""
        if self._process is None or self._process.returncode is not None:
            return 0
        with contextlib.suppress(OSError):  # it is just ending
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
            for child in children:
                if PARTS[part] in Path(f"/proc/{child}/cmdline").read_text():
                    return int(child)
        return 0

    async def kill(self, part: Part) -> None:
        """SIGKILL its application or its broker, and return when it has been started again."""
        killed = await self.signal(part, signal.SIGKILL)
        await self._until(lambda: self.pid(part) not in (0, killed))

    async def signal(self, part: Part, number: signal.Signals) -> int:
        """Send a signal to its application or its broker once that runs; return the process id."""
        await self._until(lambda: self.pid(part))
        pid = self.pid(part)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        return pid

    async def balai(self, command: str, *words: str | Path) -> str:
        """Run another command of `balai` on its data folder; return what that says. Raises Stop where it fails."""
        process = await asyncio.create_subprocess_exec(
            BALAI, command, *words, "--data", self.data,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env=self._environment(),
        )  # fmt: skip
        said, _ = await process.communicate()
        if process.returncode:
            raise Stop(f"balai {command} fails:\n{said.decode(errors='replace')}")
        return said.decode(errors="replace")

    @staticmethod
    async def _until(true: Callable[[], object]) -> None:
        async with asyncio.timeout(STARTS_S):
            while not true():  # noqa: ASYNC110 - another process
                await asyncio.sleep(LOOKS_S)

    def _environment(self) -> dict[str, str]:
        """Without the settings of whoever runs this: they are for a controller of theirs."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BALAI_")}
        return {**kept, **self.environment}

    def _log_end(self) -> list[str]:
        return self.log.read_text(errors="replace").splitlines()[-10:]

    async def _read(self, lines: asyncio.StreamReader) -> None:
        """Take the sign-in from what a first start says."""
        async for line in lines:
            words = line.decode(errors="replace").split()
            if words[:3] == ["sign", "in", "as"]:
                self.name = words[3]
            elif words[:1] == ["password"]:
                self.password = words[1]


def _words(options: Mapping[str, object]) -> list[str]:
    """Return options as a command line; what is true or false is a flag."""
    made = []
    for name, value in options.items():
        flag = isinstance(value, bool)
        made += [f"--no-{name}" if value is False else f"--{name}", *([] if flag else [str(value)])]
    return made

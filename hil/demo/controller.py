"""A controller of the demo's own: `balai serve` on free ports, in a folder that is made for it."""

import asyncio
import json
import shutil
import signal
import sys
from asyncio.subprocess import Process
from pathlib import Path

from hil.demo.stop import Stop

BALAI = Path(sys.executable).with_name("balai")
SETPRIV = shutil.which("setpriv")  # util-linux
BOUND = [SETPRIV, "--pdeathsig", "TERM"] if SETPRIV else []  # it ends with us, however we end
GRACE_S = 30  # to write what has come
STARTS_S = 60  # after which a start is given up as hung


class Controller:
    """Runs `balai serve` below `folder`; its log is `folder`/log.jsonl. `port` 0 takes a free one."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self._folder = folder
        self._port = port
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._told: list[str] = []
        self.data = folder / "data"
        self.address = ""
        self.name = ""
        self.password = ""

    async def start(self) -> None:
        """Start it and return when it serves. Raises Stop with the last lines of its log."""
        self._folder.mkdir(parents=True, exist_ok=True)
        ready = self._folder / "ready.json"
        options = {
            "data": self.data,
            "port": self._port,
            "broker-port": 0,
            "broker-tls-host": "127.0.0.1",
            "broker-tls-port": 0,
            "log-format": "json",
        }
        with (self._folder / "log.jsonl").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *BOUND,
                BALAI,
                "serve",
                "--broker-tls",
                *(word for name, value in options.items() for word in (f"--{name}", str(value))),
                "--ready-file",
                str(ready),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        self._reading = asyncio.create_task(self._read(self._process.stdout))
        async with asyncio.timeout(STARTS_S):
            while not ready.exists():
                if self._process.returncode is not None:
                    raise Stop("the controller does not start:\n" + "\n".join(self._log_end()))
                await asyncio.sleep(0.05)
        self.address = str(json.loads(ready.read_text())["address"])
        self._port = int(self.address.rpartition(":")[2])

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

    def _log_end(self) -> list[str]:
        return (self._folder / "log.jsonl").read_text(errors="replace").splitlines()[-10:]

    async def _read(self, lines: asyncio.StreamReader) -> None:
        """Take the sign-in from what a first start says."""
        async for line in lines:
            words = line.decode(errors="replace").split()
            if words[:3] == ["sign", "in", "as"]:
                self.name = words[3]
            elif words[:1] == ["password"]:
                self.password = words[1]

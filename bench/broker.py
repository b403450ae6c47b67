"""A Mosquitto for benchmarks and tests: open to all on loopback, no persistence, nothing dropped."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.debian import ensure

CONFIGURATION = """listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_inflight_messages 0
max_queued_messages 0
set_tcp_nodelay true
log_dest none
user root
"""


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Mosquitto:
    """One broker on one port, that can be ended and started again with nothing left of its memory.

    Args:
        folder: for its configuration.
        port: 0 for a free one.
        more: further lines of its configuration.
    """

    def __init__(self, folder: Path, port: int = 0, more: str = "") -> None:
        self.port = port or free_port()
        self._configuration = folder / f"mosquitto-{self.port}.conf"
        self._configuration.write_text(CONFIGURATION.format(port=self.port) + more)
        self._said = self._configuration.with_suffix(".log")  # it warns at each start where we are root
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers. Raises OSError with what it said where it does not."""
        with self._said.open("wb") as said:
            self._process = subprocess.Popen([ensure("mosquitto"), "-c", self._configuration], stderr=said)
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError as error:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise OSError(f"Mosquitto does not start: {self._said.read_text()}") from error
                time.sleep(0.01)

    def stop(self) -> None:
        """Kill it, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def mosquitto() -> Iterator[Mosquitto]:
    """Give a running broker."""
    with tempfile.TemporaryDirectory() as folder:
        broker = Mosquitto(Path(folder))
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()

"""What a test leaves on the machine: processes, ports, files."""

import contextlib
import socket
from pathlib import Path

import psutil


class Traces:
    """Everything that carries `temporary` as its TMPDIR, and what listens meanwhile; `left()` names what remains."""

    def __init__(self, folder: Path, temporary: Path) -> None:
        self._folder, self._temporary = folder, temporary
        self._before = _listening(psutil.Process())
        self._ports: set[int] = set()

    def processes(self) -> list[psutil.Process]:
        """Return the processes that were started from here on, and their descendants."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("TMPDIR") == str(self._temporary) and process != psutil.Process():
                    found.append(process)
        return found

    def note(self) -> None:
        """Remember the ports at which they, and this process, listen now."""
        self._ports |= _listening(psutil.Process()) - self._before
        for process in self.processes():
            self._ports |= _listening(process)

    def left(self) -> list[str]:
        """Return what is still there, in words; [] where all is gone."""
        found = []
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                found.append(f"process {process.pid}: {' '.join(process.cmdline())}")
        for port in sorted(self._ports):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    found.append(f"port {port}")
        halves = [one for pattern in ("*.part", "*.new", "ready.json") for one in self._folder.rglob(pattern)]
        return [*found, *(str(one) for one in (*self._temporary.iterdir(), *halves))]


def _listening(process: psutil.Process) -> set[int]:
    with contextlib.suppress(psutil.Error):
        return {one.laddr.port for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN}
    return set()

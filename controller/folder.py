"""The data folder: where everything lies that the controller keeps, and who may use it now."""

import fcntl
import os
from pathlib import Path


class FolderError(Exception):
    """The data folder cannot be used; the text, one line, says why and what to do."""


class Folder:
    """Names the places below `root`. Only the account that runs the controller may look inside."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.keys = root / "keys"
        self.ca = root / "ca"
        self.broker = root / "broker"
        self.voice = root / "voice"
        self.database = root / "balai.db"
        self._lock: int | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it yet, or no folder at all."""
        return not self.root.exists() or not any(one.name != "lock" for one in self.root.iterdir())

    def make(self) -> None:
        """Make the folder and those in it, for our account only.

        Raises FolderError where that is impossible.
        """
        self._make(self.root, self.keys, self.ca, self.broker, self.voice)

    def make_root(self) -> None:
        """Make the folder and nothing in it. Raises FolderError as `make` does."""
        self._make(self.root)

    def _make(self, *places: Path) -> None:
        try:
            for place in places:
                place.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.root.stat().st_uid == os.geteuid():
                self.root.chmod(0o700)
        except OSError as error:
            raise FolderError(f"the data folder {self.root} cannot be made: {error.strerror}") from error

    def lock(self) -> None:
        """Take the folder for this process, until it ends or calls `unlock`.

        Raises FolderError where another process has it, or we may not write there.
        """
        try:
            handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise FolderError(f"the data folder {self.root} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(handle, 32).decode("ascii", "replace").strip()
            os.close(handle)
            raise FolderError(
                f"the data folder {self.root} is in use by process {holder or '?'}: stop that one first"
            ) from error
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        self._lock = handle

    def holder(self) -> int:
        """Return the process that has the folder, 0 for none."""
        try:
            handle = os.open(self.root / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return 0
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            said = os.read(handle, 32).decode("ascii", "replace").strip()
            return int(said) if said.isdecimal() else 0
        finally:
            os.close(handle)
        return 0

    def unlock(self) -> None:
        """Let others use the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def write_secret(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, readable by our account only."""
    aside = path.with_name(path.name + ".part")
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:  # noqa: PTH123 - the mode
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    aside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)

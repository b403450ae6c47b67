"""Files that hold a secret, and the folders that this computer keeps for us."""

import os
from pathlib import Path

from provisioning.errors import DiskError

_CHECKOUT = Path(__file__).resolve().parent.parent


def cache_folder() -> Path:
    """Return the folder of what can be made or fetched again: `.cache` of a checkout, else that of the account."""
    if (_CHECKOUT / "pyproject.toml").exists():
        return _CHECKOUT / ".cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "balai"


def work_folder() -> Path:
    """Return the folder of claims that are not used yet."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "balai" / "claims"


def make_private(folder: Path) -> None:
    """Make a folder that only this account may look into. Raises DiskError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(f"the folder {folder} cannot be made ({error.strerror}): name another place") from error


def write_private(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, readable by this account only from its first byte on. Raises DiskError."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise DiskError(f"{path} cannot be written ({error.strerror}): make room, or name another place") from error

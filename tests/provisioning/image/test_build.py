"""The image of a board: esptool, littlefs and MicroPython find in it what was put there."""

import contextlib
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.flash.journal import LIMIT
from firmware.core.flash.segments import SEGMENT
from hil.console import micropython
from provisioning.errors import BuildError
from provisioning.image import filesystem
from provisioning.image.build import build
from provisioning.image.partitions import decode
from provisioning.image.slot import LEFT_OUT, ROOT, VIRTUAL, slot, sources
from tests.provisioning.chip.boot import files, partitions, start
from tests.provisioning.chip.silicon import Silicon

IDENTITY = b'{"device":"30aea4c0ffee"}'
READER = """
import os, sys, vfs
sys.path.insert(0, {folder!r})

class Image:
    def __init__(self, name):
        with open(name, "rb") as file:
            self.data = bytearray(file.read())

    def readblocks(self, block, buffer, offset=0):
        at = block * 4096 + offset
        buffer[:] = self.data[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        at = block * 4096 + offset
        self.data[at : at + len(buffer)] = buffer

    def ioctl(self, op, arg):
        if op == 4:
            return len(self.data) // 4096
        if op == 5:
            return 4096
        if op == 6:
            self.data[arg * 4096 : arg * 4096 + 4096] = b"\\xff" * 4096
            return 0
"""


@pytest.fixture(scope="module")
def image(esp32):
    return build(esp32, IDENTITY)


def ask(tmp_path: Path, program: str) -> str:
    """What a program says on MicroPython, with the image's files in `vfs.img`."""
    found = subprocess.run(
        [micropython(), "-X", "heapsize=8m", "-c", READER.format(folder=str(tmp_path)) + program],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr + found.stdout
    return found.stdout


def test_the_same_input_gives_the_same_bytes(esp32, image, stock):
    program = (
        "import sys; from pathlib import Path; from provisioning.boards import BOARDS;"
        "from provisioning.image import interpreter, build;"
        f"i = interpreter.load(BOARDS['esp32'], Path('/x'), Path(sys.argv[1]));"
        f"print(build.build(i, {IDENTITY!r}).sha256)"
    )
    other = subprocess.run([sys.executable, "-c", program, stock], capture_output=True, text=True, check=True, cwd=ROOT)
    assert other.stdout.strip() == image.sha256 == build(esp32, IDENTITY).sha256
    assert build(esp32, IDENTITY[:-2] + b'f"}').sha256 != image.sha256


def test_nothing_of_it_shows_when_it_is_printed(image):
    assert "30aea4c0ffee" not in repr(image)


def test_esptool_reads_boot_loader_and_application(image, tmp_path):
    whole = image.whole()
    for name, offset in (("boot.bin", 0x1000), ("app.bin", 0x10000)):
        (tmp_path / name).write_bytes(whole[offset : offset + 0x1A0000])
        said = subprocess.run(
            [sys.executable, "-m", "esptool", "image-info", tmp_path / name], capture_output=True, text=True, check=True
        ).stdout
        assert "Detected image type: ESP32" in said
        assert "(valid)" in said.partition("Checksum:")[2].partition("\n")[0]
        assert "(valid)" in said.partition("Validation hash:")[2].partition("\n")[0]


def test_esptool_puts_the_same_parts_together(image, tmp_path):
    words = []
    for part in image.parts:
        file = tmp_path / f"{part.offset:x}"
        file.write_bytes(part.data)
        words += [hex(part.offset), str(file)]
    out = tmp_path / "merged.bin"
    merge = [sys.executable, "-m", "esptool", "--chip", "esp32", "merge-bin", "--output", out, *words]
    subprocess.run(merge, capture_output=True, check=True)
    assert out.read_bytes() == image.whole()


def test_the_table_is_the_one_that_the_parts_lie_by(image):
    table = {one.name: one for one in decode(image.whole()[0x8000:])}
    places = {part.name: (part.offset, len(part.data)) for part in image.parts}
    assert places["MicroPython"][0] == table["ota_0"].offset
    assert places["files"] == (table["vfs"].offset, table["vfs"].size)
    assert partitions(image.whole()).keys() == table.keys()
    settings = image.whole()[0x9000:0x10000]
    assert settings == b"\xff" * len(settings), "no application is chosen: the first starts"


def test_it_starts_and_finds_its_files(image):
    found = start(Silicon(), image.whole())
    assert found == filesystem.contents(IDENTITY)
    assert found["identity.json"] == IDENTITY
    assert found["a/abi"] == b"6"
    assert {"boot.py", "main.py"} == {name for name in found if name.endswith(".py")}
    assert "bench" not in found


def test_its_first_words_name_the_interpreter(tmp_path):
    (tmp_path / "boot.py").write_bytes(filesystem.contents(IDENTITY)["boot.py"])
    said = subprocess.run([micropython(), "boot.py"], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    version = subprocess.run(
        [micropython(), "-c", "import sys; print(sys.version)"], capture_output=True, text=True, check=True
    )
    assert said == f"balai {version.stdout}"
    assert said.startswith("balai 3.4.0; MicroPython v")


def test_a_bench_board_has_its_mark_and_others_have_not(esp32):
    assert start(Silicon(), build(esp32, IDENTITY, bench=True).whole())["bench"] == b""


def test_a_slot_is_made_of_every_module_but_those_that_stay_outside():
    there = {name.as_posix() for name in sources()}
    assert {"firmware/node.py", "protocol/queue/deciding.py"} <= there
    assert not there & LEFT_OUT
    assert not list(slot().rglob("*.py"))


def test_only_a_board_of_a_bench_has_virtual_parts():
    assert f"a/{VIRTUAL}" in filesystem.contents(IDENTITY, bench=True)
    assert f"a/{VIRTUAL}" not in filesystem.contents(IDENTITY)


def test_firmware_that_does_not_compile_is_one_clear_line(tmp_path, monkeypatch):
    (tmp_path / "firmware").mkdir()
    (tmp_path / "protocol").mkdir()
    (tmp_path / "firmware" / "broken.py").write_text("def f(:\n")
    monkeypatch.setattr("provisioning.image.slot.ROOT", tmp_path)
    monkeypatch.setattr("provisioning.image.slot.cache_folder", lambda: tmp_path / "cache")
    with pytest.raises(BuildError, match="does not compile"):
        slot()
    assert not [one for one in (tmp_path / "cache" / "firmware").iterdir() if one.is_dir()], "nothing half done stays"


def test_micropython_mounts_the_files_and_reads_each(image, tmp_path):
    (tmp_path / "vfs.img").write_bytes(image.parts[-1].data)
    said = ask(
        tmp_path,
        """
import hashlib, json
vfs.mount(Image("vfs.img"), "/flash")  # as the chip does: it finds out by itself that this is a littlefs
found = {}
def walk(folder):
    for name, kind, *_ in os.ilistdir(folder):
        path = folder + "/" + name
        if kind == 0x4000:
            walk(path)
        else:
            with open(path, "rb") as file:
                found[path[7:]] = hashlib.sha256(file.read()).digest().hex()
walk("/flash")
print(json.dumps(found))
""",
    )
    meant = {name: hashlib.sha256(data).hexdigest() for name, data in filesystem.contents(IDENTITY).items()}
    assert json.loads(said) == meant


def test_micropython_imports_from_it_writes_to_it_and_littlefs_reads_that(image, tmp_path):
    (tmp_path / "vfs.img").write_bytes(image.parts[-1].data)
    said = ask(
        tmp_path,
        """
image = Image("vfs.img")
vfs.mount(vfs.VfsLfs2(image), "/flash")
sys.path.insert(0, "/flash/a")
from node import keep
os.chdir("/flash")
for i in range(40):
    with open("slot.new", "w") as file:
        file.write("a %d" % i)
    os.rename("slot.new", "slot")
print(callable(keep), os.statvfs("/flash")[2])
vfs.umount("/flash")
with open("after.img", "wb") as file:
    file.write(image.data)
""",
    )
    assert said.split() == ["True", str(0xB0000 // 4096)]
    after = files((tmp_path / "after.img").read_bytes())
    assert after.pop("slot") == b"a 39"
    assert after == filesystem.contents(IDENTITY)


def test_the_file_system_is_of_the_version_that_micropython_makes(image, tmp_path):
    ask(
        tmp_path,
        """
with open("empty.img", "wb") as file:
    file.write(b"\\xff" * 0xB0000)
image = Image("empty.img")
vfs.VfsLfs2.mkfs(image)
with open("empty.img", "wb") as file:
    file.write(image.data)
""",
    )
    theirs, ours = (tmp_path / "empty.img").read_bytes(), image.parts[-1].data
    superblock = theirs.index(b"littlefs") + 12  # behind a tag: version, size and number of blocks, longest names
    assert ours[: superblock + 24].endswith(theirs[superblock : superblock + 24])


@given(
    st.dictionaries(
        st.from_regex(r"([a-z]{1,8}/){0,3}[a-z]{1,8}\.mpy", fullmatch=True), st.binary(max_size=9_000), max_size=12
    )
)
def test_any_files_come_back(content):
    with contextlib.suppress(BuildError):
        image = filesystem.build(content, 0x40000)
        assert image == filesystem.build(dict(reversed(content.items())), 0x40000)
        assert files(image) == content


def test_files_that_do_not_fit_are_one_clear_line():
    with pytest.raises(BuildError, match="does not fit into 128 KB"):
        filesystem.build({"a": bytes(200_000)}, 0x20000)


def test_what_passes_through_the_file_system_reaches_no_log(caplog):
    caplog.set_level("DEBUG")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        filesystem.build({"identity.json": b"rahasia"}, 0x20000)
    assert "rahasia" not in caplog.text + out.getvalue()


def test_two_slots_and_a_full_journal_fit_on_a_board_of_four_megabytes(image):
    """What a device keeps when an update is under way and the uplink was down for long."""
    files = filesystem.contents(IDENTITY)
    files |= {name.replace("a/", "b/", 1): data for name, data in files.items() if name.startswith("a/")}
    files |= {f"journal/j{n:012d}": bytes(SEGMENT) for n in range(LIMIT // SEGMENT)}
    files |= {f"state/{name}": bytes(4000) for name in ("config", "before", "connection", "texts", "snapshot")}
    assert filesystem.used(filesystem.build(files, len(image.parts[-1].data))) < len(image.parts[-1].data) * 95 // 100

"""A program that is linked does what it did: whatever its names, scopes and imports, on MicroPython and on CPython."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.console import micropython
from provisioning.image.slot import BOARDS, ENTRIES, PARTS, ROOT, VIRTUAL, slot, sources
from provisioning.link.linker import Linked, Linker
from provisioning.link.program import LinkError, Program, Symbol

RUN = (Symbol("firmware.start", "run"),)
LOAN = (ROOT / "firmware" / "core" / "loan.py").read_text()
BODY = "\n\ndef run():\n    print(main())\n"


def link(folder: Path, files: dict[str, str], **parts: tuple[str, ...]) -> dict[str, Linked]:
    """Link `files`; those of `parts` go into a part of their own, all others into `all`."""
    for name, source in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    program = Program(folder, sorted(Path(name) for name in files))
    return Linker(program, {"all": ("firmware", "protocol"), **parts}, RUN, BOARDS).link()


def runs(folder: Path, interpreter: str, module: str) -> str:
    """Return what `module.run()` prints."""
    code = f"import sys; sys.path.insert(0, '.'); import {module} as m; m.run()"
    done = subprocess.run([interpreter, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def same(folder: Path, files: dict[str, str], **parts: tuple[str, ...]) -> dict[str, Linked]:
    """Link, and run both on both interpreters."""
    linked = link(folder / "source", files, **parts)
    (folder / "linked").mkdir()
    for name, part in linked.items():
        (folder / "linked" / f"{name}.py").write_text(part.source)
    for interpreter in (sys.executable, micropython()):
        said = runs(folder / "source", interpreter, "firmware.start")
        assert said.strip()
        assert runs(folder / "linked", interpreter, "all") == said
    return linked


PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda one: one.stem)
def test_names_mean_what_they_meant(program, tmp_path):
    same(tmp_path, {"firmware/start.py": program.read_text() + BODY})


MODULES = Path(__file__).parent / "programs" / "modules"


def test_modules_find_each_other_within_a_part_and_across(tmp_path):
    files = {one.relative_to(MODULES).as_posix(): one.read_text() for one in MODULES.rglob("*.py")}
    files["firmware/start.py"] += BODY
    linked = same(tmp_path, {**files, "firmware/core/loan.py": LOAN}, seldom=("firmware.seldom",))
    assert set(linked) == {"all", "seldom"}
    assert "import seldom" in linked["all"].source
    assert linked["seldom"].source.count("from all import") == 1


UNUSED = """
def unused():
    return 'nobody asks'

class Box:
    def asked(self):
        return 1

    def never(self):
        return 'not this'

def main():
    return Box().asked()

"""


def test_what_nothing_reaches_is_left_out(tmp_path):
    source = UNUSED
    linked = same(tmp_path, {"firmware/start.py": source + BODY})
    assert "nobody" not in linked["all"].source
    assert "not this" not in linked["all"].source


def test_a_line_of_a_part_is_known_by_its_source(tmp_path):
    files = {
        "firmware/start.py": '"""Doc."""\n\n\nLIMIT = 3\n\n\ndef main():\n    a = LIMIT\n    return 1 // (a - 3)\n\n\n'
        + BODY
    }
    linked = link(tmp_path, files)["all"]
    fails = next(n for n, line in enumerate(linked.source.splitlines(), 1) if "//" in line)
    assert linked.lines[fails] == ("firmware/start.py", 9)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import firmware.other\n", "import a module of ours as"),
        ("from . import other\n", "relative imports"),
        ("import os.path\n", "name a submodule"),
        ("from firmware import other\ndef run():\n    return other\n", "used other than as"),
        ("from firmware.other import missing\ndef run():\n    return missing\n", "has no missing"),
        ("A = 1\nA = 2\n", "A is defined twice"),
        ("if 1:\n    A = 2\n", "a module's top holds"),
        ("a = b = 1\n", "one name to an assignment"),
        ("N = 1\ndef run():\n    global N\n    N = 2\n", "nothing rebinds"),
        ("def run():\n    class Inner:\n        pass\n", "a class stands at"),
        ("class A:\n    if 1:\n        b = 2\ndef run():\n    return A\n", "members are functions"),
    ],
)
def test_what_cannot_be_linked_is_told_with_its_place(source, why, tmp_path):
    files = {"firmware/__init__.py": "", "firmware/other.py": "B = 1\n", "firmware/start.py": source}
    with pytest.raises(LinkError, match=why):
        link(tmp_path, files if "def run" in source else {**files, "firmware/start.py": source + BODY})


NAMES = st.sampled_from(["a", "b", "up", "size", "take", "x1"])


@settings(max_examples=60)
@given(st.lists(st.tuples(NAMES, NAMES, NAMES, st.integers(0, 3)), min_size=1, max_size=6))
def test_functions_that_share_their_names_with_all_else(functions):
    lines = []
    for n, (parameter, local, outer, by) in enumerate(functions):
        lines += [
            f"def f{n}({parameter}, other={by}):",
            f"    {local} = {parameter} if {by} else other",
            f"    def inner({outer}):",
            f"        return ({outer}, {local}, {parameter}, G, [{outer} for {outer} in range({by})])",
            f"    return inner({n}), {parameter}, {local}",
        ]
    calls = ", ".join(f"f{n}({n + 5})" for n in range(len(functions)))
    source = "\n".join(["G = [1]", *lines, f"def run():\n    return {calls}\n"])
    plain: dict = {}
    exec(source, plain)
    with tempfile.TemporaryDirectory() as folder:
        linked = link(Path(folder), {"firmware/start.py": source})["all"].source
    made: dict = {}
    exec(linked, made)
    assert made["run"]() == plain["run"]()


def test_every_part_of_the_firmware_is_there_and_nothing_else():
    assert {one.name for one in slot().iterdir()} == {f"{part}.mpy" for part in PARTS} | {"abi", "manifest"}
    assert (slot() / VIRTUAL).exists()


def test_a_slot_is_small():
    """What an update carries: at most 100 KB."""
    assert sum(one.stat().st_size for one in slot().iterdir() if one.name != VIRTUAL) <= 100_000


def test_the_firmware_links_to_the_same_text_each_time():
    twice = [Linker(Program(ROOT, sources()), PARTS, ENTRIES, BOARDS).link() for _ in range(2)]
    assert twice[0] == twice[1]

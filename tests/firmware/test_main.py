"""main.py picks a slot that can run, gives up one that crashes, and starts something whatever is torn."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MAIN = Path(__file__).resolve().parents[2] / "firmware" / "main.py"
ABI = "6"
BOARD = """
import sys

class Board:
    def reset(self):
        print("reset")
        sys.exit(0)
"""
NODE = """
import os
import sys

def keep(path, error):
    with open(path, "w") as file:
        file.write(str(error))

def run(board):
    print("slot", __file__.split("/")[0])
    if os.getenv("FAILS"):
        raise ValueError("it fails")
"""


class Device:
    """A flash with main.py and slots whose firmware only says where it is."""

    def __init__(self, root: Path, micropython: str) -> None:
        self.root = root
        self.micropython = micropython
        shutil.copyfile(MAIN, root / "main.py")

    def slot(self, name: str, abi: str = ABI) -> None:
        """Put a firmware into a slot."""
        (self.root / name).mkdir()
        for path, source in (("virtual.py", BOARD), ("node.py", NODE)):
            (self.root / name / path).write_text(source)
        (self.root / name / "abi").write_text(abi)

    def boot(self, cause: str = "power", **environment: str) -> "subprocess.CompletedProcess[str]":
        """Boot once."""
        return subprocess.run(
            [self.micropython, "main.py"],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "BALAI_RESET": cause, **environment},
        )

    def started(self, cause: str = "power") -> str:
        """Boot once; the slot that ran."""
        run = self.boot(cause)
        assert run.returncode == 0, run.stdout + run.stderr
        assert run.stdout.splitlines()[-1] == "reset"
        [slot] = [line[5:] for line in run.stdout.splitlines() if line.startswith("slot ")]
        return slot

    @property
    def kept(self) -> list[str]:
        """The words of the file `slot`."""
        return (self.root / "slot").read_text().split()


@pytest.fixture
def device(tmp_path, micropython) -> Device:
    return Device(tmp_path, micropython)


@pytest.fixture
def both(device) -> Device:
    device.slot("a")
    device.slot("b")
    return device


def test_a_new_device_starts_its_first_slot(both):
    assert both.started() == "a"


def test_the_slot_in_use_is_started(both):
    (both.root / "slot").write_text("b 0")
    assert both.started() == "b"


def test_three_crashes_in_a_row_start_the_other_slot(both):
    (both.root / "slot").write_text("b 0")
    started = []
    for _ in range(3):
        (both.root / "crashed").write_text("1")
        started.append(both.started("soft"))
    assert started == ["b", "b", "a"]
    assert both.started() == "a"


def test_three_bites_of_the_watchdog_start_the_other_slot(both):
    assert [both.started("watchdog") for _ in range(3)] == ["a", "a", "b"]


@pytest.mark.parametrize("cause", ["power", "soft"])
def test_a_boot_without_a_crash_begins_the_count_anew(both, cause):
    causes = ["watchdog", "watchdog", cause, "watchdog", "watchdog"]
    assert [both.started(cause) for cause in causes] == ["a"] * 5


def test_a_firmware_that_fails_too_is_given_up_for_the_first_again(both):
    assert [both.started("watchdog") for _ in range(6)] == ["a", "a", "b", "b", "b", "a"]


def test_a_slot_for_another_interpreter_is_never_started(both):
    (both.root / "b" / "abi").write_text("5")
    assert {both.started("watchdog") for _ in range(4)} == {"a"}
    (both.root / "slot").write_text("b 0")
    assert both.started() == "a"


def test_the_native_part_of_the_abi_does_not_matter(both):
    """`sys.implementation._mpy`: above the low byte is the architecture of native code, of which there is none."""
    (both.root / "b" / "abi").write_text(str(0x2B00 | 6))
    (both.root / "slot").write_text("b 0")
    assert both.started() == "b"


@pytest.mark.parametrize("missing", ["a", "b"])
def test_where_one_slot_is_missing_the_other_runs_however_often_it_crashes(device, missing):
    there = "b" if missing == "a" else "a"
    device.slot(there)
    assert {device.started("watchdog") for _ in range(4)} == {there}


@pytest.mark.parametrize(
    "torn", ["", "a", "b", "b 2 more", "c 1", "a x", "b -1", "9", "a 99999999999999999999", "\x00\x00"]
)
def test_a_torn_file_never_keeps_a_device_from_starting(both, torn):
    (both.root / "slot").write_text(torn)
    first = both.started("watchdog")
    assert first in ("a", "b")
    assert both.kept[0] == both.started()


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"", b"   \n"])
@pytest.mark.parametrize("name", ["slot", "a/abi", "b/abi"])
def test_a_file_of_rubbish_neither(both, name, data):
    (both.root / name).write_bytes(data)
    assert both.started() in ("a", "b")


def test_a_flash_that_cannot_be_written_neither(both):
    (both.root / "slot.new").mkdir()
    (both.root / "slot").write_text("b 1")
    assert both.started("watchdog") == "b"


def test_a_crash_is_kept_told_and_counted_and_the_board_reset(both):
    run = both.boot(FAILS="1")
    assert run.stdout.splitlines()[-1] == "reset"
    assert "it fails" in run.stdout + run.stderr
    assert (both.root / "crash").read_text() == "it fails"
    assert both.started("soft") == "a"
    assert both.kept == ["a", "1"]
    assert both.started("soft") == "a"
    assert both.kept == ["a", "0"]


def test_a_crash_on_a_full_flash_resets_all_the_same(both):
    (both.root / "crashed.new").mkdir()
    (both.root / "a" / "node.py").unlink()
    run = both.boot(FAILS="1")
    assert run.returncode == 0
    assert run.stdout.splitlines()[-1] == "reset"


def test_a_device_that_crashes_for_days_waits_before_it_tries_again(both):
    told = (both.root / "main.py").read_text().replace("time.sleep(", 'print("waits", ')
    (both.root / "main.py").write_text(told)
    waits = []
    for _ in range(20):
        lines = both.boot("soft", FAILS="1").stdout.splitlines()
        waits += [int(line.split()[1]) for line in lines if line.startswith("waits")]
    assert waits == [min(2 * n, 30) for n in range(20)]


Ends = st.lists(st.sampled_from(["power", "soft", "watchdog", "crash"]), max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ends=Ends, fits=st.sampled_from(["a", "b", "ab"]), start=st.sampled_from(["a", "b"]))
def test_however_the_runs_end_a_slot_that_fits_runs_and_only_crashes_change_it(both, ends, fits, start):
    for name in "ab":
        (both.root / name / "abi").write_text(ABI if name in fits else "5")
    (both.root / "slot").write_text(f"{start} 0")
    slot, crashes = start, 0
    for end in ends:
        if end == "crash":
            (both.root / "crashed").write_text("1")
        crashes = crashes + 1 if end in ("crash", "watchdog") else 0
        other = "b" if slot == "a" else "a"
        if slot not in fits or (other in fits and crashes and crashes % 3 == 0):
            slot = other
        assert both.started("soft" if end == "crash" else end) == slot
